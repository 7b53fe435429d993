package keep

import (
	"testing"
	"time"
)

func TestWorst(t *testing.T) {
	const m = time.Minute
	old := Peer{Age: 9 * m, Idle: 9 * m}
	with := func(p Peer, change func(*Peer)) Peer { change(&p); return p }
	gave := with(old, func(p *Peer) { p.Given = 1 })
	took := with(old, func(p *Peer) { p.Taken = 1 })
	snubbed := with(gave, func(p *Peer) { p.Snubbed = true })
	seed := with(gave, func(p *Peer) { p.Useless, p.Age, p.Idle = true, 0, 0 })
	young := Peer{Age: m - 1, Idle: m - 1}
	busy := with(snubbed, func(p *Peer) { p.Idle = 29 * time.Second })
	longer := with(old, func(p *Peer) { p.Idle += m })
	in := func(p Peer) Peer { p.Incoming = true; return p }
	tests := []struct {
		name     string
		peers    []Peer
		places   int
		incoming bool
		want     int
	}{
		{"nobody", nil, 0, true, -1},
		{"all at work or new", []Peer{busy, young, busy, young}, 4, false, -1},
		{"two seeds need each other least, however new", []Peer{old, snubbed, seed, took}, 4, false, 2},
		{"then who owes us", []Peer{gave, old, snubbed, took}, 4, false, 2},
		{"then who did nothing", []Peer{gave, took, old}, 3, false, 2},
		{"then who only took", []Peer{gave, took, gave}, 3, false, 1},
		{"at last who gave", []Peer{busy, gave, young}, 3, false, 1},
		{"among equals who is idle longest", []Peer{old, longer, old}, 3, false, 1},
		{"the last quarter of the dialled ones is sure", []Peer{old, in(busy), in(busy), in(busy)}, 4, true, -1},
		{"but not from others that are dialled", []Peer{old, in(busy), in(busy), in(busy)}, 4, false, 0},
		{"and no more than a quarter", []Peer{old, old, in(busy), in(busy)}, 4, true, 0},
		{"the last quarter of those that came in is sure", []Peer{in(old), busy, busy, busy}, 4, false, -1},
		{"one direction alone", []Peer{in(busy), in(old), in(busy), in(busy)}, 4, true, 1},
	}
	for _, test := range tests {
		if got := Worst(test.peers, test.places, test.incoming); got != test.want {
			t.Errorf("%s: %d gives way, not %d", test.name, got, test.want)
		}
	}
}
