package transfer

import (
	"sync/atomic"
	"syscall"
	"testing"
)

// A side whose disk is full asks for nothing more and serves what it has. When there
// is room, all comes that is missing, and what was lost by the failed writes.
func TestFullDisk(t *testing.T) {
	for _, kind := range []string{"", "v2", "hybrid"} {
		t.Run(kind, func(t *testing.T) {
			c := newContent(40, 4*block)
			c.kind = kind
			even, odd := halves(c.pieces())
			var room, writes atomic.Int64
			room.Store(7)
			a := newSide(t, c, sideOptions{have: even, refuse: func(op, _ string) error {
				if op == "write" && writes.Add(1) > room.Load() {
					return syscall.ENOSPC
				}
				return nil
			}})
			b := newSide(t, c, sideOptions{have: odd})
			a.dial(t, b)
			until(t, "the one with room to have everything", func() bool { return b.Counters().Verified == even.Count() })
			until(t, "the other to want nothing more", func() bool {
				peers := a.Peers(nil)
				return len(peers) == 1 && !peers[0].Wanted && peers[0].Requests == 0 && a.Counters().Downloaded > 0
			})
			came, asked := a.Counters().Downloaded, writes.Load()
			if n := a.Counters().Verified; n >= odd.Count() {
				t.Fatalf("%d pieces came to a full disk", n)
			}
			late := newSide(t, c, sideOptions{})
			late.dial(t, a)
			until(t, "a third to get what the full one has", func() bool { return late.Counters().Verified >= even.Count() })
			if n := a.Counters().Downloaded; n != came || writes.Load() != asked {
				t.Errorf("%d bytes came afterwards, with %d writes", n-came, writes.Load()-asked)
			}
			room.Store(1 << 40)
			a.SetFetching(true)
			until(t, "all of it to come after all", func() bool { return a.Counters().Verified == odd.Count() })
		})
	}
}
