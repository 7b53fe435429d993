package swarm

import (
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/transfer"
	"piecewise/engine/internal/wire"
)

// Session are the rules for all torrents together. They may change at any time.
type Session struct {
	Limits      plane.Limits
	ExemptLocal bool       // no limits for peers in local networks
	MaxSlots    int        // peers that may be unchoked at once; or plane.Unlimited. 0 gives nothing to anybody
	SeedFastest bool       // a seed's slots go to those who take the most
	Connections int        // at most; or plane.Unlimited
	Encryption  Encryption // of connections that are made from now on
}

// DefaultSession has no limits.
func DefaultSession() Session {
	return Session{Limits: plane.NoLimits, MaxSlots: plane.Unlimited, Connections: caps.Total}
}

// SetSession changes the rules of the session, for what runs as well: connections
// beyond its bound are closed, those of least use first. It returns at once.
func (c *Client) SetSession(s Session) {
	now := time.Now()
	c.up.Root().SetRate(s.Limits.Up, now)
	c.down.Root().SetRate(s.Limits.Down, now)
	c.mu.Lock()
	before := c.session
	c.session = s
	c.mu.Unlock()
	if c.net != nil {
		c.net.SetPolicy(wire.Policy(s.Encryption))
		c.net.SetCaps(s.caps())
	}
	for _, t := range c.running() {
		t.follow(before, s)
	}
	if s.Connections >= 0 {
		transfer.Thin(c.standings(), s.Connections) // new ones find fewer places already
	}
}

func (c *Client) rules() Session {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.session
}

// caps are the session's bounds as wire has them, where 0 is none. That there may
// be no connection at all is what registry sees to.
func (s Session) caps() wire.Caps {
	all := caps
	all.Total = max(s.Connections, 0)
	return all
}
