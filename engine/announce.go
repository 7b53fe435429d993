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
	mu   sync.Mutex
	run  gauge          // nil while it does not run
	past plane.Counters // of runs that have ended
	left int64          // wanted bytes that are missing; negative if not known yet
}

func (a *tally) stats() announce.Stats {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.past
	if a.run != nil {
		n = n.Plus(a.run.Counters())
	}
	return announce.Stats{Downloaded: n.Downloaded, Uploaded: n.Uploaded, Left: a.left}
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

// lacks says how many wanted bytes are missing.
func (a *tally) lacks(bytes int64) {
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = bytes
}

// announce starts to announce the torrent and to take the peers it is told.
func (s *state) announce(t *torrent) {
	if t.tally != nil {
		return
	}
	a, news := &tally{left: t.missing()}, &atomic.Bool{}
	t.tally, t.news, t.trackers = a, news, nil
	mail := s.mail
	s.announcer.Start(announce.Torrent{
		ID:    t.id,
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
