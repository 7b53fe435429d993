package swarm

import (
	"fmt"
	"net"
	"net/netip"
)

// Rebind has peers connect to another port, over TCP and UDP, at the addresses of
// now. Connections over TCP go on; those over uTP end. It changes nothing if it
// fails. It waits for the system only, and is called by one goroutine at a time.
func (c *Client) Rebind(port uint16) error {
	before := uint16(c.Port())
	for i, s := range c.sockets {
		at := s.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
		if err := s.Rebind(netip.AddrPortFrom(at, port)); err != nil {
			c.rebindUDP(i, before)
			return fmt.Errorf("listen on UDP port %d, as on TCP: %w", port, err)
		}
	}
	at := c.net.Listeners()[0].Addr().(*net.TCPAddr).AddrPort().Addr()
	if err := c.net.Rebind(netip.AddrPortFrom(at, port)); err != nil {
		c.rebindUDP(len(c.sockets), before)
		return err
	}
	return nil
}

// rebindUDP takes the first n sockets back to the port that they were on.
func (c *Client) rebindUDP(n int, port uint16) {
	for _, s := range c.sockets[:n] {
		at := s.LocalAddr().(*net.UDPAddr).AddrPort().Addr()
		_ = s.Rebind(netip.AddrPortFrom(at, port)) // it was ours a moment ago
	}
}
