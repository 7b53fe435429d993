package transfer

import (
	"errors"
	"time"

	"piecewise/engine/internal/wire"
)

var (
	errUnasked = errors.New("it sends what nobody asked for")
	errRefuses = errors.New("it says that it has pieces, and refuses all of them")
)

const (
	helloCost    = 64 // messages that an extension handshake counts as, which has to be decoded,
	bitfieldCost = 16 // and that a bitfield does

	slack      = 1 << 20 // bytes of payload that may come beyond what was ever asked for
	maxRefused = 512     // blocks refused one after the other while we are unchoked
)

// idle counts a message that achieved nothing, or as much work as n of them.
func (c *conn) idle(n int, now time.Time) error {
	if !c.patience.Spend(n, now) {
		return wire.ErrTedious
	}
	return nil
}

// refused follows a block that the peer rejected though it does not choke us: one
// that refuses everything would be asked for ever.
func (c *conn) refused() error {
	if !c.choked {
		c.refusals++
	}
	if c.refusals > maxRefused {
		return errRefuses
	}
	return nil
}

// surplus reports whether more came than was ever asked for. What was asked for
// in vain may come late, but no more than that. t.mu is held.
func (c *conn) surplus() bool {
	came := c.rate.down + c.wasted - c.doubled
	return came > c.requested+slack
}
