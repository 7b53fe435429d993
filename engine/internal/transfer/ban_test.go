package transfer

import (
	"net/netip"
	"slices"
	"testing"
)

func TestCourt(t *testing.T) {
	a, b, c := netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.2:2"), netip.MustParseAddrPort("10.0.0.3:3")
	again := netip.MustParseAddrPort("10.0.0.1:77") // a, on another port
	wrong := func(from []netip.AddrPort, sums ...uint64) evidence { return evidence{from, sums} }
	tests := []struct {
		name   string
		fails  []evidence
		atOnce []netip.AddrPort // guilty at the last failure
		right  []uint64
		guilty []netip.AddrPort
	}{
		{"one peer sent all of it", []evidence{wrong([]netip.AddrPort{a, a}, 1, 9)}, []netip.AddrPort{a}, []uint64{1, 2}, nil},
		{"one host from two ports", []evidence{wrong([]netip.AddrPort{a, again}, 1, 9)}, []netip.AddrPort{a}, []uint64{1, 2}, nil},
		{"only who sent another block", []evidence{wrong([]netip.AddrPort{a, b}, 1, 9)}, nil, []uint64{1, 2}, []netip.AddrPort{b}},
		{"both", []evidence{wrong([]netip.AddrPort{a, b}, 8, 9)}, nil, []uint64{1, 2}, []netip.AddrPort{a, b}},
		{"over two failures", []evidence{wrong([]netip.AddrPort{a, b}, 1, 9), wrong([]netip.AddrPort{c, b}, 7, 2)}, nil, []uint64{1, 2}, []netip.AddrPort{b, c}},
		{"nothing could be read", []evidence{{from: []netip.AddrPort{a, b}}}, nil, []uint64{1, 2}, nil},
		{"nobody", nil, nil, []uint64{1, 2}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			court := newCourt()
			var atOnce []netip.AddrPort
			for _, e := range test.fails {
				atOnce = court.fail(3, e)
			}
			if !slices.Equal(atOnce, test.atOnce) {
				t.Errorf("at once %v, want %v", atOnce, test.atOnce)
			}
			if guilty := court.pass(3, test.right); !slices.Equal(guilty, test.guilty) {
				t.Errorf("in the end %v, want %v", guilty, test.guilty)
			}
			if court.suspects(3) {
				t.Error("the evidence is kept for ever")
			}
		})
	}
}

func TestCourtIsBounded(t *testing.T) {
	court := newCourt()
	e := evidence{[]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.2:2")}, []uint64{1, 2}}
	for piece := range 10 * maxSuspected {
		for range 2 * maxRounds {
			court.fail(piece, e)
		}
	}
	rounds := 0
	for _, r := range court.pieces {
		rounds += len(r)
	}
	if len(court.pieces) != maxSuspected || rounds != maxSuspected*maxRounds {
		t.Errorf("%d pieces and %d rounds are remembered", len(court.pieces), rounds)
	}
}
