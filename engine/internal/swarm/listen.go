package swarm

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"
)

// DefaultPort is where peers connect if nothing else is asked for and the port
// is free.
const DefaultPort = 42069

// sockets are our own listening sockets and the addresses that we dial from. The
// library's would ignore the listen address when dialling.
type sockets struct {
	listeners []*listener
	dialers   []*dialer
	udp       net.PacketConn // for the DHT; nil without one
	port      int
}

// listen opens TCP sockets for addr, for each IP version that it covers, and a
// UDP socket on the same port if wanted.
func listen(addr netip.AddrPort, loopback, udp bool) (*sockets, error) {
	if !addr.IsValid() {
		s, err := listenOn(any4(loopback), DefaultPort, loopback, udp)
		if err != nil {
			s, err = listenOn(any4(loopback), 0, loopback, udp)
		}
		return s, err
	}
	if loopback && addr.Addr().IsUnspecified() {
		addr = netip.AddrPortFrom(any4(true), addr.Port())
	}
	if loopback && !addr.Addr().IsLoopback() {
		return nil, fmt.Errorf("listen on %v: it is not a loopback address", addr)
	}
	return listenOn(addr.Addr(), int(addr.Port()), loopback, udp)
}

func any4(loopback bool) netip.Addr {
	if loopback {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv4Unspecified()
}

func listenOn(ip netip.Addr, port int, loopback, udp bool) (*sockets, error) {
	s := &sockets{port: port}
	if err := s.tcp(ip, loopback); err != nil {
		s.close()
		return nil, err
	}
	if other, ok := twin(ip); ok {
		_ = s.tcp(other, loopback) // a machine without IPv6 does without
	}
	if udp {
		pc, err := net.ListenPacket("udp4", net.JoinHostPort(ip.String(), strconv.Itoa(s.port)))
		if err != nil {
			s.close()
			return nil, fmt.Errorf("listen for the DHT: %w", err)
		}
		s.udp = pc
	}
	return s, nil
}

// twin returns the IPv6 address that goes with an IPv4 one which names no
// particular interface.
func twin(ip netip.Addr) (netip.Addr, bool) {
	switch ip {
	case netip.IPv4Unspecified():
		return netip.IPv6Unspecified(), true
	case any4(true):
		return netip.IPv6Loopback(), true
	}
	return netip.Addr{}, false
}

func (s *sockets) tcp(ip netip.Addr, loopback bool) error {
	network := "tcp4"
	if ip.Is6() {
		network = "tcp6"
	}
	cfg := net.ListenConfig{KeepAlive: -1}
	l, err := cfg.Listen(context.Background(), network, net.JoinHostPort(ip.String(), strconv.Itoa(s.port)))
	if err != nil {
		return fmt.Errorf("listen for peers: %w", err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	s.listeners = append(s.listeners, &listener{Listener: l, loopback: loopback, closed: make(chan struct{})})
	d := &dialer{network: network, loopback: loopback}
	if !ip.IsUnspecified() {
		d.LocalAddr = &net.TCPAddr{IP: ip.AsSlice()}
	}
	d.KeepAlive = -1
	s.dialers = append(s.dialers, d)
	return nil
}

func (s *sockets) close() {
	for _, l := range s.listeners {
		l.Close()
	}
	if s.udp != nil {
		s.udp.Close()
	}
}

// listener accepts peers. The library calls Accept again at once after an error,
// so Accept returns one only when the listener was closed on purpose.
type listener struct {
	net.Listener
	loopback bool
	once     sync.Once
	closed   chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err == nil && l.loopback && !loopbackAddr(c.RemoteAddr().String()) {
			c.Close()
			continue
		}
		if err == nil {
			return c, nil
		}
		select {
		case <-l.closed:
			return nil, net.ErrClosed
		case <-time.After(100 * time.Millisecond): // out of descriptors, most likely
		}
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// dialer dials peers of one IP version from the address on which we listen.
type dialer struct {
	net.Dialer
	network  string
	loopback bool
}

func (d *dialer) DialerNetwork() string { return d.network }

func (d *dialer) Dial(ctx context.Context, addr string) (net.Conn, error) {
	peer, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("dial peer: %w", err)
	}
	if peer.Addr().Unmap().Is4() != (d.network == "tcp4") {
		return nil, fmt.Errorf("dial peer %v: not over %s", peer, d.network)
	}
	if d.loopback && !peer.Addr().Unmap().IsLoopback() {
		return nil, fmt.Errorf("dial peer %v: only loopback is allowed", peer)
	}
	return d.DialContext(ctx, d.network, addr)
}

func loopbackAddr(addr string) bool {
	ap, err := netip.ParseAddrPort(addr)
	return err == nil && ap.Addr().Unmap().IsLoopback()
}
