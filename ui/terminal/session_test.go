package terminal

import (
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
	s := &session{ids: []engine.ID{first.ID, second.ID}, added: now, halted: map[engine.ID]string{}}

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
