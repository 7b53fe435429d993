package swarm

import (
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// Rebind has peers connect to another port, over TCP and UDP, at the addresses of
// now. Connections over TCP go on; those over uTP end. It changes nothing if it
// fails. It waits for the system only, and is called by one goroutine at a time.
func (c *Client) Rebind(port uint16) error {
	opened := make([]net.PacketConn, 0, len(c.sockets))
	giveUp := func(err error) error {
		for _, pc := range opened {
			_ = pc.Close() // nobody has used it
		}
		return err
	}
	for _, s := range c.sockets {
		at := s.LocalAddr().(*net.UDPAddr).AddrPort()
		pc, err := openUDP(netip.AddrPortFrom(at.Addr(), port))
		if err != nil {
			return giveUp(err)
		}
		opened = append(opened, pc)
	}
	at := c.net.Listeners()[0].Addr().(*net.TCPAddr).AddrPort()
	if err := c.net.Rebind(netip.AddrPortFrom(at.Addr(), port)); err != nil {
		return giveUp(err)
	}
	for i, s := range c.sockets {
		s.replace(opened[i])
	}
	return nil
}

// openUDP opens a UDP socket of the IP version of the address.
func openUDP(at netip.AddrPort) (net.PacketConn, error) {
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	pc, err := net.ListenPacket(network, at.String())
	if err != nil {
		return nil, fmt.Errorf("listen on UDP port %d, as on TCP: %w", at.Port(), err)
	}
	return pc, nil
}

// socket is a UDP socket that may be replaced by another while uTP and the DHT use
// it: who reads goes on reading from the new one.
type socket struct {
	inner  atomic.Pointer[net.PacketConn]
	closed atomic.Bool
}

func newSocket(pc net.PacketConn) *socket {
	s := &socket{}
	s.inner.Store(&pc)
	return s
}

// replace closes the socket of now and goes on with pc.
func (s *socket) replace(pc net.PacketConn) {
	was := s.inner.Swap(&pc)
	_ = (*was).Close() // it is read no more, whatever it says
	if s.closed.Load() {
		_ = pc.Close() // Close may have seen the old one
	}
}

// ReadFrom waits for a packet. It returns an error only if the newest socket does.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		inner := s.inner.Load()
		n, from, err := (*inner).ReadFrom(b)
		if err == nil || s.inner.Load() == inner {
			return n, from, err
		}
	}
}

// WriteTo sends a packet.
func (s *socket) WriteTo(b []byte, to net.Addr) (int, error) { return (*s.inner.Load()).WriteTo(b, to) }

// LocalAddr returns the address of now.
func (s *socket) LocalAddr() net.Addr { return (*s.inner.Load()).LocalAddr() }

// Close closes the socket for good.
func (s *socket) Close() error {
	s.closed.Store(true)
	return (*s.inner.Load()).Close()
}

// SetDeadline holds until the socket is replaced.
func (s *socket) SetDeadline(t time.Time) error { return (*s.inner.Load()).SetDeadline(t) }

// SetReadDeadline holds until the socket is replaced.
func (s *socket) SetReadDeadline(t time.Time) error { return (*s.inner.Load()).SetReadDeadline(t) }

// SetWriteDeadline holds until the socket is replaced.
func (s *socket) SetWriteDeadline(t time.Time) error { return (*s.inner.Load()).SetWriteDeadline(t) }
