package route

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
)

// Listener accepts TCP connections of peers for as long as it is open: while there is
// no way, or peers may not connect to us, Accept waits.
type Listener struct{ s socket[*net.TCPListener] }

// ListenTCP listens on an address and port; a policy that names an interface or an
// address takes the place of the address. Port 0 is any free one, and the same one for
// good. It is an error if the port is taken, but none if there is no way now.
func (r *Route) ListenTCP(at netip.AddrPort) (*Listener, error) {
	if err := r.mayListen(at); err != nil {
		return nil, err
	}
	l := &Listener{}
	l.s = socket[*net.TCPListener]{route: r, at: somePort(at, r), make: r.listenTCP}
	if err := l.s.start(tcpPort); err != nil {
		return nil, err
	}
	return l, nil
}

func tcpPort(l *net.TCPListener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

func (r *Route) mayListen(at netip.AddrPort) error {
	if r.rules.loopback && !at.Addr().Unmap().IsLoopback() {
		return fmt.Errorf("listen on %v: it is not a loopback address", at)
	}
	return nil
}

// somePort chooses a port where the system cannot because nothing may listen yet.
func somePort(at netip.AddrPort, r *Route) netip.AddrPort {
	w := r.now.Load()
	if at.Port() == 0 && (w.closed != nil || !w.policy.Listens()) {
		return netip.AddrPortFrom(at.Addr(), uint16(49152+rand.IntN(16384)))
	}
	return at
}

// place is where a socket is bound that should be at an address.
func (w *way) place(at netip.AddrPort) (netip.AddrPort, error) {
	from, err := w.local(at.Addr())
	if err != nil {
		return at, err
	}
	if !w.policy.bound() {
		return at, nil
	}
	if !from.IsValid() {
		from = [2]netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()}[version(at.Addr())]
	}
	return netip.AddrPortFrom(from, at.Port()), nil
}

func (r *Route) listenTCP(w *way, at netip.AddrPort) (*net.TCPListener, error) {
	if !w.policy.Listens() {
		return nil, &ClosedError{"peers cannot connect to us while they are reached through a proxy"}
	}
	at, err := w.place(at)
	if err != nil {
		return nil, err
	}
	cfg := net.ListenConfig{KeepAlive: -1, Control: w.control}
	cfg.SetMultipathTCP(false) // its other paths are the kernel's to choose
	l, err := cfg.Listen(context.Background(), "tcp"+[2]string{"4", "6"}[version(at.Addr())], at.String())
	if err != nil {
		return nil, fmt.Errorf("listen for peers: %w", w.because(err))
	}
	return l.(*net.TCPListener), nil
}

// Accept waits for a connection. It returns net.ErrClosed once the Listener is closed,
// and other errors when the system has no room for a connection.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		inner, on, err := l.s.current()
		if err != nil {
			return nil, err
		}
		conn, err := inner.Accept()
		if err == nil {
			if c, err := l.s.route.keep(conn, on); err == nil {
				return c, nil
			}
			continue // the way has just changed
		}
		if !errors.Is(err, net.ErrClosed) {
			return nil, err
		}
		l.s.failed(inner)
	}
}

// Rebind listens elsewhere; connections go on. If it fails, nothing has changed.
func (l *Listener) Rebind(at netip.AddrPort) error {
	if err := l.s.route.mayListen(at); err != nil {
		return err
	}
	return l.s.rebind(somePort(at, l.s.route), tcpPort)
}

// Addr returns the address and the port on which it listens, or will.
func (l *Listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.s.address()) }

// Close ends Accept. Connections go on.
func (l *Listener) Close() error { return l.s.close() }
