package transfer

import (
	"time"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

// Limits are a torrent's places among the rates of the session.
type Limits struct{ Up, Down *limit.Node }

// unlimitedLimits are of a torrent that nobody limits.
func unlimitedLimits() Limits { return Limits{limit.New().Torrent(), limit.New().Torrent()} }

// A download is limited where it is asked for: what is on its way was paid for and is
// read at once, so that the control messages behind it do not wait in the system's
// buffers.

// afford returns how many of n blocks may be asked for now. If it is none, more are
// asked for when they may. What nobody has to give or was asked for already is free.
func (c *conn) afford(n int, now time.Time) int {
	if c.down.Rate() < 0 || !c.t.picker.Free(c.pk) {
		return n
	}
	ok, wait := c.down.Reserve(n*pick.BlockSize, now)
	if ok == 0 && !c.hungry {
		c.hungry = true
		time.AfterFunc(wait, func() {
			c.t.mu.Lock()
			defer c.t.mu.Unlock()
			c.hungry = false
			c.refill(time.Now())
		})
	}
	return ok / pick.BlockSize
}

// refund gives back what was paid for blocks that will not come.
func (c *conn) refund(blocks int) { c.down.Refund(blocks * pick.BlockSize) }

// Took implements wire.Throttle: after blocks that nobody asked for it reads on when
// they are due, at the next call, for which no buffer is held.
func (c *conn) Took(int) (next int) {
	rate := c.down.Rate()
	if c.owed > 0 && rate > 0 {
		timer := time.NewTimer(time.Duration(float64(c.owed) / float64(rate) * float64(time.Second)))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.w.Done():
		}
	}
	c.owed, c.unpaid = c.unpaid, 0
	if c.owed == 0 {
		return wire.BufferSize
	}
	c.down.Charge(c.owed)
	return wire.BufferSize - 1
}

// granted returns how many bytes of payload may be sent now, at most n. If it is
// nothing, the connection is woken when it may.
func (c *conn) granted(n int, now time.Time) int {
	ok, wait := c.up.Reserve(n, now)
	if ok == 0 && !c.sleeping {
		c.sleeping = true
		time.AfterFunc(wait, func() {
			c.t.mu.Lock()
			c.sleeping = false
			c.t.mu.Unlock()
			c.w.Wake()
		})
	}
	return ok
}
