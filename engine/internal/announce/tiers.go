package announce

import (
	"slices"
	"time"
)

// Which trackers a torrent has, and which of its tiers are asked.

// arrange gives a torrent these trackers, each once. Those that it has already keep what
// is known of them; a tier goes on with the first that works, and with its plan if it
// still asks the same tracker. What is new is not planned yet, see advance.
func (s *state) arrange(t *torrent, tiers [][]string) {
	old := t.tiers
	known := make(map[string]*tracker)
	for _, tr := range t.trackers {
		known[tr.url] = tr
		tr.gone = true
	}
	t.tiers, t.trackers = nil, nil
	seen := make(map[string]bool)
	for _, urls := range tiers {
		r := &tier{t: t}
		r.alarm = newAlarm(func() { s.ring(r) })
		for _, u := range urls {
			if seen[u] {
				continue
			}
			seen[u] = true
			tr := known[u]
			if tr == nil {
				tr = &tracker{url: u, host: hostOf(u), counts: noCounts}
			}
			tr.tier, tr.gone = len(t.tiers), false
			r.trackers = append(r.trackers, tr)
			t.trackers = append(t.trackers, tr)
		}
		if len(r.trackers) > 0 {
			t.tiers = append(t.tiers, r)
		}
	}
	s.carryOver(t, old)
}

// carryOver takes over what the tiers were doing.
func (s *state) carryOver(t *torrent, old []*tier) {
	for _, o := range old {
		next, current := o.next, o.trackers[o.at]
		s.due.set(&o.alarm, time.Time{})
		if current.gone {
			continue
		}
		r := t.tiers[current.tier]
		switch {
		case o.job != nil && o.job.sent:
			o.job.tier = r
			if r.job == nil {
				r.job = o.job
				s.due.set(&r.alarm, time.Time{})
			}
		case o.job != nil:
			o.job.cancel() // it is queued anew
			continue
		case r.job == nil && r.next.IsZero():
			s.due.set(&r.alarm, next)
		default:
			continue // it goes on with another one's plan
		}
		r.fails, r.completed = o.fails, o.completed
		r.promote(current)
	}
}

// promote puts a tracker at the front of its tier (BEP 12).
func (r *tier) promote(tr *tracker) {
	if at := slices.Index(r.trackers, tr); at > 0 {
		copy(r.trackers[1:at+1], r.trackers[:at])
		r.trackers[0] = tr
	}
	r.at = 0
}

// advance plans what is to be asked and has no plan, and drops the plans of tiers whose
// turn is over.
func (s *state) advance(t *torrent) {
	now := time.Now()
	for i, r := range t.tiers {
		switch {
		case r.job != nil || r.held:
		case t.observed && r.next.IsZero():
			s.due.set(&r.alarm, now.Add(s.firstScrape()))
		case t.observed:
		case !s.turn(t, i):
			s.due.set(&r.alarm, time.Time{})
		case r.next.IsZero():
			s.due.set(&r.alarm, now)
		}
	}
	s.wake(now)
}

// turn reports whether a tier is asked: any, or only one before which all have failed.
func (s *state) turn(t *torrent, i int) bool {
	if !s.oneTier {
		return true
	}
	for _, r := range t.tiers[:i] {
		if r.fails == 0 {
			return false
		}
	}
	return true
}

func (s *state) setOneTier(on bool) {
	if s.oneTier == on {
		return
	}
	s.oneTier = on
	for _, t := range s.torrents {
		s.advance(t)
		s.changed(t)
	}
}

func (s *state) setTrackers(id [20]byte, tiers [][]string) {
	t := s.torrents[id]
	if t == nil {
		return
	}
	old, trackers := t.tiers, t.trackers
	s.arrange(t, tiers)
	s.dismiss(t, old)
	for _, tr := range trackers {
		if tr.gone {
			s.forget(tr)
		}
	}
	s.advance(t)
	s.changed(t)
}

// dismiss tells trackers that a torrent does not have any more that we have left.
func (s *state) dismiss(t *torrent, old []*tier) {
	if t.observed {
		return
	}
	stats := t.Stats()
	for _, r := range old {
		for _, tr := range r.trackers {
			if !tr.gone {
				continue
			}
			if j := r.job; j != nil && j.tr == tr && !j.sent {
				j.cancel()
				r.job = nil
			}
			s.leave(r, tr, &stats)
		}
	}
}
