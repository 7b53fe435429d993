package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// Outgoing implements wire.Outgoing: what the library says that we have is
// replaced by what we have.
func (c *conn) Outgoing(m wire.Message) bool {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Kind != wire.Have && !c.introduced {
		t.superSeed(time.Now()) // this may be the peer that it begins with
		c.introduced = true
	}
	if t.picker == nil {
		return true
	}
	if m.Kind != wire.Have {
		c.introduce()
	}
	return false
}

// introduce sends all that we have.
func (c *conn) introduce() {
	t := c.t
	if t.super != nil {
		c.hide()
		return
	}
	c.told = t.have.Clone()
	switch have := t.have.Count(); {
	case c.info.Fast && have == t.have.Len():
		c.w.Send(wire.Message{Kind: wire.HaveAll})
	case c.info.Fast && have == 0:
		c.w.Send(wire.Message{Kind: wire.HaveNone})
	default:
		c.w.Send(wire.Message{Kind: wire.Bitfield, Bits: t.have.Bytes()})
	}
}

// tell sends a Have for a piece, unless the peer knows it.
func (c *conn) tell(piece int) {
	if c.introduced && !c.told.Has(piece) {
		c.told.Set(piece)
		c.w.Send(wire.Message{Kind: wire.Have, Index: uint32(piece)})
		c.note(plane.EventHave, ours, pick.Block{Piece: piece})
	}
}

// tellAll tells the peer of all that it does not know yet.
func (c *conn) tellAll() {
	for i := range c.t.cfg.Pieces {
		if c.t.have.Has(i) {
			c.tell(i)
		}
	}
}
