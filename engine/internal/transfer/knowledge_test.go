package transfer

import (
	"testing"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// A peer may send bitfields instead of Haves, as aria2 does; none of them takes a
// piece back.
func TestBitfieldInsteadOfHaves(t *testing.T) {
	for _, known := range []bool{true, false} {
		name := "before the metadata is known"
		if known {
			name = "later"
		}
		t.Run(name, func(t *testing.T) {
			c := newContent(16, 2*block)
			leech := newSide(t, c, sideOptions{magnet: !known})
			p := join(t, leech, true)
			p.send(wire.HaveNone)
			p.send(wire.Bitfield, []byte{0xf0, 0})
			p.send(wire.Bitfield, []byte{0x0f, 0xff})
			until(t, "it to be known", func() bool { peers, _ := leech.Connected(); return peers == 1 })
			if !known {
				workers := NewWorkers()
				t.Cleanup(workers.Close)
				until(t, "both bitfields", func() bool {
					leech.mu.Lock()
					defer leech.mu.Unlock()
					for c := range leech.conns {
						return len(c.early.bits) == 2 && c.early.bits[0]&c.early.bits[1] == 0xff
					}
					return false
				})
				leech.open(workers)
			}
			p.next(wire.Interested)
			p.all = nil
			go p.serve(func(r request) { p.give(r, c.block(r)) })
			leech.complete(t)
			if peers := leech.Peers(nil); len(peers) == 1 && peers[0].Have.Count() != 16 {
				t.Errorf("it is known to have %d pieces", peers[0].Have.Count())
			}
		})
	}
}

// Without the fast extension (BEP 6) a choke drops what was asked for, in both
// directions and without a word.
func TestChokeWithoutFast(t *testing.T) {
	c := newContent(4, 4*block)
	leech := newSide(t, c, sideOptions{})
	p := join(t, leech, false)
	asked := 0
	p.serve(func(r request) {
		if asked++; asked == 3 { // and two more are lost, or as many as it asks for at once
			p.send(wire.Choke)
			p.send(wire.Unchoke)
		} else {
			p.give(r, c.block(r))
		}
		if leech.Counters().Verified == c.pieces() {
			p.c.Close()
		}
	})
	leech.complete(t)

	seed := newSide(t, c, sideOptions{have: plane.FullBits(c.pieces())})
	q := join(t, seed, false)
	q.send(wire.Interested)
	q.next(wire.Unchoke)
	seed.SetSlots(0)
	q.next(wire.Choke)
	for begin := range 4 {
		q.send(wire.Request, 0, begin*block, block)
	}
	q.send(wire.NotInterested)
	seed.SetSlots(1)
	q.send(wire.Interested)
	for {
		kind, _, err := q.read()
		if err != nil || kind == wire.Reject || kind == pieceKind {
			t.Fatalf("message %d of a peer without the fast extension, %v", kind, err)
		}
		if kind == wire.Unchoke {
			return
		}
	}
}
