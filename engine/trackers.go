package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/announce"
)

// lookEvery is after how many ticks a watched torrent's trackers are asked anew for what
// they have not told of late.
const lookEvery = int(5 * time.Minute / tickEvery)

// TrackerState is how the last announce to a tracker went.
type TrackerState uint8

// The states of a tracker.
const (
	TrackerIdle       = TrackerState(announce.Idle)       // not contacted yet
	TrackerAnnouncing = TrackerState(announce.Announcing) // an announce is on its way
	TrackerWorking    = TrackerState(announce.Working)    // the last announce succeeded
	TrackerFailing    = TrackerState(announce.Failing)    // the last announce was not answered, see Message
	TrackerRefusing   = TrackerState(announce.Refusing)   // the tracker refuses, in the words of Message
	TrackerDisabled   = TrackerState(announce.Disabled)   // it is not asked, for the reason in Message
	TrackerReserve    = TrackerState(announce.Reserve)    // it stands in for another one that works
	TrackerResting    = TrackerState(announce.Resting)    // the torrent is stopped; only its counts are asked for
)

// Tracker is one tracker of a torrent.
type Tracker struct {
	URL       string
	Tier      int // 0 is tried first (BEP 12)
	State     TrackerState
	Message   string // the error, or the tracker's warning; from outside
	Seeds     int    // in the swarm as it tells; -1 if unknown
	Peers     int    // that are no seeds, likewise
	Downloads int    // of all that is in the torrent so far, likewise
	Last      time.Time
	Next      time.Time // announces; zero if none
	Over      string    // the protocol families over which it was reached last: "IPv4", "IPv6" or both
	Seen      string    // our address as it sees it (BEP 24); "" if it does not tell
}

// AddTrackers adds trackers to a torrent, in tiers behind those that it has. Those that it
// has already stay where they are. A URL that cannot be used makes it fail. They are kept
// in the list; the metainfo stays as it is. That a private torrent should have none but
// its own is for the caller to ask.
func (e *Engine) AddTrackers(ctx context.Context, id ID, tiers [][]string) error {
	return e.changeTrackers(ctx, id, func(old [][]string) ([][]string, error) { return withTrackers(old, tiers) })
}

// EditTracker puts another URL in the place of a tracker of a torrent.
func (e *Engine) EditTracker(ctx context.Context, id ID, url, other string) error {
	return e.changeTrackers(ctx, id, func(old [][]string) ([][]string, error) { return editedTracker(old, url, other) })
}

// RemoveTrackers removes trackers from a torrent, and tells them that we have left.
func (e *Engine) RemoveTrackers(ctx context.Context, id ID, urls ...string) error {
	return e.changeTrackers(ctx, id, func(old [][]string) ([][]string, error) { return withoutTrackers(old, urls), nil })
}

// MoveTracker moves a tracker of a torrent one step to the front of the list of tiers, or
// to its end: out of a tier that it shares into one of its own, out of that into the next.
func (e *Engine) MoveTracker(ctx context.Context, id ID, url string, toFront bool) error {
	return e.changeTrackers(ctx, id, func(old [][]string) ([][]string, error) { return movedTracker(old, url, toFront), nil })
}

// AnnounceTo asks one tracker of a torrent for peers, as soon as it allows.
func (e *Engine) AnnounceTo(ctx context.Context, id ID, url string) error {
	return e.do(ctx, func(s *state) error { return s.announceNow(id, url) })
}

func (e *Engine) changeTrackers(ctx context.Context, id ID, change func([][]string) ([][]string, error)) error {
	return e.do(ctx, func(s *state) error {
		t, err := s.find(id)
		if err != nil {
			return err
		}
		tiers, err := change(t.rec.Trackers)
		if err != nil {
			return err
		}
		s.setTrackers(t, tiers)
		return nil
	})
}

