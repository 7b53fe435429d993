package transfer

import (
	"net/netip"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// SetExemptLocal exempts peers in local networks from all limits, or not.
func (t *Torrent) SetExemptLocal(exempt bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.exemptLocal == exempt {
		return
	}
	t.exemptLocal = exempt
	for c := range t.conns {
		c.limit()
	}
}

// SetPeerLimit limits the peers with an address, those that are connected and those
// that will be.
func (t *Torrent) SetPeerLimit(addr netip.AddrPort, l plane.Limits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	if l == plane.NoLimits {
		delete(t.peerLimits, addr)
	} else {
		t.peerLimits[addr] = l
	}
	for c := range t.conns {
		if c.info.Addr == addr {
			c.limit()
		}
	}
}

// limit gives the connection the limits that hold for its peer. t.mu is held.
func (c *conn) limit() {
	l, own := c.t.peerLimits[c.info.Addr]
	if !own {
		l = plane.NoLimits
	}
	exempt, now := c.t.exemptLocal && isLocal(c.info.Addr.Addr()), time.Now()
	if l == c.limits && exempt == c.exempt {
		return
	}
	c.limits, c.exempt = l, exempt
	c.up.SetRate(l.Up, now)
	c.down.SetRate(l.Down, now)
	c.up.SetExempt(exempt)
	c.down.SetExempt(exempt)
}

// isLocal reports whether an address is one of a local network: private (RFC 1918),
// unique local (RFC 4193) or link-local. This machine itself is not.
func isLocal(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsPrivate() || a.IsLinkLocalUnicast()
}

// served reports whether the peer wants something of us that its limits let it have.
func (c *conn) served() bool { return c.wanted && c.up.Rate() != 0 }

// rest takes back what was asked of the peer, once nothing may be downloaded from it.
func (c *conn) rest() {
	if c.down.Rate() != 0 || c.t.picker.Outstanding(c.pk) == 0 {
		return
	}
	lost := c.t.picker.Choked(c.pk)
	c.refund(len(lost))
	for _, b := range lost {
		c.w.Send(wire.Message{Kind: wire.Cancel, Index: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
	}
	if !c.choked {
		c.t.picker.Unchoked(c.pk)
	}
}
