package engine

import (
	"fmt"
	"testing"
)

// TestChecksLeaveLanes checks more torrents than there are lanes: what the other
// torrents need is not queued behind hours of hashing, and all are checked.
func TestChecksLeaveLanes(t *testing.T) {
	s := newState(New(Config{}))
	for i := range 2 * taskLanes {
		path := sample(t, t.TempDir(), map[string]int{fmt.Sprint("file", i): 1000})
		src, err := Open(t.Context(), path, true)
		if err != nil {
			t.Fatal(err)
		}
		tor := s.newTorrent(src)
		tor.rec.Dir = t.TempDir()
		tor.fresh, tor.rec.Paused, tor.rec.Recheck, tor.checkNow = false, true, true, true
		s.insert(tor)
		s.steer(tor)
		if tor.state() != Checking {
			t.Errorf("torrent %d is %v", i, tor.state())
		}
	}
	for len(s.tasks.todo) > 0 {
		if n := len(s.tasks.todo); n >= taskLanes {
			t.Fatalf("%d checks for %d lanes", n, taskLanes)
		}
		j := s.tasks.todo[0]
		s.tasks.sent()
		j()(s)
	}
	for i, tor := range s.order {
		if tor.rec.Recheck || tor.state() != Stopped {
			t.Errorf("torrent %d is %v after all checks", i, tor.state())
		}
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
