package wire

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/route"
)

// Config is what a Net is made with.
type Config struct {
	Listen   netip.AddrPort // invalid: every address, any free port
	Loopback bool           // bind, dial and accept loopback addresses only
	// Anonymous keeps to ourselves what the library would tell of us in the extension
	// handshake: name, version, port, and how the peer's address looks from here.
	Anonymous bool
	// Outer returns the port at which a peer connects to us if that is another than the
	// one on which we listen, else 0. It returns at once. nil: no peer has another.
	Outer    func(peer netip.Addr) uint16
	Route    *route.Route // the way out of this machine; nil: one from the address that is listened on
	Registry Registry
	Refuses  func(netip.Addr) bool // of whom nothing is wanted; returns at once, and is called under Net.mu. nil: nobody
	Policy   Policy
	Pool     *Pool // nil: one of DefaultBuffers
	Caps     Caps
	Timeouts Timeouts
	Logger   *slog.Logger // nil: nothing is logged
}

// Caps bound the number of connections; 0 is no bound.
type Caps struct {
	Total    int // whose handshakes are done, see Sparing
	PerIP    int // with one address, of IPv6 with one network of 64 bits
	HalfOpen int // whose handshakes are not done: so many dialled, so many accepted
}

// Timeouts are how long a connection may take; 0 is the default.
type Timeouts struct {
	Handshake time.Duration // all of it after dialling, encryption and a second dial included; 10 s
	Keepalive time.Duration // so long without sending, and a keepalive is sent; 90 s
	Idle      time.Duration // so long without receiving, and the connection is closed; 180 s
}

func (t Timeouts) orDefault() Timeouts {
	if t.Handshake <= 0 {
		t.Handshake = 10 * time.Second
	}
	if t.Keepalive <= 0 {
		t.Keepalive = 90 * time.Second
	}
	if t.Idle <= 0 {
		t.Idle = 180 * time.Second
	}
	return t
}

// Net is our sockets and all connections on them. Its methods may be called from
// any goroutine.
type Net struct {
	registry  Registry
	pool      *Pool
	timeouts  Timeouts
	log       *slog.Logger
	loopback  bool
	anonymous bool
	route     *route.Route
	policy    atomic.Int32
	refused   func(netip.Addr) bool
	outer     func(netip.Addr) uint16
	reached   reached
	door      door
	tcp       []*route.Listener
	listeners []*Listener
	dialers   []*Dialer
	rebind    sync.Mutex // one Rebind at a time

	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup // accept loops, handshakes, connections' goroutines

	mu      sync.Mutex
	conns   map[*Conn]struct{} // open ones
	bans    bans
	strikes map[netip.AddrPort]strikes // of culprits
	misses  misses
	closing bool
}

