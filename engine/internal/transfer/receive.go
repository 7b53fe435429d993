package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// handOver is how many bytes of a piece are gathered before it gets them.
const handOver = 128 << 10

// Block implements wire.Peer. Segments are kept until their block is whole, so
// that only blocks which were asked for are ever written.
func (c *conn) Block(s wire.Segment) error {
	if s.Begin == s.Block.Begin {
		c.unasked = !s.Last && !c.asked(s)
	}
	if c.unasked {
		c.unpaid += len(s.Data)
		if s.Last {
			return c.waste(pick.Block{Piece: s.Piece, Begin: s.Block.Begin, Length: s.Block.Length})
		}
		return nil
	}
	c.moved.Store(time.Now().UnixNano())
	c.keep(s)
	if !s.Last {
		return nil
	}
	return c.landed(pick.Block{Piece: s.Piece, Begin: s.Block.Begin, Length: s.Block.Length})
}

// landed takes the block that was coming, which is whole now.
func (c *conn) landed(b pick.Block) error {
	if !c.arrived(b) {
		c.unpaid += b.Length
		c.drop()
		return c.waste(b)
	}
	if len(c.gathered) > 0 && c.gathered[0].Piece != b.Piece {
		c.handOver()
	}
	c.gathered = append(c.gathered, c.block...)
	c.bytes += b.Length
	c.block = c.block[:0]
	if c.bytes >= handOver {
		c.handOver()
	}
	return nil
}

// asked reports whether the block that begins with s was asked of this peer. Of
// one that was not, nothing is kept, however long it says that it is.
func (c *conn) asked(s wire.Segment) bool {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	return c.pk != nil && c.t.picker.Requested(c.pk, pick.Block{Piece: s.Piece, Begin: s.Begin, Length: s.Block.Length})
}

// arrived reports whether the block was asked of this peer and is still missing.
func (c *conn) arrived(b pick.Block) bool {
	t, now := c.t, time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.pk == nil || t.closed || !t.picker.Requested(c.pk, b) {
		return false
	}
	c.heard, c.refusals = now, 0
	c.rate.arrived(b, now)
	ok, _ := t.picker.Arrived(c.pk, b, now)
	t.sendCancels()
	if !ok {
		c.doubled += int64(b.Length)
		return false
	}
	if t.active[b.Piece] == nil {
		t.active[b.Piece] = newPiece(t, b.Piece)
	}
	t.active[b.Piece].from[b.Begin/pick.BlockSize] = c
	t.downloaded.Add(int64(b.Length))
	t.version.Add(1)
	c.note(plane.EventBlock, theirs, b)
	c.topUp(now)
	return true
}

// waste counts a block that was not needed.
func (c *conn) waste(b pick.Block) error {
	c.t.wasted.Add(int64(b.Length))
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.wasted += int64(b.Length)
	c.note(plane.EventWaste, theirs, b)
	if c.surplus() {
		return errUnasked
	}
	return nil
}

// handOver gives what was gathered to its piece. It waits while the workers have
// too much to do.
func (c *conn) handOver() {
	if len(c.gathered) == 0 {
		return
	}
	c.t.mu.Lock()
	p := c.t.active[c.gathered[0].Piece] // there until all its blocks were handed over
	c.t.mu.Unlock()
	p.add(c.gathered)
	clear(c.gathered)
	c.gathered, c.bytes = c.gathered[:0], 0
}

// Flush implements wire.Peer.
func (c *conn) Flush() {
	c.handOver()
	c.stash()
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.refill(time.Now())
}
