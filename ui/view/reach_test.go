package view

import (
	"testing"

	"piecewise/engine"
)

// That the port is closed, and why, is told where it matters only.
func TestNotReached(t *testing.T) {
	for _, tt := range []struct {
		reach engine.ReachState
		state engine.State
		want  bool
	}{
		{engine.ReachClosed, engine.Downloading, true},
		{engine.ReachClosed, engine.Seeding, true},
		{engine.ReachClosed, engine.Stopped, false},
		{engine.ReachUnknown, engine.Seeding, false},
		{engine.ReachMapped, engine.Seeding, false},
		{engine.ReachOpen, engine.Downloading, false},
	} {
		s := &engine.Snapshot{Port: 600, Reach: engine.Reach{State: tt.reach, Why: "No router answers."}}
		got := NotReached(s, &engine.Torrent{State: tt.state})
		if (len(got) == 1) != tt.want || tt.want && (got[0] != Fact{"Port 600 is closed", "No router answers."}) {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}
