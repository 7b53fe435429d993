package announce

import (
	"container/heap"
	"context"
	"time"
)

const (
	deadAfter = 3                // requests without an answer
	deadWait  = 5 * time.Second  // what counts as no answer: quick failures hold up nobody
	deadPause = 30 * time.Second // before the host is asked again
)

// job is one announce or scrape, waiting or on its way.
type job struct {
	t      *torrent   // nil of a scrape
	pool   *pool      // of a scrape, else nil
	seats  []seat     // likewise
	ids    [][20]byte // likewise
	tier   *tier      // nil once the torrent has stopped
	tr     *tracker
	event  event
	stats  *Stats // nil to read them when it is sent
	ctx    context.Context
	cancel context.CancelFunc
	sent   bool
	begin  time.Time // when it was sent
	after  *job      // queued when this one has ended
}

// lane holds the jobs of one host, oldest first.
type lane struct {
	running int
	waiting []*job
	silent  int // requests in a row that were not answered for long
	err     error
	until   time.Time // the host is not asked again before, if it is dead
}

// dead returns why the jobs of a lane need not be sent now: the host has just
// left several of them without an answer, and those behind them would wait long
// before they may try the next tracker of their tier.
func (h *lane) dead(now time.Time) error {
	if h.silent >= deadAfter && now.Before(h.until) {
		return h.err
	}
	return nil
}

// lanes bounds how many jobs run at the same time, in all and to one host.
type lanes struct {
	running     int
	total, each int
	hosts       map[string]*lane
}

func (l *lanes) push(j *job) {
	h := l.hosts[j.tr.host]
	if h == nil {
		h = &lane{}
		l.hosts[j.tr.host] = h
	}
	h.waiting = append(h.waiting, j)
}

// pop returns a job that may run now, counted as running, or nil.
func (l *lanes) pop() *job {
	if l.running >= l.total {
		return nil
	}
	for host, h := range l.hosts {
		for h.running < l.each && len(h.waiting) > 0 {
			j := h.waiting[0]
			h.waiting = h.waiting[1:]
			if j.ctx.Err() != nil {
				continue
			}
			h.running++
			l.running++
			return j
		}
		if h.running == 0 && len(h.waiting) == 0 && !time.Now().Before(h.until) {
			delete(l.hosts, host)
		}
	}
	return nil
}

// done takes a job that has run, and learns from err whether its host is alive.
func (l *lanes) done(j *job, err error) {
	h, now := l.hosts[j.tr.host], time.Now()
	l.running--
	h.running--
	switch {
	case j.begin.IsZero() || j.ctx.Err() != nil:
	case err == nil || refused(err) || now.Sub(j.begin) < deadWait:
		h.silent, h.until = 0, time.Time{}
	default:
		h.silent++
		h.err, h.until = err, now.Add(deadPause)
	}
}

// alarm is what is due at some time.
type alarm struct {
	next  time.Time // zero if nothing is planned
	index int       // in the heap; -1 if not in it
	ring  func()
}

func newAlarm(ring func()) alarm { return alarm{index: -1, ring: ring} }

// alarms are ordered by their time; those that plan nothing are not in it.
type alarms []*alarm

func (h alarms) Len() int           { return len(h) }
func (h alarms) Less(i, j int) bool { return h[i].next.Before(h[j].next) }
func (h alarms) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push is for package heap.
func (h *alarms) Push(x any) {
	r := x.(*alarm)
	r.index = len(*h)
	*h = append(*h, r)
}

// Pop is for package heap.
func (h *alarms) Pop() any {
	last := len(*h) - 1
	r := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	r.index = -1
	return r
}

func (h alarms) next() (time.Time, bool) {
	if len(h) == 0 {
		return time.Time{}, false
	}
	return h[0].next, true
}

// set sets an alarm; the zero time plans nothing.
func (h *alarms) set(r *alarm, next time.Time) {
	r.next = next
	switch {
	case next.IsZero() && r.index >= 0:
		heap.Remove(h, r.index)
	case next.IsZero():
	case r.index >= 0:
		heap.Fix(h, r.index)
	default:
		heap.Push(h, r)
	}
}
