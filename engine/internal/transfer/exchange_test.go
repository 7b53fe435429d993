package transfer

import (
	"bytes"
	"testing"
	"time"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// halves returns the even pieces and the odd ones.
func halves(n int) (even, odd plane.Bits) {
	even, odd = plane.MakeBits(n), plane.MakeBits(n)
	for i := range n {
		if i%2 == 0 {
			even.Set(i)
		} else {
			odd.Set(i)
		}
	}
	return even, odd
}

func TestTwoExchangeHalves(t *testing.T) {
	c := newContent(40, 4*block)
	even, odd := halves(c.pieces())
	a, b := newSide(t, c, sideOptions{have: even}), newSide(t, c, sideOptions{have: odd})
	a.dial(t, b)
	until(t, "both to have everything", func() bool {
		return a.Counters().Verified == odd.Count() && b.Counters().Verified == even.Count()
	})
	if n := a.Counters().Wasted + b.Counters().Wasted; n > 0 {
		t.Errorf("%d bytes were wasted", n)
	}
}

// The metadata comes while peers are connected that have introduced themselves
// and unchoked us.
func TestMagnet(t *testing.T) {
	c := newContent(8, 2*block)
	s := newSide(t, c, sideOptions{magnet: true})
	p := join(t, s, true)
	go p.serve(func(r request) { p.give(r, c.block(r)) })
	until(t, "the peer to introduce itself", func() bool { _, seeds := s.Connected(); return seeds == 1 })
	until(t, "its unchoke", func() bool { peers := s.Peers(nil); return len(peers) == 1 && !peers[0].Choked })
	w := NewWorkers()
	t.Cleanup(w.Close) // before the side's, which is why the peer leaves first
	s.open(w)
	s.complete(t)
	p.c.Close()
	until(t, "the peer to leave", func() bool { n, _ := s.Connected(); return n == 0 })
}

// A peer that leaves in the middle of a piece has sent blocks which nobody asks
// for again.
func TestLeaveInTheMiddle(t *testing.T) {
	c := newContent(3, 8*block)
	s := newSide(t, c, sideOptions{})
	for range 5 {
		p, n := join(t, s, true), 0
		p.serve(func(r request) {
			if n++; n <= 3 {
				p.give(r, c.block(r))
				return
			}
			b := frame(pieceKind, int(r.piece), int(r.begin), c.block(r))
			p.c.Write(b[:500+n]) // the rest never comes
			p.c.Close()
		})
	}
	good := join(t, s, true)
	go good.serve(func(r request) { good.give(r, c.block(r)) })
	s.complete(t)
}

// The same for one that ends with a message that ends the connection, in the same
// read as its block.
func TestNonsenseBehindBlock(t *testing.T) {
	c := newContent(1, 8*block)
	s := newSide(t, c, sideOptions{})
	bad := join(t, s, true)
	bad.serve(func(r request) { // ends with the connection
		bad.c.Write(append(frame(pieceKind, int(r.piece), int(r.begin), c.block(r)), frame(wire.Have, 1000)...))
	})
	good := join(t, s, true)
	go good.serve(func(r request) { good.give(r, c.block(r)) }) // ends with the connection
	s.complete(t)
}

// Many peers that stop in the middle of a block must not hold all buffers.
func TestStalledBlocksHoldNoBuffers(t *testing.T) {
	c := newContent(200, block)
	s := newSide(t, c, sideOptions{})
	for range 60 {
		p := join(t, s, true)
		go p.serve(func(r request) {
			b := frame(pieceKind, int(r.piece), int(r.begin), bytes.Repeat([]byte{1}, int(r.length)))
			p.c.Write(b[:2000])
			p.c.Read(make([]byte, 1<<16)) // and no more
		})
	}
	until(t, "their blocks to begin", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		moved := 0
		for c := range s.conns {
			if c.moved.Load() > 0 {
				moved++
			}
		}
		return moved >= 20 // the others find nothing to be asked for
	})
	until(t, "the buffers to be free", func() bool { return s.pool.InUse() == 0 })
}

// Nor may peers that wait for the download limit.
func TestLimitedPeersHoldNoBuffers(t *testing.T) {
	c := newContent(64, 16*block)
	down := limit.New()
	down.Root().SetRate(400_000, time.Now())
	s := newSide(t, c, sideOptions{limits: Limits{Up: limit.New().Torrent(), Down: down.Torrent()}})
	for range 40 {
		p := join(t, s, true)
		go func() { // ends with the connection
			for p.send(pieceKind, 1, 0, make([]byte, block)) == nil {
			}
		}()
	}
	until(t, "the peers to be slowed down", func() bool { return s.Counters().Wasted > 10*block })
	until(t, "the buffers to be free", func() bool { return s.pool.InUse() < 4 })
}
