package swarm

import (
	"net/netip"
	"sync/atomic"

	"piecewise/engine/internal/outside"
)

// outer is where a router lets peers in, if it maps our port to another; 0 is the port on
// which we listen. That is so over IPv4 only, where routers translate addresses, and only
// for who is outside. The zero value is ready; any goroutine may call it.
type outer struct{ tcp, datagrams atomic.Uint32 }

// SetOuter says at which ports of the router peers from outside reach us, over TCP and
// UDP, 0 for that on which we listen. They are told from now on. It returns at once.
func (c *Client) SetOuter(tcp, udp uint16) {
	c.outer.tcp.Store(uint32(tcp))
	c.outer.datagrams.Store(uint32(udp))
}

// of returns the TCP port that a peer is told instead of ours, 0 for ours.
func (o *outer) of(peer netip.Addr) uint16 { return told(&o.tcp, peer) }

// udp is likewise for UDP.
func (o *outer) udp(peer netip.Addr) uint16 { return told(&o.datagrams, peer) }

func told(port *atomic.Uint32, peer netip.Addr) uint16 {
	if peer = peer.Unmap(); !peer.Is4() || !outside.Public(peer) {
		return 0
	}
	return uint16(port.Load())
}
