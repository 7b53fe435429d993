package engine

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"piecewise/engine/internal/announce"
	"piecewise/engine/internal/plane"
)

// tally is what trackers are told of a torrent: over all its runs since it began to
// be announced, and while it only stands by.
type tally struct {
	mu      sync.Mutex
	run     gauge          // nil while it does not run
	past    plane.Counters // of runs that have ended
	left    int64          // bytes that are missing; negative if not known yet
	partial bool           // and none of them are wanted
	full    bool           // it has all the peers that it may have
}

func (a *tally) stats() announce.Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.past
	if a.run != nil {
		n = n.Plus(a.run.Counters())
	}
	return announce.Stats{Downloaded: n.Downloaded, Uploaded: n.Uploaded, Left: a.left, Partial: a.partial, Full: a.full}
}

// runs says what runs now, nil if nothing does any more.
func (a *tally) runs(g gauge) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.run != nil {
		a.past = a.past.Plus(a.run.Counters())
	}
	a.run = g
}

// lacks says how many bytes are missing, and whether none of them are wanted.
func (a *tally) lacks(left int64, partial bool) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left, a.partial = left, partial
}

// fills says whether the torrent has all the peers that it may have.
func (a *tally) fills(full bool) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full = full
}

// left returns the bytes that are not verified, wanted or not, -1 before that is known.
func (t *torrent) left() int64 {
	switch {
	case !t.known():
		return -1
	case t.whole():
		return 0
	}
	return max(t.rec.Outline.Size-t.wanted.verified, 1)
}

// partial reports whether all that is wanted is there but not everything (BEP 21).
func (t *torrent) partial() bool { return t.complete() && !t.whole() }

// twin is the other info hash of a hybrid, which is announced as well; else zero.
func (t *torrent) twin() ID {
	v1, v2 := ID(t.rec.Outline.HashV1), t.rec.Outline.HashV2
	if !t.known() {
		v1, v2 = t.id, t.hashV2
	}
	short := ID(v2[:20])
	switch {
	case v1.IsZero() || short.IsZero() || v1 == short:
		return ID{}
	case t.id == short:
		return v1
	}
	return short
}

// announce starts to announce the torrent and to take the peers it is told.
func (s *state) announce(t *torrent) {
	if t.tally != nil {
		return
	}
	a, news := &tally{left: t.left(), partial: t.partial()}, &atomic.Bool{}
	t.tally, t.news, t.trackers, t.observed = a, news, nil, false
	mail := s.mail
	s.announcer.Start(announce.Torrent{
		ID:    t.id,
		Twin:  t.twin(),
		Tiers: t.rec.Trackers,
		Stats: a.stats,
		Peers: func(addrs []netip.AddrPort) {
			mail.post(func(s *state) {
				if t.tally == a {
					s.named(t, addrs)
				}
			})
		},
		Changed: func() { news.Store(true) },
	})
}

// unannounce says that we have left the swarm.
func (s *state) unannounce(t *torrent) {
	if t.tally != nil {
		s.announcer.Stop(t.id)
	}
	t.tally, t.news, t.told = nil, nil, nil
	s.observe(t)
}

// observe has trackers asked how many take part in the swarm of a torrent that is not
// announced.
func (s *state) observe(t *torrent) {
	if t.leaving != nil || t.preview || t.tally != nil || t.observed || len(t.rec.Trackers) == 0 {
		return
	}
	news := &atomic.Bool{}
	t.news, t.observed = news, true
	s.announcer.Observe(announce.Torrent{
		ID: t.id, Twin: t.twin(), Tiers: t.rec.Trackers, Changed: func() { news.Store(true) },
	})
}

// unobserve ends that, because the torrent leaves the list.
func (s *state) unobserve(t *torrent) {
	if t.observed {
		s.announcer.Stop(t.id)
		t.observed, t.news = false, nil
	}
}

const (
	toldMax    = 200 // peers that trackers named and that we remember
	toldAsleep = 20  // the same, of a torrent that stands by
)

// named takes the peers that a tracker names.
func (s *state) named(t *torrent, addrs []netip.AddrPort) {
	most := toldMax
	if t.run == nil {
		most = toldAsleep
	}
	told := append(slices.Clone(addrs), t.told...)
	t.told = slices.Clip(told[:min(len(told), most)])
	if r := t.run; r != nil {
		s.library.push(func() func(*state) { r.AddPeers(addrs, plane.OriginTracker); return nil })
	}
	s.invite(t)
}

// hear takes what trackers tell of a torrent, if there is news.
func (s *state) hear(t *torrent) {
	if t.news == nil || !t.news.Swap(false) {
		return
	}
	t.trackers = s.announcer.Status(t.id)
	if s.watched == t.id {
		s.announcer.Look(t.id)
	}
	s.touch(t)
	s.invite(t)
}

// invite has a torrent that stands by started when its turn comes, if trackers know
// leeches of it, to dial them. A tracker's figures and its peers come on two ways: it
// is asked when either has come.
func (s *state) invite(t *torrent) {
	if t.standby == nil || len(t.told) == 0 {
		return
	}
	for _, st := range t.trackers {
		if st.State == announce.Working && st.Leeches != 0 {
			s.wish(t)
			return
		}
	}
}
