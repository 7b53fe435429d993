package tracker

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/net/netutil"
)

const (
	defaultInterval = 30 * time.Minute
	defaultTorrents = 20_000
	defaultPeers    = 200_000

	maxConnections = 1000
	shutTimeout    = 2 * time.Second
)

// Server is a tracker. Its fields may be set until Serve is called.
type Server struct {
	Interval time.Duration     // peers are told to announce themselves this often; 30 min if 0, at least 1 s
	Torrents int               // the most swarms that are kept; 20,000 if 0
	Peers    int               // the most peers that are kept, in all swarms; 200,000 if 0
	Allow    map[[20]byte]bool // info hashes that are served; nil serves all
	Logger   *slog.Logger      // nil logs nothing

	listener net.Listener
}

// Listen returns a server that listens on a TCP address like "127.0.0.1:0", where
// port 0 is any free one. Requests wait until Serve is called, which must be.
func Listen(addr string) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen as tracker: %w", err)
	}
	return &Server{listener: l}, nil
}

// URL returns the announce URL, as it is reached from this machine if the server
// listens on every address.
func (s *Server) URL() string {
	addr := s.listener.Addr().(*net.TCPAddr).AddrPort()
	ip := addr.Addr().Unmap()
	if ip.IsUnspecified() {
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return "http://" + netip.AddrPortFrom(ip, addr.Port()).String() + "/announce"
}

// Serve answers until ctx ends, then lets the answers that are on their way
// finish, at most 2 s, closes the listener and returns nil. It must be called once.
func (s *Server) Serve(ctx context.Context) error {
	logger := s.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      10 * time.Second,
		IdleTimeout:       20 * time.Second,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(s.listener, maxConnections)) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve tracker: %w", err)
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutTimeout)
	defer cancel()
	if server.Shutdown(late) != nil {
		_ = server.Close() // what is left was given its time
	}
	<-ended
	return nil
}

// handler returns the server's HTTP side with an empty table.
func (s *Server) handler() http.Handler {
	orElse := func(n, otherwise int) int {
		if n <= 0 {
			return otherwise
		}
		return n
	}
	interval := s.Interval
	if interval <= 0 {
		interval = defaultInterval
	}
	interval = max(interval, time.Second)
	h := &handler{
		interval: interval,
		allow:    s.Allow,
		table:    newTable(2*interval, orElse(s.Torrents, defaultTorrents), orElse(s.Peers, defaultPeers)),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /announce", h.announce)
	mux.HandleFunc("GET /scrape", h.scrape)
	return mux
}
