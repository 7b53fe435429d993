package tracker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	defaultInterval    = 30 * time.Minute
	defaultTorrents    = 100_000
	defaultPeers       = 200_000
	defaultConnections = 1000
	defaultRate        = 50

	shutTimeout = 2 * time.Second
	sweepEvery  = 10 * time.Second
	portTries   = 16
)

// Server is a tracker. Its fields may be set until Serve is called.
type Server struct {
	Interval    time.Duration // peers are told to announce themselves this often; 30 min if 0, at least 1 s
	Torrents    int           // the most swarms that are kept; 100,000 if 0
	Peers       int           // the most peers that are kept, in all swarms; 200,000 if 0
	Connections int           // the most HTTP connections at a time; 1,000 if 0
	Rate        float64       // announces and scrapes a second of one address, after 20 s' worth at once; 50 if 0, no limit if negative
	Logger      *slog.Logger  // nil logs nothing

	listeners []net.Listener
	packets   []Packets
	service   *service
}

// Packets is a UDP socket; a *net.UDPConn is one. What it tells with a
// packet (oob), which may be nothing, it is told with the answer.
type Packets interface {
	ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error)
	WriteMsgUDPAddrPort(b, oob []byte, to netip.AddrPort) (n, oobn int, err error)
	LocalAddr() net.Addr
	Close() error
}

// New returns a server with sockets that were made elsewhere, at least one, all on the
// same port. Serve or Close closes them.
func New(listeners []net.Listener, packets []Packets) *Server {
	return &Server{listeners: listeners, packets: packets, service: &service{}}
}

// Listen returns a server that listens on an address like "127.0.0.1:0", for HTTP
// over TCP and for UDP on the same port; port 0 is one that is free for both.
// Requests wait until Serve is called, which must be.
func Listen(addr string) (*Server, error) {
	var err error
	for range portTries {
		var s *Server
		if s, err = listen(addr); err == nil {
			return s, nil
		}
		if _, port, wrong := net.SplitHostPort(addr); wrong != nil || port != "0" {
			break
		}
	}
	return nil, fmt.Errorf("listen as tracker: %w", err)
}

func listen(addr string) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	at := l.Addr().(*net.TCPAddr)
	cfg := net.ListenConfig{}
	if at.IP.IsUnspecified() {
		cfg.Control = tellArrivals
	}
	c, err := cfg.ListenPacket(context.Background(), "udp", at.String())
	if err != nil {
		l.Close()
		return nil, err
	}
	return New([]net.Listener{l}, []Packets{c.(*net.UDPConn)}), nil
}

// Addr returns the address that is listened on, the first if there are several.
func (s *Server) Addr() netip.AddrPort {
	a := s.listeners[0].Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// URL returns the announce URL over HTTP, as it is reached from this machine if the
// server listens on every address.
func (s *Server) URL() string { return "http://" + s.reached().String() + "/announce" }

// UDP returns the announce URL over UDP.
func (s *Server) UDP() string { return "udp://" + s.reached().String() + "/announce" }

func (s *Server) reached() netip.AddrPort {
	at := s.Addr()
	if at.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	}
	return at
}

// SetList says what is served; nil, as at first, is every torrent, and none of this
// machine. It may be called at any time, from any goroutine, and holds at once: who
// is announced to a torrent that is not served any more is not told of others.
func (s *Server) SetList(l *List) {
	s.service.list.Store(l)
	s.service.more.Clear()
}

// Add serves a torrent besides those of the list, until SetList is called again, by the
// same goroutine.
func (s *Server) Add(hash [20]byte) { s.service.more.Store(hash, nil) }

// Stats returns what the server has done. It may be called while Serve runs.
func (s *Server) Stats() Stats { return s.service.stats() }

// Serve answers until ctx ends, then lets the answers that are on their way go, at
// most 2 s, closes its sockets and returns nil. It must be called once.
func (s *Server) Serve(ctx context.Context) error {
	logger := s.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	s.prepare()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	failed := make(chan error, len(s.listeners)+len(s.packets))
	part := func(serve func() error) {
		all.Go(func() {
			defer cancel() // one does not go on without the others
			failed <- serve()
		})
	}
	web := newWeb(s.service, s.Connections)
	for _, l := range s.listeners {
		part(func() error { return web.serve(ctx, l) })
	}
	for _, c := range s.packets {
		part(func() error { return newDatagrams(s.service, addressOf(c.LocalAddr())).serve(ctx, c) })
	}
	all.Go(func() { s.service.sweep(ctx) })
	all.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		logger.Warn("the tracker has ended", "error", err)
		return fmt.Errorf("serve tracker: %w", err)
	}
	return nil
}

// Close frees the sockets of a server that is not to serve.
func (s *Server) Close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.Close())
	}
	for _, c := range s.packets {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// prepare puts what was chosen, or what stands for it, where the parts find it.
func (s *Server) prepare() {
	orElse := func(n *int, otherwise int) {
		if *n <= 0 {
			*n = otherwise
		}
	}
	orElse(&s.Torrents, defaultTorrents)
	orElse(&s.Peers, defaultPeers)
	orElse(&s.Connections, defaultConnections)
	if s.Interval <= 0 {
		s.Interval = defaultInterval
	}
	if s.Rate == 0 {
		s.Rate = defaultRate
	}
	s.Interval = max(s.Interval, time.Second)
	s.service.prepare(s.Interval, s.Rate, bounds{
		keep: 2 * s.Interval, steady: s.Interval / 2, torrents: s.Torrents, peers: s.Peers,
	})
}
