package engine

import "sync"

// A job is work that may wait. It runs on a lane's goroutine and returns what
// the loop shall do with the result, or nil.
type job func() func(*state)

// lane is a queue of jobs on its way to the goroutines that run them.
type lane struct {
	in   chan job
	todo []job
}

func newLane() *lane { return &lane{in: make(chan job)} }

func (l *lane) push(j job) { l.todo = append(l.todo, j) }

// next returns the channel and the job for the loop's select; the channel is nil
// while there is nothing to do.
func (l *lane) next() (chan<- job, job) {
	if len(l.todo) == 0 {
		return nil, nil
	}
	return l.in, l.todo[0]
}

// sent is called after next's job was taken.
func (l *lane) sent() {
	l.todo[0] = nil
	l.todo = l.todo[1:]
}

// work starts n goroutines that run the lane's jobs until its channel is closed.
// Results go to the loop as long as it takes them.
func (l *lane) work(n int, results chan<- func(*state), ended <-chan struct{}, wg *sync.WaitGroup) {
	for range n {
		wg.Go(func() {
			for j := range l.in {
				f := j()
				if f == nil {
					continue
				}
				select {
				case results <- f:
				case <-ended:
				}
			}
		})
	}
}
