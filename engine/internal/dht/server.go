package dht

import (
	"context"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	tickEvery    = 100 * time.Millisecond
	maxTurns     = 8   // torrents that are looked up at a time
	maxEntrances = 100 // addresses of the bootstrap list
	resolveFor   = 20 * time.Second
)

// Config is what a Server is made with.
type Config struct {
	Loopback bool   // there is nothing but loopback
	State    []byte // of Server.State at the last run; nil without
	// Port is where peers may connect to us over IPv4 or IPv6. 0 announces nothing: then
	// we only ask.
	Port func(v6 bool) int
	// Resolve returns the addresses of an entry of the bootstrap list. It may wait for
	// the context.
	Resolve func(ctx context.Context, hostPort string) ([]netip.AddrPort, error)
	// Refuses says with whom nothing is spoken; it must return at once. Nil: nobody.
	Refuses func(netip.Addr) bool
	// Found is called with peers of a torrent; it must return at once. Their addresses
	// may be anything.
	Found func(infoHash [20]byte, peers []netip.AddrPort)
	// Looked is called at the end of each lookup of a torrent; nil is allowed.
	Looked func(infoHash [20]byte, peers int)
}

// Server is our node, or two of them: one for each IP version. Its methods may be
// called from any goroutine and return at once, but for Close.
type Server struct {
	cfg   Config
	ctx   context.Context
	end   context.CancelFunc
	tasks sync.WaitGroup
	now   func() time.Time

	mu        sync.Mutex
	on        bool
	closed    bool
	readOnly  bool
	nodes     [2]*node // of IPv4, of IPv6
	queue     *queue
	announced peers
	tid       uint32
	bootstrap []string
	entrances []netip.AddrPort // of the bootstrap list
	resolving chan struct{}
	out       []packet // to be sent when nobody holds mu
	calls     []func() // to be called then
}

type packet struct {
	from net.PacketConn
	b    []byte
	to   netip.AddrPort
}

// New makes a Server that is off and has no socket.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, now: time.Now, queue: newQueue(), tid: rand.Uint32(), resolving: make(chan struct{}, 1)}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.nodes = [2]*node{newNode(s, false), newNode(s, true)}
	s.restore(cfg.State)
	s.tasks.Go(s.run)
	s.tasks.Go(s.resolve)
	return s
}

// do runs f under the lock, and then sends and calls what it left to be.
func (s *Server) do(f func(now time.Time)) {
	s.mu.Lock()
	if !s.closed {
		f(s.now())
	}
	out, calls := s.out, s.calls
	s.out, s.calls = nil, nil
	s.mu.Unlock()
	for _, p := range out {
		_, _ = p.from.WriteTo(p.b, net.UDPAddrFromAddrPort(p.to)) // a lost packet is no news
	}
	for _, f := range calls {
		f()
	}
}

// Attach takes a UDP socket, in the place of the one before of the same IP version, and
// reads from it until it is closed. Closing is the caller's.
func (s *Server) Attach(socket net.PacketConn) {
	at, err := netip.ParseAddrPort(socket.LocalAddr().String())
	if err != nil {
		return
	}
	n := s.nodes[0]
	if at.Addr().Is6() && !at.Addr().Is4In6() {
		n = s.nodes[1]
	}
	s.do(func(now time.Time) { n.socket, n.bootAt, n.bootWait = socket, now, 0 })
	go s.read(n, socket) // ends with the socket
}

// Detach has a socket sent from no more.
func (s *Server) Detach(socket net.PacketConn) {
	s.do(func(time.Time) {
		for _, n := range s.nodes {
			if n.socket == socket {
				n.socket = nil
			}
		}
	})
}

func (s *Server) read(n *node, socket net.PacketConn) {
	b := make([]byte, maxPacket+1)
	for {
		size, from, err := socket.ReadFrom(b)
		if err != nil {
			s.mu.Lock()
			over := s.closed || n.socket != socket
			s.mu.Unlock()
			if over || isClosed(err) {
				return
			}
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(tickEvery): // such as that a packet of ours came back
			}
			continue
		}
		if size == 0 || b[0] != 'd' {
			continue
		}
		at, ok := addrOf(from)
		if !ok {
			continue
		}
		s.do(func(now time.Time) {
			if s.on && n.socket == socket {
				n.receive(b[:size], at, now)
				s.fill(now)
			}
		})
	}
}

func addrOf(a net.Addr) (netip.AddrPort, bool) {
	if u, ok := a.(*net.UDPAddr); ok {
		at := u.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port()), at.IsValid()
	}
	at, err := netip.ParseAddrPort(a.String())
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port()), err == nil
}

// run looks at the clock until Close.
func (s *Server) run() {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			s.do(func(now time.Time) {
				for _, n := range s.nodes {
					n.tick(now)
				}
				s.fill(now)
			})
		}
	}
}

// resolve asks for the addresses of the bootstrap list whenever somebody needs them.
func (s *Server) resolve() {
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.resolving:
		}
		s.mu.Lock()
		list := s.bootstrap
		s.mu.Unlock()
		var all []netip.AddrPort
		for _, entry := range list {
			ctx, cancel := context.WithTimeout(s.ctx, resolveFor)
			addrs, err := s.cfg.Resolve(ctx, entry)
			cancel()
			if err == nil {
				all = append(all, addrs...)
			}
		}
		s.do(func(now time.Time) { s.enter(all, now) })
	}
}