func (s *state) announceNow(id ID, url string) error {
	t, err := s.find(id)
	switch {
	case err != nil:
		return err
	case t.tally == nil:
		return errors.New("a torrent that is not running has nothing to announce")
	case url == "":
		s.announcer.Force(id)
	default:
		s.announcer.ForceOne(id, url)
	}
	return nil
}

// setTrackers gives a torrent other trackers.
func (s *state) setTrackers(t *torrent, tiers [][]string) {
	if slices.EqualFunc(tiers, t.rec.Trackers, slices.Equal[[]string]) {
		return
	}
	t.rec.Trackers, t.dirty = tiers, true
	if t.tally != nil || t.observed {
		s.announcer.SetTrackers(t.id, tiers)
		t.news.Store(true)
	} else if t.resigned() {
		s.observe(t)
	}
	s.touch(t)
}

// addTrackers adds those trackers that the torrent does not have, if there are any.
func (s *state) addTrackers(t *torrent, tiers [][]string) bool {
	had := len(t.rec.Trackers)
	all, _ := admit.Trackers(append(slices.Clone(t.rec.Trackers), tiers...))
	s.setTrackers(t, all)
	return len(all) > had
}

// lend adds the trackers of the settings to a torrent that comes, unless it is private. A
// magnet that names trackers gets them when its metadata has come and says that it is not
// private; one that names none is lent them until it is known.
func (s *state) lend(t *torrent) {
	switch {
	case !t.private() && (t.meta != nil || len(t.rec.Trackers) == 0):
		s.addTrackers(t, s.settings.Trackers)
	case t.private() && t.rec.Magnet != "":
		own := map[string]bool{}
		if link, err := admit.Magnet(t.rec.Magnet); err == nil {
			for _, tier := range link.Trackers {
				for _, url := range tier {
					own[url] = true
				}
			}
		}
		lent := slices.DeleteFunc(slices.Concat(s.settings.Trackers...), func(url string) bool { return own[url] })
		s.setTrackers(t, withoutTrackers(t.rec.Trackers, lent))
	}
}

// detailTrackers lists the trackers, also of a torrent that does not run.
func (t *torrent) detailTrackers(last []Tracker) []Tracker {
	var all []Tracker
	for _, st := range t.trackers {
		tr := Tracker{
			URL: st.URL, Tier: st.Tier, State: TrackerState(st.State), Message: st.Message,
			Seeds: st.Seeds, Peers: st.Leeches, Downloads: st.Downloads, Last: st.Last, Next: st.Next, Over: st.Families.String(),
		}
		if st.External.IsValid() {
			tr.Seen = st.External.String()
		}
		all = append(all, tr)
	}
	if t.news == nil {
		all = nil
		for i, tier := range t.rec.Trackers {
			for _, url := range tier {
				all = append(all, Tracker{URL: url, Tier: i, Seeds: -1, Peers: -1, Downloads: -1})
			}
		}
	}
	if slices.Equal(all, last) {
		return last
	}
	return all
}

// trackers sums up what the trackers tell.
func (row *Torrent) trackers(all []announce.Status) {
	worst := announce.Idle
	for _, st := range all {
		row.SwarmSeeds = max(row.SwarmSeeds, st.Seeds)
		row.SwarmPeers = max(row.SwarmPeers, st.Leeches)
		switch st.State {
		case announce.Working:
			row.TrackersWorking++
		case announce.Failing, announce.Refusing, announce.Disabled:
			if worst != announce.Refusing { // which tells most
				worst, row.TrackerErr = st.State, st.Message
			}
		}
		if !st.Next.IsZero() && (row.NextAnnounce.IsZero() || st.Next.Before(row.NextAnnounce)) {
			row.NextAnnounce = st.Next
		}
	}
	row.TrackerRefused = worst == announce.Refusing
	if row.SwarmPeers >= 0 && row.SwarmSeeds >= 0 {
		row.SwarmPeers += row.SwarmSeeds
	}
}
