package route

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// carrier sends and receives datagrams: a UDP socket, or an association with a proxy.
type carrier interface {
	ReadFrom([]byte) (int, net.Addr, error)
	WriteTo([]byte, net.Addr) (int, error)
	LocalAddr() net.Addr
	Close() error
}

// Packets is a UDP socket for peers and nodes of the DHT for as long as it is open:
// while there is no way, what is written is lost, with an error, and ReadFrom waits.
// Through a proxy it is an association with that. It implements net.PacketConn, but
// knows no deadlines.
type Packets struct{ s socket[carrier] }

var errDeadline = fmt.Errorf("set deadline of UDP socket: %w", errors.ErrUnsupported)

// ListenUDP listens as ListenTCP does.
func (r *Route) ListenUDP(at netip.AddrPort) (*Packets, error) {
	if err := r.mayListen(at); err != nil {
		return nil, err
	}
	p := &Packets{}
	p.s = socket[carrier]{route: r, at: somePort(at, r), make: r.listenUDP, slow: func(w *way) bool { return w.policy.proxied(DHT) }}
	if err := p.s.start(p.port); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *Packets) port(c carrier) uint16 {
	if udp, ok := c.(*net.UDPConn); ok {
		return uint16(udp.LocalAddr().(*net.UDPAddr).Port)
	}
	return p.s.address().Port()
}

func (r *Route) listenUDP(w *way, at netip.AddrPort) (carrier, error) {
	if err := w.allows(DHT, "udp"); err != nil {
		return nil, err
	}
	if w.policy.proxied(DHT) {
		return r.relay(w, at)
	}
	conn, err := r.bindUDP(w, at)
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// bindUDP makes a UDP socket that is bound to a way.
func (r *Route) bindUDP(w *way, at netip.AddrPort) (*net.UDPConn, error) {
	at, err := w.place(at)
	if err != nil {
		return nil, err
	}
	cfg := net.ListenConfig{Control: w.control}
	if at.Addr().IsUnspecified() {
		cfg.Control = w.tellingArrivals
	}
	pc, err := cfg.ListenPacket(context.Background(), "udp"+[2]string{"4", "6"}[version(at.Addr())], at.String())
	if err != nil {
		return nil, fmt.Errorf("listen on UDP: %w", w.because(err))
	}
	return pc.(*net.UDPConn), nil
}

// ReadFrom waits for a packet. It returns net.ErrClosed once the Packets is closed,
// and no other error.
func (p *Packets) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	err = p.read(func(inner carrier) (err error) {
		n, from, err = inner.ReadFrom(b)
		return err
	})
	return n, from, err
}

// read has a packet read from what there is, as soon as there is something.
func (p *Packets) read(one func(carrier) error) error {
	for bad := 0; ; {
		inner, _, err := p.s.current()
		if err != nil {
			return err
		}
		if err = one(inner); err == nil {
			return nil
		}
		// Others are what the network said of a packet that we sent, or one too long.
		if bad++; bad > 100 || errors.Is(err, net.ErrClosed) {
			bad = 0
			p.s.failed(inner)
		}
	}
}

// WriteTo sends a packet. It does not wait.
func (p *Packets) WriteTo(b []byte, to net.Addr) (int, error) {
	at, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("send packet: unexpected %T", to)
	}
	inner, err := p.writer(at.AddrPort())
	if err != nil {
		return 0, err
	}
	return inner.WriteTo(b, to)
}

// writer returns what sends a packet to an address, or why that may not be.
func (p *Packets) writer(to netip.AddrPort) (carrier, error) {
	inner, ok := p.s.peek()
	if !ok {
		if err := p.s.route.Allowed(DHT, "udp"); err != nil {
			return nil, err
		}
		return nil, &ClosedError{"the UDP socket is being opened"}
	}
	return inner, p.s.route.rules.packet(to.Addr().Unmap())
}

// packet says whether a datagram may be sent somewhere. What is asked of each is less
// than for connections: peers and nodes are told of by the thousand.
func (r rules) packet(ip netip.Addr) error {
	switch {
	case r.loopback && !ip.IsLoopback():
		return &RefusedError{ip.String(), ip, whyNotLoopback}
	case !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return &RefusedError{ip.String(), ip, whyNowhere}
	}
	return nil
}

// Rebind listens elsewhere. If it fails, nothing has changed.
func (p *Packets) Rebind(at netip.AddrPort) error {
	if err := p.s.route.mayListen(at); err != nil {
		return err
	}
	return p.s.rebind(somePort(at, p.s.route), p.port)
}

// LocalAddr returns the address and the port on which it listens, or will.
func (p *Packets) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(p.s.address()) }

// Close ends ReadFrom.
func (p *Packets) Close() error { return p.s.close() }

// SetDeadline is not supported.
func (p *Packets) SetDeadline(time.Time) error { return errDeadline }

// SetReadDeadline is not supported.
func (p *Packets) SetReadDeadline(time.Time) error { return errDeadline }

// SetWriteDeadline is not supported, and not needed: WriteTo does not wait.
func (p *Packets) SetWriteDeadline(time.Time) error { return nil }