// enter takes the addresses of the bootstrap list and asks there, while few nodes are
// known.
func (s *Server) enter(all []netip.AddrPort, now time.Time) {
	for i, a := range all {
		all[i] = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	s.entrances = all[:min(len(all), maxEntrances)]
	for _, n := range s.nodes {
		if _, good := n.table.count(now); good >= fewNodes || n.socket == nil || !s.on {
			continue
		}
		l := newLookup(n, n.table.self)
		for _, a := range s.entrances {
			if a.Addr().Is6() == n.v6 {
				l.add(contact{addr: a})
			}
		}
		l.start(now)
	}
}

// Set turns the DHT on or off for all torrents, and says whether it answers others. What
// is known is kept. entries are the bootstrap list, each "host:port"; they are asked
// when too few nodes are known.
func (s *Server) Set(on, readOnly bool, entries []string) {
	s.do(func(now time.Time) {
		news := !slices.Equal(s.bootstrap, entries)
		s.bootstrap, s.readOnly = slices.Clone(entries), readOnly
		if on == s.on && !news {
			return
		}
		s.on = on
		for _, n := range s.nodes {
			n.bootAt, n.bootWait = now, 0
			if !on {
				n.stop()
			}
		}
	})
}

// On reports whether it is on.
func (s *Server) On() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}

// stop ends all that is under way.
func (n *node) stop() {
	clear(n.calls)
	for l := range n.lookups {
		l.end()
	}
}

// AllowPrivileged lets nodes be asked at ports below 1024, or forbids it.
func (s *Server) AllowPrivileged(allow bool) {
	s.do(func(time.Time) {
		for _, n := range s.nodes {
			n.guard.privileged = allow
		}
	})
}

// Want has a torrent announced until Drop, as a download or a seed. It must not be
// private.
func (s *Server) Want(infoHash [20]byte, leech bool) {
	s.do(func(now time.Time) { s.queue.want(infoHash, leech, now) })
}

// Soon has a torrent announced as soon as may be, for one that lacks peers.
func (s *Server) Soon(infoHash [20]byte) {
	s.do(func(now time.Time) { s.queue.soon(infoHash, now) })
}

// Drop ends that a torrent is announced, also what of it is under way.
func (s *Server) Drop(infoHash [20]byte) {
	s.do(func(time.Time) {
		s.queue.drop(infoHash)
		for _, n := range s.nodes {
			for l := range n.lookups {
				if l.peers && l.target == infoHash {
					l.done = nil
					l.end()
				}
			}
		}
	})
}

// Hint names a node that a peer says it has (the message Port of BEP 5). It is asked, if
// there is room for it.
func (s *Server) Hint(at netip.AddrPort) {
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	s.do(func(now time.Time) {
		for _, n := range s.nodes {
			if _, good := n.table.count(now); at.Addr().Is6() == n.v6 && n.socket != nil && s.on && good < 10*fewNodes {
				n.ping(contact{addr: at}, now)
			}
		}
	})
}

// fill starts as many turns as may be under way.
func (s *Server) fill(now time.Time) {
	for s.on && s.queue.busy < maxTurns {
		if _, good := s.count(now); good == 0 {
			return
		}
		j := s.queue.next(now)
		if j == nil {
			return
		}
		s.turn(j, now)
	}
}

func (s *Server) count(now time.Time) (all, good int) {
	for _, n := range s.nodes {
		if n.socket != nil {
			a, g := n.table.count(now)
			all, good = all+a, good+g
		}
	}
	return all, good
}

// turn looks a torrent up with both nodes, and announces it at the end.
func (s *Server) turn(j *job, now time.Time) {
	left, peers := 1, map[netip.AddrPort]bool{}
	over := func() {
		if left--; left > 0 {
			return
		}
		s.queue.done(j, len(peers), s.now())
		if f := s.cfg.Looked; f != nil {
			s.calls = append(s.calls, func() { f(j.id, len(peers)) })
		}
	}
	for _, n := range s.nodes {
		if n.socket == nil {
			continue
		}
		left++
		l := newLookup(n, j.id)
		l.peers = true
		l.found = func(some []netip.AddrPort) {
			for _, a := range some {
				peers[a] = true
			}
			s.found(j.id, some)
		}
		l.done = func(near []step) {
			n.announce(j.id, near, s.now())
			over()
		}
		l.start(now)
	}
	over()
}

// announce tells the nodes nearest to an info hash that we are a peer.
func (n *node) announce(id ID, near []step, now time.Time) {
	port := n.s.cfg.Port(n.v6)
	if port <= 0 || port > 65535 || n.s.queue.jobs[id] == nil {
		return
	}
	for _, s := range near {
		if s.token != "" {
			n.ask(s.contact, "announce_peer", question{InfoHash: string(id[:]), Port: port, Token: s.token}, now, &call{done: func(ID, *answer) {}})
		}
	}
}

// found hands peers on. s.mu is held.
func (s *Server) found(id ID, some []netip.AddrPort) {
	if s.cfg.Found != nil {
		s.calls = append(s.calls, func() { s.cfg.Found(id, some) })
	}
}

// Close ends everything but what reads from sockets, which ends with them.
func (s *Server) Close() {
	s.end()
	s.do(func(time.Time) {
		for _, n := range s.nodes {
			for l := range n.lookups {
				l.done = nil
			}
			n.stop()
			n.socket = nil
		}
	})
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.tasks.Wait()
}
