package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"piecewise/engine/internal/plane"
)

// errCapped refuses a connection; errSlow ends one whose handshakes are not done
// when its place is needed.
var (
	errCapped = errors.New("too many connections")
	errSlow   = errors.New("too slow with the handshakes, while others wait")
)

// Listener hands accepted connections to the library once their handshake named
// a torrent that runs here.
type Listener struct {
	net       *Net
	transport plane.Transport
	dialer    *Dialer // that dials from the same address
	ready     chan net.Conn
	inner     net.Listener
}

// Addr returns the address with the real port, which Rebind changes.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Accept waits for a connection. It returns an error only after Net.Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.net.ctx.Done():
		return nil, net.ErrClosed
	}
}

// run accepts until the Net is closed.
func (l *Listener) run() {
	for {
		socket, err := l.inner.Accept()
		if err == nil {
			l.admit(socket)
			continue
		}
		select {
		case <-l.net.ctx.Done():
			return
		case <-time.After(100 * time.Millisecond): // out of descriptors, most likely
		}
	}
}

// admit starts the handshakes of a connection, if the caps allow it.
func (l *Listener) admit(socket net.Conn) {
	addr, err := peerAddr(socket)
	var s *slot
	if err == nil {
		err = l.net.allowed(addr)
	}
	if err == nil {
		s, err = l.net.door.accept(addr.Addr())
	}
	if err != nil {
		l.net.log.Debug("refuse connection", "peer", addr, "err", err)
		_ = socket.Close() // it was never ours
		return
	}
	c, err := l.net.open(socket, s, Info{Addr: addr, Transport: l.transport})
	if err != nil {
		return
	}
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	if !l.net.closing { // else Close has closed it
		l.net.tasks.Go(func() { c.accepted(l) })
	}
}

// peerAddr returns the peer's address, in its shortest form.
func peerAddr(socket net.Conn) (netip.AddrPort, error) {
	addr, err := netip.ParseAddrPort(socket.RemoteAddr().String())
	if err != nil {
		return addr, fmt.Errorf("parse peer's address: %w", err)
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()), nil
}

// allowed says whether we connect to an address at all.
func (n *Net) allowed(addr netip.AddrPort) error {
	if n.loopback && !addr.Addr().IsLoopback() {
		return fmt.Errorf("connect to %v: only loopback is allowed", addr)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.refuses(addr); err != nil {
		return fmt.Errorf("connect to %v: %w", addr, err)
	}
	return nil
}

// Dialer dials peers of one IP version from the address on which we listen.
type Dialer struct {
	net       *Net
	network   string
	transport plane.Transport
	dial      func(ctx context.Context, peer netip.AddrPort) (net.Conn, error)
}

// DialerNetwork is "tcp4", "tcp6", "udp4" or "udp6".
func (d *Dialer) DialerNetwork() string { return d.network }

// Dial connects to addr ("1.2.3.4:5", no names) and leaves the handshakes to the
// first bytes that the library writes. It waits while too many connections are
// half-open.
func (d *Dialer) Dial(ctx context.Context, addr string) (net.Conn, error) {
	peer, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial peer: %w", err)
	}
	peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
	if peer.Addr().Is4() != (d.network[3] == '4') {
		return nil, fmt.Errorf("dial peer %v: not over %s", peer, d.network)
	}
	if err := d.net.allowed(peer); err != nil {
		return nil, err
	}
	if err := d.net.tired(peer); err != nil {
		return nil, fmt.Errorf("dial peer %v: %w", peer, err)
	}
	s, err := d.net.door.dial(ctx, peer.Addr())
	if err != nil {
		return nil, fmt.Errorf("dial peer %v: %w", peer, err)
	}
	socket, err := d.dial(ctx, peer)
	if err != nil {
		s.release()
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			d.net.missed(peer)
		}
		return nil, fmt.Errorf("dial peer: %w", err)
	}
	c, err := d.net.open(socket, s, Info{Addr: peer, Transport: d.transport, Outgoing: true})
	if err != nil {
		return nil, err
	}
	c.dialer = d
	return &c.control, nil
}
