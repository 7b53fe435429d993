package dht

import (
	"math/rand/v2"
	"time"
)

// How often a torrent is announced. Nodes forget who is silent for half an hour.
const (
	leechEvery = 10 * time.Minute
	seedEvery  = 25 * time.Minute
	lostEvery  = 2 * time.Minute // a download of which nobody was found
	spacing    = 200 * time.Millisecond
	seedShare  = 4 // of so many turns one is a seed's, though downloads wait
)

// job is a torrent that is announced.
type job struct {
	id    ID
	leech bool
	due   time.Time
	busy  bool
	last  time.Time // when its last turn ended; zero before the first
	found int       // peers in its last turn
}

// queue says whose turn it is to be announced: first downloads, then seeds, each those
// that have waited the longest; seeds get a part of the turns in any case. It is pure.
type queue struct {
	jobs  map[ID]*job
	busy  int
	turns int
}

func newQueue() *queue { return &queue{jobs: map[ID]*job{}} }

// want adds a torrent, or says that it is a download or a seed now. A new download has
// its turn at once; new seeds follow each other, so that a long list is spread.
func (q *queue) want(id ID, leech bool, now time.Time) {
	j := q.jobs[id]
	if j == nil {
		j = &job{id: id, leech: leech, due: now}
		if !leech {
			j.due = now.Add(min(seedEvery, time.Duration(len(q.jobs))*spacing))
		}
		q.jobs[id] = j
		return
	}
	if leech && !j.leech {
		j.due = now
	}
	j.leech = leech
}

// drop takes a torrent out.
func (q *queue) drop(id ID) {
	if j := q.jobs[id]; j != nil {
		if j.busy {
			q.busy--
		}
		delete(q.jobs, id)
	}
}

// next returns whose turn it is, nil if it is nobody's.
func (q *queue) next(now time.Time) *job {
	var leech, seed *job
	for _, j := range q.jobs {
		best := &seed
		if j.leech {
			best = &leech
		}
		if !j.busy && !j.due.After(now) && (*best == nil || j.due.Before((*best).due)) {
			*best = j
		}
	}
	best := leech
	if leech == nil || seed != nil && q.turns%seedShare == seedShare-1 {
		best = seed
	}
	if best == nil {
		return nil
	}
	q.turns++
	q.busy++
	best.busy = true
	return best
}

// done ends a turn, in which so many peers were found.
func (q *queue) done(j *job, found int, now time.Time) {
	if q.jobs[j.id] != j || !j.busy {
		return
	}
	every := seedEvery
	switch {
	case j.leech && found == 0:
		every = lostEvery
	case j.leech:
		every = leechEvery
	}
	q.busy--
	j.busy, j.last, j.found = false, now, found
	j.due = now.Add(every - time.Duration(rand.Int64N(int64(every/10))))
}

// soon has a torrent's next turn come at once.
func (q *queue) soon(id ID, now time.Time) {
	if j := q.jobs[id]; j != nil {
		j.due = now
	}
}

// waiting returns how many are late.
func (q *queue) waiting(now time.Time) int {
	n := 0
	for _, j := range q.jobs {
		if !j.busy && !j.due.After(now) {
			n++
		}
	}
	return n
}
