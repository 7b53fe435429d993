package terminal

import (
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

func TestSessionTake(t *testing.T) {
	now := time.Now()
	first, second := rowOf("a", 40, 40), rowOf("b", 10, 40)
	second.ID = engine.ID{2}
	fault := *second
	fault.State, fault.Err = engine.Faulted, "the disk is full"
	s := &session{ids: []engine.ID{first.ID, second.ID}, added: now, halted: map[engine.ID]string{}, waits: map[engine.ID]time.Time{}}

	s.take(&engine.Snapshot{Time: now.Add(-time.Second), Torrents: []*engine.Torrent{&fault, first}})
	if len(s.rows) != 0 || s.over() {
		t.Error("a snapshot from before the torrents were added was believed")
	}
	s.take(&engine.Snapshot{Time: now, Torrents: []*engine.Torrent{{ID: engine.ID{9}}, second, first}})
	if len(s.rows) != 2 || s.rows[0] != first || s.rows[1] != second || s.over() || s.result() != nil {
		t.Errorf("rows %v, over %v, result %v", s.rows, s.over(), s.result())
	}
	s.take(&engine.Snapshot{Time: now, Torrents: []*engine.Torrent{&fault, first}})
	if err := s.result(); !s.over() || err == nil || err.Error() != "b: the disk is full" {
		t.Errorf("over %v, result %v", s.over(), err)
	}
	done := rowOf("b", 40, 40)
	done.ID = second.ID
	s.take(&engine.Snapshot{Time: now, Torrents: []*engine.Torrent{done, first}})
	if !s.over() || s.result() != nil {
		t.Errorf("over %v, result %v", s.over(), s.result())
	}
}

// TestSessionWaits waits for a disk as long as it shall, and not for other trouble.
func TestSessionWaits(t *testing.T) {
	fault := func(waits, inTheWay bool) *engine.Torrent {
		r := rowOf("b", 10, 40)
		r.State, r.Err, r.Waits, r.InTheWay = engine.Faulted, "It is so.", waits, inTheWay
		return r
	}
	for _, c := range []struct {
		name     string
		row      *engine.Torrent
		patience time.Duration
		ago      time.Duration // since the trouble began
		over     bool
		says     string
	}{
		{"for ever", fault(true, false), -1, time.Hour, false, "b: It is so."},
		{"for a while", fault(true, false), time.Minute, time.Second, false, "b: It is so."},
		{"for long enough", fault(true, false), time.Minute, time.Hour, true, "b: It is so."},
		{"not at all", fault(true, false), 0, 0, true, "b: It is so."},
		{"for nothing", fault(false, false), -1, 0, true, "b: It is so."},
		{"for the user", fault(false, true), -1, 0, true, "b: It is so. With --continue it goes on in them."},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := time.Now()
			s := &session{ids: []engine.ID{c.row.ID}, patience: c.patience, halted: map[engine.ID]string{}, waits: map[engine.ID]time.Time{}}
			s.take(&engine.Snapshot{Time: now.Add(-c.ago), Torrents: []*engine.Torrent{c.row}})
			tries := rowOf("b", 10, 40) // and fails again
			tries.ID, tries.State, tries.Down = c.row.ID, engine.Downloading, 0
			s.take(&engine.Snapshot{Time: now, Torrents: []*engine.Torrent{tries}})
			s.take(&engine.Snapshot{Time: now, Torrents: []*engine.Torrent{c.row}})
			if s.over() != c.over || s.result().Error() != c.says {
				t.Errorf("over %v, %q", s.over(), s.result())
			}
		})
	}
}

// A magnet of which nothing comes is given up, with the reason.
func TestGivesUpDetails(t *testing.T) {
	row := &engine.Torrent{ID: engine.ID{1}, State: engine.Metadata, Fetch: &engine.Fetch{Problem: engine.NoPeersKnown}}
	s := &session{ids: []engine.ID{row.ID}, halted: map[engine.ID]string{}, waits: map[engine.ID]time.Time{}, details: time.Minute, added: time.Now().Add(-59 * time.Second)}
	snap := &engine.Snapshot{Time: time.Now(), Torrents: []*engine.Torrent{row}}
	if s.take(snap); s.over() {
		t.Error("it is given up too early")
	}
	s.added = s.added.Add(-2 * time.Second)
	if s.take(snap); !s.over() || s.result() == nil || !strings.Contains(s.result().Error(), "no peers are known") {
		t.Errorf("over %t: %v", s.over(), s.result())
	}
	row.Fetch = &engine.Fetch{Came: 1, Of: 2}
	if s.take(snap); s.over() {
		t.Error("it is given up while it comes")
	}
}

// TestSessionLooks is not over as long as nobody has looked at the files of a seed.
func TestSessionLooks(t *testing.T) {
	row := &engine.Torrent{State: engine.Seeding, Pieces: &engine.Pieces{}, Unseen: true}
	s := &session{ids: make([]engine.ID, 1), rows: []*engine.Torrent{row}}
	if s.over() {
		t.Error("over before anybody has looked")
	}
	row.Unseen = false
	if !s.over() {
		t.Error("not over")
	}
}
