package view

import (
	"testing"
	"time"

	"piecewise/engine"
)

func TestLimits(t *testing.T) {
	settings := engine.Settings{Limits: engine.Limits{Down: 2 << 20, Up: engine.Unlimited}, TurtleLimits: engine.Limits{Down: 500_000, Up: 50_000}}
	free := settings
	free.Limits, free.ExemptLocal = engine.NoLimits, true
	six, monday := noon.Add(6*time.Hour), time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	tests := []struct {
		v    engine.Settings
		t    engine.Turtle
		want Held
	}{
		{free, engine.Turtle{}, Held{
			"limits off",
			"Click for the alternative limits: ↓500 kB/s ↑50 kB/s. Peers in the local network are exempt",
		}},
		{settings, engine.Turtle{}, Held{"limits ↓2 MiB/s", "Click for the alternative limits: ↓500 kB/s ↑50 kB/s"}},
		{settings, engine.Turtle{Until: monday}, Held{
			"limits ↓2 MiB/s",
			"Click for the alternative limits: ↓500 kB/s ↑50 kB/s. They come by themselves at Mon 08:00",
		}},
		{settings, engine.Turtle{On: true, ByHand: true}, Held{
			"slow: ↓500 kB/s ↑50 kB/s",
			"The alternative limits hold, by hand. Click for the usual ones: ↓2 MiB/s",
		}},
		{free, engine.Turtle{On: true, Until: six}, Held{
			"slow: ↓500 kB/s ↑50 kB/s until 18:00",
			"The alternative limits hold, by the timetable until 18:00. Click for the usual ones: none. Peers in the local network are exempt",
		}},
	}
	for _, tt := range tests {
		limits := tt.v.Limits
		if tt.t.On {
			limits = tt.v.TurtleLimits
		}
		got := Limits(&engine.Snapshot{Time: noon, Settings: tt.v, Turtle: tt.t, Limits: limits})
		if got != tt.want {
			t.Errorf("got\n%+v, want\n%+v", got, tt.want)
		}
	}
}

func TestPeerState(t *testing.T) {
	tests := []struct {
		want string
		p    engine.Peer
	}{
		{"sends, receives", engine.Peer{Interested: true, Wanted: true, Down: 1, Up: 1}},
		{"may send, may receive", engine.Peer{Interested: true, Wanted: true}},
		{"chokes us, waits to be unchoked", engine.Peer{Interested: true, Choked: true, Wanted: true, Choking: true}},
		{"leaves us waiting, receives on trial", engine.Peer{Interested: true, Snubbed: true, Wanted: true, Optimistic: true}},
		{"has nothing for us, wants nothing", engine.Peer{Choked: true, Choking: true}},
	}
	for _, tt := range tests {
		if got := peerState(&tt.p); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
