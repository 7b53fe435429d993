package announce

import (
	"context"
	"net/url"
	"time"
)

// torrent is a started torrent.
type torrent struct {
	Torrent
	live      context.Context // ends with Stop
	quit      context.CancelFunc
	tiers     []*tier
	trackers  []*tracker // of all tiers, in the order in which they were given
	download  bool       // something was left at Start
	completed bool
}

// tier is a list of trackers of which one is asked at a time.
type tier struct {
	t         *torrent
	trackers  []*tracker
	at        int       // the tracker that is asked next, or now
	next      time.Time // zero while a job is queued or sent
	index     int       // in the heap; -1 if not in it
	job       *job
	fails     int  // rounds in which no tracker answered, since the last answer
	held      bool // waits until an earlier `stopped` has arrived
	completed bool // `completed` is to be sent
}

// tracker is one tracker of one torrent.
type tracker struct {
	url, host string
	tier      int
	announced bool // it has answered `started`
	id        string
	min       time.Duration

	state          State
	message        string
	seeds, leeches int
	last           time.Time
}

// route is a tracker and an info hash; announces on it are kept in order.
type route struct {
	id  [20]byte
	url string
}

// result is how a job ended.
type result struct {
	job   *job
	reply reply
	err   error
}

// state is what Run owns.
type state struct {
	a        *Announcer
	work     context.Context // of all requests
	torrents map[[20]byte]*torrent
	due      dueHeap
	lanes    lanes
	leaving  map[route]int // `stopped` not yet answered
	results  chan result
}

func newState(work context.Context, a *Announcer) *state {
	return &state{
		a:        a,
		work:     work,
		torrents: make(map[[20]byte]*torrent),
		lanes:    lanes{total: 100, each: 6, hosts: make(map[string]*lane)},
		leaving:  make(map[route]int),
		results:  make(chan result),
	}
}

func (s *state) start(in Torrent) {
	if s.torrents[in.ID] != nil {
		return
	}
	t := &torrent{Torrent: in, download: in.Stats().Left != 0}
	t.live, t.quit = context.WithCancel(s.work)
	s.torrents[in.ID] = t
	s.grow(t, in.Tiers)
	s.changed(t)
}

// grow adds the trackers that t does not have yet.
func (s *state) grow(t *torrent, tiers [][]string) {
	known := make(map[string]bool)
	for _, tr := range t.trackers {
		known[tr.url] = true
	}
	for _, urls := range tiers {
		r := &tier{t: t, index: -1}
		for _, u := range urls {
			if known[u] {
				continue
			}
			known[u] = true
			tr := &tracker{url: u, host: hostOf(u), tier: len(t.tiers), seeds: -1, leeches: -1}
			r.trackers = append(r.trackers, tr)
			t.trackers = append(t.trackers, tr)
		}
		if len(r.trackers) > 0 {
			t.tiers = append(t.tiers, r)
			s.due.set(r, time.Now())
		}
	}
	s.wake(time.Now())
}

// hostOf names the lane of a tracker.
func hostOf(tracker string) string {
	u, err := url.Parse(tracker)
	if err != nil {
		return ""
	}
	return u.Host
}

func (s *state) addTrackers(id [20]byte, tiers [][]string) {
	if t := s.torrents[id]; t != nil {
		s.grow(t, tiers)
		s.changed(t)
	}
}

func (s *state) completed(id [20]byte) {
	t := s.torrents[id]
	if t == nil || t.completed || !t.download {
		return
	}
	t.completed = true
	for _, r := range t.tiers {
		r.completed = true
		if r.job == nil && !r.held && r.trackers[r.at].announced {
			s.due.set(r, time.Now())
		}
	}
	s.wake(time.Now())
}

func (s *state) force(id [20]byte) {
	t := s.torrents[id]
	if t == nil {
		return
	}
	now := time.Now()
	for _, r := range t.tiers {
		if r.job != nil || r.held {
			continue
		}
		at := now
		if tr := r.trackers[r.at]; tr.state == Working {
			at = later(now, tr.last.Add(min(tr.min, time.Minute)))
		}
		if r.next.IsZero() || at.Before(r.next) {
			s.due.set(r, at)
		}
	}
	s.wake(now)
	s.changed(t)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (s *state) status(id [20]byte) []Status {
	t := s.torrents[id]
	if t == nil {
		return nil
	}
	list := make([]Status, len(t.trackers))
	for i, tr := range t.trackers {
		list[i] = Status{
			URL: tr.url, Tier: tr.tier, State: tr.state, Message: tr.message,
			Seeds: tr.seeds, Leeches: tr.leeches, Last: tr.last,
		}
		if r := t.tiers[tr.tier]; r.trackers[r.at] == tr {
			list[i].Next = r.next
		}
	}
	return list
}

func (s *state) changed(t *torrent) {
	if t.Changed != nil {
		t.Changed()
	}
}