// Listen opens TCP sockets for the address, for both IP versions if it names no
// particular interface.
func Listen(cfg Config) (*Net, error) {
	n := &Net{registry: cfg.Registry, refused: cfg.Refuses, outer: cfg.Outer, pool: cfg.Pool, timeouts: cfg.Timeouts.orDefault(), log: cfg.Logger, loopback: cfg.Loopback, anonymous: cfg.Anonymous}
	n.conns, n.misses = make(map[*Conn]struct{}), misses{}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.SetPolicy(cfg.Policy)
	if n.route = cfg.Route; n.route == nil {
		n.route = route.New(route.Config{Loopback: cfg.Loopback, From: cfg.Listen.Addr()})
	}
	n.SetCaps(cfg.Caps)
	if n.pool == nil {
		n.pool = NewPool(DefaultBuffers())
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if err := n.listen(cfg.Listen); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// listen opens TCP sockets for an address, two if it names no particular interface: a
// machine without IPv6 does without.
func (n *Net) listen(addr netip.AddrPort) error {
	addr = n.concrete(addr)
	first, err := n.route.ListenTCP(addr)
	if err != nil {
		return err
	}
	n.addTCP(first)
	if other, ok := twin(addr.Addr()); ok {
		if second, err := n.route.ListenTCP(netip.AddrPortFrom(other, uint16(n.Port()))); err == nil {
			n.addTCP(second)
		}
	}
	return nil
}

// concrete is the address that is meant by one that may name none.
func (n *Net) concrete(addr netip.AddrPort) netip.AddrPort {
	if !addr.IsValid() || n.loopback && addr.Addr().IsUnspecified() {
		return netip.AddrPortFrom(any4(n.loopback), addr.Port())
	}
	return addr
}

func any4(loopback bool) netip.Addr {
	if loopback {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv4Unspecified()
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

func networkOf(ip netip.Addr) string {
	if ip.Is6() {
		return "tcp6"
	}
	return "tcp4"
}

func (n *Net) addTCP(l *route.Listener) {
	d := &Dialer{net: n, network: networkOf(l.Addr().(*net.TCPAddr).AddrPort().Addr()), transport: plane.TCP, dial: n.route.DialPeer}
	n.tcp = append(n.tcp, l)
	n.add(l, d)
}

// Rebind listens for TCP on another address, as Listen does. Connections go on, and who
// has a Listener goes on using it. It needs the IP versions of the old address, and
// changes nothing if it fails.
func (n *Net) Rebind(addr netip.AddrPort) error {
	n.rebind.Lock()
	defer n.rebind.Unlock()
	addr = n.concrete(addr)
	first := n.listenerOf(addr.Addr())
	if first == nil {
		return fmt.Errorf("listen on %v: not the IP version of now", addr)
	}
	if err := first.Rebind(addr); err != nil {
		return err
	}
	if other, ok := twin(addr.Addr()); ok {
		if second := n.listenerOf(other); second != nil {
			_ = second.Rebind(netip.AddrPortFrom(other, uint16(n.Port()))) // peers of that IP version find the old port
		}
	}
	return nil
}

func (n *Net) listenerOf(ip netip.Addr) *route.Listener {
	for _, l := range n.tcp {
		if networkOf(l.Addr().(*net.TCPAddr).AddrPort().Addr()) == networkOf(ip) {
			return l
		}
	}
	return nil
}

// Socket is a transport besides TCP that listens and dials on one address: uTP.
type Socket interface {
	net.Listener
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// Attach accepts from a socket of the given network ("udp4" or "udp6") and dials
// from it. It must be called before Listeners and Dialers; Close closes the socket.
func (n *Net) Attach(s Socket, network string) {
	n.add(s, &Dialer{net: n, network: network, transport: plane.UTP, dial: func(ctx context.Context, peer netip.AddrPort) (net.Conn, error) {
		return s.DialContext(ctx, network, peer.String())
	}})
}

func (n *Net) add(inner net.Listener, d *Dialer) {
	l := &Listener{net: n, transport: d.transport, dialer: d, inner: inner, ready: make(chan net.Conn)}
	n.listeners, n.dialers = append(n.listeners, l), append(n.dialers, d)
	n.tasks.Go(l.run)
}

func (n *Net) encryption() Policy { return Policy(n.policy.Load()) }

// Listeners returns what is given to the library's AddListener.
func (n *Net) Listeners() []*Listener { return n.listeners }

// Dialers returns what is given to the library's AddDialer.
func (n *Net) Dialers() []*Dialer { return n.dialers }

// Port returns the TCP port on which we listen.
func (n *Net) Port() int { return n.tcp[0].Addr().(*net.TCPAddr).Port }

// SetPolicy changes the encryption of connections that are made from now on.
func (n *Net) SetPolicy(p Policy) { n.policy.Store(int32(p)) }

// SetCaps changes the bounds for connections that are made from now on.
func (n *Net) SetCaps(c Caps) { n.door.set(c) }

// Close closes all sockets and connections and waits until every Peer was told
// that it left. The library's Client must be closed before: it never stops asking
// a closed listener.
func (n *Net) Close() {
	n.cancel()
	for _, l := range n.listeners {
		_ = l.inner.Close() // it accepts no more, whatever it says
	}
	n.mu.Lock()
	n.closing = true
	open := make([]*Conn, 0, len(n.conns))
	for c := range n.conns {
		open = append(open, c)
	}
	n.mu.Unlock()
	for _, c := range open {
		c.Close(net.ErrClosed)
	}
	n.tasks.Wait()
}

// open makes a Conn of a socket, unless the Net is closing or the peer was banned
// meanwhile: then it closes the socket.
func (n *Net) open(socket net.Conn, s *slot, info Info) (*Conn, error) {
	linger(socket)
	c := &Conn{net: n, slot: s, info: info, wake: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancelCause(n.ctx)
	c.done = c.ctx.Done()
	c.socket.Store(&socket)
	c.heard.Store(time.Now().UnixNano())
	c.control.c = c
	c.control.ready.L = &c.control.mu
	c.outbox.room.L = &c.outbox.mu
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.refuses(info.Addr)
	if n.closing {
		err = net.ErrClosed
	}
	if err != nil {
		c.cancel(err)
		s.release()
		_ = socket.Close() // it was never ours
		return nil, err
	}
	c.idle = time.AfterFunc(n.timeouts.Idle, c.watch)
	n.conns[c] = struct{}{}
	s.opened(func() { c.Close(errSlow) })
	return c, nil
}

// forget drops a connection that is closed.
func (n *Net) forget(c *Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	c.idle.Stop()
	delete(n.conns, c)
}

// run starts one of a connection's goroutines; when the Net is closing it counts
// as ended at once.
func (n *Net) run(c *Conn, loop func() error) {
	n.mu.Lock()
	closing := n.closing
	if !closing {
		n.tasks.Go(func() { c.ended(loop()) })
	}
	n.mu.Unlock()
	if closing {
		c.ended(net.ErrClosed)
	}
}

// Held returns how many connections there are, half-open ones included, with how
// many hosts, and how many receive buffers are handed out, of how many that were made.
func (n *Net) Held() (connections, hosts, buffers, made int) {
	n.mu.Lock()
	connections = len(n.conns)
	n.mu.Unlock()
	n.door.mu.Lock()
	defer n.door.mu.Unlock()
	return connections, len(n.door.perIP), n.pool.InUse(), n.pool.made()
}
