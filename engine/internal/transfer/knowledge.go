package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// maxEarly Have messages are remembered before the metadata is known.
const maxEarly = 4096

// early is what a peer said before the number of pieces was known.
type early struct {
	bits  []byte
	all   bool
	haves []uint32
	fast  []uint32
}

// introducesItself refuses a peer that says twice that it has all or nothing. A
// further bitfield is no offence: aria2 sends one instead of many Haves.
func (c *conn) introducesItself(k wire.Kind) error {
	if c.introducedItself && k != wire.Bitfield {
		return errAgain
	}
	c.introducedItself = true
	return nil
}

// remember keeps what the peer has until the number of pieces is known.
func (c *conn) remember(m wire.Message, now time.Time) error {
	switch m.Kind {
	case wire.Bitfield, wire.HaveAll, wire.HaveNone:
		if err := c.introducesItself(m.Kind); err != nil {
			return err
		}
	}
	switch m.Kind {
	case wire.Bitfield:
		c.early.bits = union(m.Bits, c.early.bits)
		return c.idle(bitfieldCost, now)
	case wire.HaveAll:
		c.early.all = true
	case wire.Have:
		if len(c.early.haves) == maxEarly {
			return c.idle(1, now)
		}
		c.early.haves = append(c.early.haves, m.Index)
	case wire.AllowedFast:
		if len(c.early.fast) < allowedPieces {
			c.early.fast = append(c.early.fast, m.Index)
		}
	default:
		return c.idle(1, now)
	}
	return nil
}

// union returns a copy of a bitfield with what an earlier one has, too.
func union(field, before []byte) []byte {
	all := append([]byte(nil), field...)
	for i := range min(len(all), len(before)) {
		all[i] |= before[i]
	}
	return all
}

// gotBits reports whether any of the pieces was news. Of those that the peer is
// known to have it takes none back.
func (c *conn) gotBits(field []byte) (news bool) {
	bits := plane.ParseBits(field, c.t.cfg.Pieces)
	if c.count == 0 {
		c.t.picker.HasBits(c.pk, c.joinBits(bits))
		return true
	}
	for i := range bits.Len() {
		if bits.Has(i) && !c.has.Has(i) && c.gotHave(i) {
			news = true
		}
	}
	return news
}

func (c *conn) gotAll() {
	c.joinBits(plane.FullBits(c.t.cfg.Pieces))
	c.t.picker.HasAll(c.pk)
}

// joinBits adds a bitfield to what the peer has.
func (c *conn) joinBits(bits plane.Bits) plane.Bits {
	now := time.Now()
	for i := range bits.Len() {
		if c.has.Has(i) {
			bits.Set(i) // a Have was there before
		} else if s := c.t.super; s != nil && c.web == nil && bits.Has(i) {
			c.t.show(s.Have(c, i, now))
		}
	}
	c.has, c.count = bits, bits.Count()
	c.all = c.count == bits.Len()
	return bits
}

// gotHave reports whether the piece was news.
func (c *conn) gotHave(piece int) bool {
	if !c.t.picker.Has(c.pk, piece) {
		return false
	}
	c.note(plane.EventHave, theirs, pick.Block{Piece: piece})
	c.has.Set(piece)
	c.count++
	c.all = c.count == c.has.Len()
	if s := c.t.super; s != nil {
		c.t.show(s.Have(c, piece, time.Now()))
		c.t.idle()
	}
	return true
}
