package ui

import (
	"context"
	"sync"
)

// task is work that may wait. What it returns, if not nil, is then run on the
// window's goroutine.
type task func(ctx context.Context) (then func())

// lane runs tasks one after another, in the order in which they were added.
type lane struct {
	mu      sync.Mutex
	waiting []task
	more    chan struct{} // holds one element while waiting may have tasks
}

func newLane() *lane { return &lane{more: make(chan struct{}, 1)} }

// add takes a task from any goroutine and never waits.
func (l *lane) add(t task) {
	l.mu.Lock()
	l.waiting = append(l.waiting, t)
	l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
}

func (l *lane) take() (task, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return nil, false
	}
	t := l.waiting[0]
	l.waiting = l.waiting[1:]
	return t, true
}

// run works until ctx ends, which tasks must heed.
func (l *lane) run(ctx context.Context, results chan<- func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.more:
		}
		for t, ok := l.take(); ok && ctx.Err() == nil; t, ok = l.take() {
			then := t(ctx)
			if then == nil {
				continue
			}
			select {
			case results <- then:
			case <-ctx.Done():
				return
			}
		}
	}
}

// command sends the engine a command; what it is called stands in the sentence
// that the user sees if it fails.
func (w *Window) command(what string, f func(ctx context.Context) error) {
	w.commands.add(func(ctx context.Context) func() {
		err := f(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		return func() { w.say(what + " failed: " + sentenceOf(err)) }
	})
}
