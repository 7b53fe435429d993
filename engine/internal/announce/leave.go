package announce

import (
	"context"
	"time"
)

// stop forgets a torrent and queues `stopped` for its trackers.
func (s *state) stop(id [20]byte) {
	t := s.torrents[id]
	if t == nil {
		return
	}
	delete(s.torrents, id)
	t.quit()
	if t.observed {
		for _, r := range t.tiers {
			s.due.set(&r.alarm, time.Time{})
		}
		return
	}
	stats := t.Stats()
	for _, r := range t.tiers {
		s.due.set(&r.alarm, time.Time{})
		if r.job != nil && !r.job.sent {
			r.job.cancel()
			r.job = nil
		}
		for _, tr := range r.trackers {
			s.leave(r, tr, &stats)
		}
	}
}

// leave queues the last announces to one tracker of a tier.
func (s *state) leave(r *tier, tr *tracker, stats *Stats) {
	var inFlight *job
	if r.job != nil && r.job.tr == tr {
		inFlight = r.job
	}
	if inFlight == nil && !tr.announced {
		return
	}
	last := s.job(r.t, tr, stopped)
	last.stats = stats
	s.leaving[line{r.t.ID, tr.url}]++
	first := last
	telling := inFlight != nil && inFlight.event == completed
	if r.completed && !telling && r.trackers[r.at] == tr {
		first = s.job(r.t, tr, completed)
		first.stats, first.after = stats, last
	}
	if inFlight == nil {
		s.lanes.push(first)
		return
	}
	// What is on its way goes first: a tracker that hears `started` after
	// `stopped` would name us to others for half an hour.
	inFlight.after = first
	if first == last && !telling {
		inFlight.cancel()
	}
}

// left takes the end of a `stopped` and lets a torrent that has come back
// announce itself.
func (s *state) left(j *job) {
	to := line{j.t.ID, j.tr.url}
	if s.leaving[to]--; s.leaving[to] > 0 {
		return
	}
	delete(s.leaving, to)
	t := s.torrents[j.t.ID]
	if t == nil {
		return
	}
	for _, r := range t.tiers {
		if r.held && r.trackers[r.at].url == j.tr.url {
			r.held = false
			s.due.set(&r.alarm, time.Now())
		}
	}
	s.wake(time.Now())
}

// atEnd is how many requests are on their way to one host while Run ends.
const atEnd = 100

// shut stops all torrents, waits a moment for the trackers, then calls cancel to
// end what is left, and awaits it.
func (s *state) shut(cancel context.CancelFunc) {
	s.quiet()
	s.lanes.total, s.lanes.each = 300, atEnd
	for id := range s.torrents {
		s.stop(id)
	}
	late := time.NewTimer(shutTimeout)
	defer late.Stop()
	for s.launch(); s.lanes.running > 0; s.launch() {
		select {
		case r := <-s.results:
			s.finish(r)
		case <-late.C:
			cancel()
		}
	}
}
