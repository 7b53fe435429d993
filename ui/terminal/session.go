package terminal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// session is an engine at work for get: it reads the updates and tells a reporter.
type session struct {
	engine *engine.Engine
	report reporter
	stop   context.CancelFunc
	ended  chan error // what Run returned

	ids    []engine.ID // in the order of the command line
	rows   []*engine.Torrent
	added  time.Time // a snapshot before this moment does not know all of ids
	halted map[engine.ID]string
	waits  map[engine.ID]time.Time // since when those of them wait for their disk

	patience time.Duration    // with a disk in trouble; negative is for ever
	details  time.Duration    // to wait for those of a magnet; 0 is for ever
	peers    []netip.AddrPort // that the user named
	seconds  int              // since watch began
}

// redialEvery is how often, in seconds, a torrent without peers is offered those
// that the user named.
const redialEvery = 5

// startSession starts the engine's loop, which ends with close.
func startSession(cfg engine.Config, r reporter) *session {
	// Not the command's context: an interrupted get stops the engine in order.
	ctx, stop := context.WithCancel(context.Background())
	s := &session{
		engine: engine.New(cfg), report: r, stop: stop,
		ended: make(chan error, 1), halted: map[engine.ID]string{}, waits: map[engine.ID]time.Time{}, patience: -1,
	}
	go func() { s.ended <- s.engine.Run(ctx) }()
	return s
}

// add puts the torrents in the list; one that is there already goes on.
func (s *session) add(ctx context.Context, sources []*engine.Source, opts engine.AddOptions) error {
	s.peers = opts.Peers
	for _, src := range sources {
		_, err := s.engine.Add(ctx, src, opts)
		var dup *engine.DuplicateError
		if errors.As(err, &dup) {
			err = s.proceed(ctx, src.ID, opts)
		}
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case errors.Is(err, engine.ErrStopped):
			return err // close knows why
		case err != nil:
			return &startError{fmt.Errorf("add %s: %w", format.Name(src.Name), err)}
		}
		s.ids = append(s.ids, src.ID)
	}
	s.added = time.Now()
	return nil
}

func (s *session) proceed(ctx context.Context, id engine.ID, opts engine.AddOptions) error {
	resume := s.engine.Resume
	if opts.Continue {
		resume = func(ctx context.Context, id engine.ID) error {
			if s.engine.Continue(ctx, id) == nil {
				return nil
			}
			return s.engine.Resume(ctx, id) // there is nothing in the way
		}
	}
	if err := resume(ctx, id); err != nil {
		return err
	}
	if len(opts.Peers) == 0 {
		return nil
	}
	return s.engine.AddPeers(ctx, id, opts.Peers)
}

// watch returns when all torrents are done or have stopped by themselves, and are not
// to be waited for; with
// seed it goes on until ctx ends, or until none is left to seed.
func (s *session) watch(ctx context.Context, seed bool) error {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-ctx.Done():
			if seed && s.over() {
				return s.result()
			}
			return errInterrupted
		case u, ok := <-s.engine.Updates():
			if !ok {
				return engine.ErrStopped
			}
			s.take(u.Snapshot)
			if u.Snapshot != nil {
				s.report.way(wayOut(u.Snapshot.Way))
			}
			if err := s.report.changed(s.rows); err != nil {
				return fmt.Errorf("report progress: %w", err)
			}
		case <-second.C:
			s.redial(ctx)
			if err := s.report.second(s.rows); err != nil {
				return fmt.Errorf("report progress: %w", err)
			}
		}
		if s.over() && (!seed || len(s.halted) == len(s.ids)) {
			return s.result()
		}
	}
}

// redial dials the peers that the user named, for torrents that have none: one
// that could not be reached, or has gone, is forgotten otherwise.
func (s *session) redial(ctx context.Context) {
	if s.seconds++; s.seconds%redialEvery != 0 || len(s.peers) == 0 {
		return
	}
	for _, t := range s.rows {
		if t.Peers == 0 && t.State != engine.Faulted {
			_ = s.engine.AddPeers(ctx, t.ID, s.peers) // fails only when watch is about to end
		}
	}
}

// take keeps the rows of our torrents from a snapshot.
func (s *session) take(snap *engine.Snapshot) {
	if snap == nil || snap.Time.Before(s.added) {
		return
	}
	s.rows = s.rows[:0:0]
	for _, id := range s.ids {
		t := snap.Torrent(id)
		if t == nil {
			continue
		}
		s.rows = append(s.rows, t)
		s.note(t, snap.Time)
	}
}

// note keeps why a torrent does not go on, and since when it waits for its disk. One
// that tries again soon has not come out of its trouble.
func (s *session) note(t *engine.Torrent, now time.Time) {
	delete(s.halted, t.ID)
	if s.gaveUp(t, now) {
		s.halted[t.ID] = title(t) + ": " + view.Fetching(t) + "."
	}
	if t.State != engine.Faulted {
		if t.Down > 0 || t.Done() {
			delete(s.waits, t.ID)
		}
		return
	}
	s.halted[t.ID] = fmt.Sprintf("%s: %s", title(t), format.Text(t.Err))
	if t.InTheWay {
		s.halted[t.ID] += " With --continue it goes on in them."
	}
	if _, known := s.waits[t.ID]; t.Waits && !known {
		s.waits[t.ID] = now
	}
}

// waiting reports whether a torrent that has stopped may go on by itself before our
// patience is at its end.
func (s *session) waiting(t *engine.Torrent) bool {
	return t.Waits && (s.patience < 0 || time.Since(s.waits[t.ID]) < s.patience)
}

// gaveUp reports whether nothing has come of a magnet's details in the time for it.
func (s *session) gaveUp(t *engine.Torrent, now time.Time) bool {
	return s.details > 0 && t.State == engine.Metadata && now.Sub(s.added) >= s.details && (t.Fetch == nil || t.Fetch.Of == 0)
}

// over reports whether nothing is left to download.
func (s *session) over() bool {
	finished := 0
	for _, t := range s.rows {
		if t.State == engine.Faulted && !s.waiting(t) || s.gaveUp(t, time.Now()) || t.State == engine.Seeding && verified(t) {
			finished++
		}
	}
	return len(s.rows) > 0 && finished == len(s.ids)
}

// result is nil, or one sentence about the first torrent that stopped by itself.
func (s *session) result() error {
	for _, id := range s.ids {
		if why := s.halted[id]; why != "" {
			return errors.New(why)
		}
	}
	return nil
}

// close ends the engine's loop in order, which takes 5 s at most, reports the
// last state and returns what Run did.
func (s *session) close() error {
	s.stop()
	for u := range s.engine.Updates() {
		s.take(u.Snapshot)
	}
	err := <-s.ended
	if reported := s.report.end(s.rows); err == nil {
		err = reported
	}
	return err
}
