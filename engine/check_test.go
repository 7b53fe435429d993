package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// checks are torrents that are to be checked, in folders on two disks in turn.
func checks(t *testing.T, n int) (*state, []*torrent) {
	t.Helper()
	s := newState(New(Config{}))
	dirs := []string{t.TempDir(), t.TempDir()}
	s.deviceOf = func(dir string) (uint64, error) {
		return uint64(slices.Index(dirs, dir)), nil
	}
	for i := range n {
		path := sample(t, t.TempDir(), map[string]int{fmt.Sprint("file", i): 1000})
		src, err := Open(t.Context(), path, true)
		if err != nil {
			t.Fatal(err)
		}
		tor := s.newTorrent(src)
		tor.rec.Dir = dirs[i%2]
		tor.fresh, tor.rec.Paused, tor.rec.Recheck, tor.checkNow = false, true, true, true
		s.insert(tor)
		s.steer(tor)
	}
	return s, s.order
}

// do runs the job of a lane that is next.
func do(s *state, l *lane) {
	j := l.todo[0]
	l.sent()
	if f := j(); f != nil {
		f(s)
	}
}

// TestOneCheckADisk checks torrents on two disks: one on each at a time, both at the
// same time, in order, and what other torrents need is not queued behind them.
func TestOneCheckADisk(t *testing.T) {
	s, all := checks(t, 6)
	for range 2 { // which disk is it
		do(s, s.checks)
	}
	var done []*torrent
	for len(s.checks.todo) > 0 && len(done) < 20 {
		var under []*torrent
		for _, tor := range all {
			s.refresh(tor)
			if tor.check != nil {
				under = append(under, tor)
			}
			if tor.rec.Recheck && (tor.row.State != Checking || tor.row.CheckWaits != (tor.check == nil)) {
				t.Errorf("%s is %v, waits %v", tor.name(), tor.row.State, tor.row.CheckWaits)
			}
		}
		if len(under) == 2 && under[0].rec.Dir == under[1].rec.Dir || len(under) > 2 {
			t.Fatalf("%d checks at a time", len(under))
		}
		if len(done) == 0 && len(under) != 2 {
			t.Fatalf("%d checks on two disks", len(under))
		}
		if n := len(s.tasks.todo); n > 0 {
			t.Fatalf("%d tasks", n)
		}
		do(s, s.checks)
		for _, tor := range under {
			if tor.check == nil {
				done = append(done, tor)
			}
		}
	}
	if !slices.Equal(done, all) {
		t.Errorf("%d checks of %d, or in another order", len(done), len(all))
	}
	for i, tor := range all {
		if tor.rec.Recheck || tor.state() != Stopped {
			t.Errorf("torrent %d is %v after all checks", i, tor.state())
		}
	}
}

// TestCheckIsPaused pauses a torrent that is checked and one that waits for that: at
// once neither is Checking, and nothing is believed; resumed, it is checked after all.
func TestCheckIsPaused(t *testing.T) {
	s, all := checks(t, 3)
	for range 2 {
		do(s, s.checks)
	}
	running, waiting := all[0], all[2]
	if running.check == nil || waiting.check != nil {
		t.Fatal("the wrong one is checked")
	}
	for _, tor := range []*torrent{running, waiting} {
		if err := s.pause(tor.id); err != nil {
			t.Fatal(err)
		}
		if tor.state() != Stopped {
			t.Errorf("%v after a pause", tor.state())
		}
	}
	for len(s.checks.todo) > 0 {
		do(s, s.checks)
	}
	for _, tor := range []*torrent{running, waiting} {
		if !tor.rec.Recheck || tor.check != nil || tor.state() != Stopped {
			t.Errorf("recheck is due: %v, %v", tor.rec.Recheck, tor.state())
		}
		tor.rec.Paused = false
		if tor.state() != Checking {
			t.Errorf("%v after it was resumed", tor.state())
		}
	}
}

// TestCheckFigures is a check of 1,000 bytes a second.
func TestCheckFigures(t *testing.T) {
	c := &check{}
	if c.left() != -1 {
		t.Errorf("%v left before anything is known", c.left())
	}
	c.total.Store(10_000)
	for range 4 {
		c.bytes.Add(1000)
		c.sample()
	}
	if c.rate != 1000 || c.left() != 6*time.Second {
		t.Errorf("%d bytes/s, %v left", c.rate, c.left())
	}
}

// TestFreeSpaceIsAskedOnce has a file system that does not answer: it holds up
// one lane only, and the folder of the newest settings is asked for afterwards.
func TestFreeSpaceIsAskedOnce(t *testing.T) {
	s := newState(New(Config{}))
	s.settings.Dir = t.TempDir()
	for range 3 {
		s.measureFree()
	}
	if n := len(s.tasks.todo); n != 1 {
		t.Fatalf("%d jobs", n)
	}
	s.settings.Dir = t.TempDir()
	for range 2 {
		j := s.tasks.todo[0]
		s.tasks.sent()
		j()(s)
	}
	if s.measuring || s.free <= 0 || len(s.tasks.todo) != 0 {
		t.Errorf("measuring %v, %d bytes free, %d jobs", s.measuring, s.free, len(s.tasks.todo))
	}
}
