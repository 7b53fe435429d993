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

// Took implements wire.Throttle: it waits until the bytes that were read are due.
// Where nothing may be downloaded, nothing is asked for; what is on its way and the
// control messages still come.
func (c *conn) Took(n int) (next int) {
	for n > 0 {
		if c.down.Rate() == 0 {
			c.down.Cancel()
			return wire.BufferSize
		}
		ok, wait := c.down.Reserve(n, time.Now())
		n -= ok
		if ok > 0 {
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.w.Done():
			timer.Stop()
			return wire.BufferSize
		}
	}
	return c.down.Quantum(wire.BufferSize)
}

// queueLimit is how many blocks may be on their way under a download limit: more
// would lie in the system's buffers, with the control messages behind them.
func (c *conn) queueLimit() int {
	rate := c.down.Rate()
	if rate < 0 {
		return maxQueue
	}
	return max(int(rate/2/pick.BlockSize), 2)
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
