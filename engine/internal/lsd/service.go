package lsd

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

const (
	packetEvery  = time.Minute     // a packet
	hashEvery    = 5 * time.Minute // a torrent
	firstAfter   = time.Second     // the first packet, so that all torrents of a start are in it
	openAgain    = 30 * time.Second
	lookAgain    = time.Minute // at the interfaces
	maxReceived  = 20          // packets a second
	maxTorrents  = 20_000
	tickInterval = 250 * time.Millisecond
)

// Group is a socket of one IP version.
type Group interface {
	net.PacketConn // receives what is sent to the group
	// Join has it receive from an interface. Whoever has joined joins again in vain.
	Join(net.Interface) error
	// SendOn has what is sent next leave by an interface.
	SendOn(net.Interface) error
}

// Config is what a Service is made with.
type Config struct {
	Port func() int // where peers may connect to us; 0 announces nothing
	// Listen makes the socket of an IP version. It may fail: then it is asked again
	// later. It waits for the system only.
	Listen func(v6 bool) (Group, error)
	// Interfaces are those to use.
	Interfaces func() ([]net.Interface, error)
	// Found is called with a peer of a torrent that is wanted. It must return at once.
	Found func(infoHash [20]byte, peer netip.AddrPort)
}

// Service announces torrents and hears of others. Its methods may be called from any
// goroutine and return at once, but for Close.
type Service struct {
	cfg    Config
	ctx    context.Context
	end    context.CancelFunc
	tasks  sync.WaitGroup
	cookie string

	mu      sync.Mutex
	on      bool
	torrent map[[20]byte]time.Time // when it was announced last; zero if it was not
	sockets [2]Group               // of IPv4, of IPv6; nil without one
	tried   [2]time.Time           // when one was asked for
	nextAt  time.Time              // the next packet
	second  time.Time
	got     int // packets in this second
}

// New makes a Service that is off.
func New(cfg Config) *Service {
	var cookie [8]byte
	_, _ = rand.Read(cookie[:]) // it never fails
	s := &Service{cfg: cfg, cookie: hex.EncodeToString(cookie[:]), torrent: map[[20]byte]time.Time{}}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.tasks.Go(s.run)
	return s
}

// Set turns it on or off.
func (s *Service) Set(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.on == on {
		return
	}
	s.on = on
	s.nextAt = time.Now().Add(firstAfter)
	clear(s.tried[:])
	if !on {
		s.closeSockets()
	}
}

// Reopen has the sockets made anew, after the way out of this machine has changed.
func (s *Service) Reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeSockets()
	clear(s.tried[:])
}

// closeSockets ends the goroutines that read from them. s.mu is held.
func (s *Service) closeSockets() {
	for i, g := range s.sockets {
		if g != nil {
			_ = g.Close() // nobody can do better
			s.sockets[i] = nil
		}
	}
}

// Want announces a torrent until Drop. It must not be private.
func (s *Service) Want(infoHash [20]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.torrent[infoHash]; !known && len(s.torrent) < maxTorrents {
		s.torrent[infoHash] = time.Time{}
	}
}

// Drop ends that a torrent is announced.
func (s *Service) Drop(infoHash [20]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.torrent, infoHash)
}

func (s *Service) run() {
	t := time.NewTicker(tickInterval)
	defer t.Stop()
	looked := time.Time{}
	var out []net.Interface
	for {
		select {
		case <-s.ctx.Done():
			return
		case now := <-t.C:
			s.mu.Lock()
			on := s.on
			s.mu.Unlock()
			if !on {
				looked = time.Time{}
				continue
			}
			if now.Sub(looked) > lookAgain {
				looked = now
				out, _ = s.cfg.Interfaces() // without any, nothing is sent
			}
			out = s.open(out, now)
			s.send(out, now)
		}
	}
}

// open makes the sockets that are missing, and has them receive from all interfaces,
// which it returns. Behind a new socket they are looked up again: those of before may not
// be used any more, and to join a group is to send something.
func (s *Service) open(out []net.Interface, now time.Time) []net.Interface {
	for i, v6 := range []bool{false, true} {
		s.mu.Lock()
		g, due := s.sockets[i], s.on && now.Sub(s.tried[i]) > openAgain
		if due {
			s.tried[i] = now
		}
		s.mu.Unlock()
		if !due {
			continue
		}
		if g == nil {
			var err error
			if g, err = s.cfg.Listen(v6); err != nil {
				continue
			}
			if !s.keep(i, g) {
				return out
			}
			out, _ = s.cfg.Interfaces() // without any, nothing is sent
		}
		for _, ifi := range out {
			_ = g.Join(ifi) // it has joined, or this interface has not this IP version
		}
	}
	return out
}

// keep takes a new socket, unless the service was turned off meanwhile.
func (s *Service) keep(i int, g Group) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.on || s.ctx.Err() != nil {
		_ = g.Close() // it was not used
		return false
	}
	s.sockets[i] = g
	s.tasks.Go(func() { s.read(i, g) })
	return true
}

// due returns the torrents whose turn it is, those that have waited the longest first.
func (s *Service) due(now time.Time) [][20]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.on || now.Before(s.nextAt) {
		return nil
	}
	var all [][20]byte
	for hash, last := range s.torrent {
		if now.Sub(last) >= hashEvery {
			all = append(all, hash)
		}
	}
	slices.SortFunc(all, func(a, b [20]byte) int {
		return cmp.Or(s.torrent[a].Compare(s.torrent[b]), slices.Compare(a[:], b[:]))
	})
	return all[:min(len(all), maxHashes)]
}

// send sends the packet of this minute.
func (s *Service) send(out []net.Interface, now time.Time) {
	port := s.cfg.Port()
	if port <= 0 || port > 65535 {
		return
	}
	a := announce{port: uint16(port), hashes: s.due(now), cookie: s.cookie}
	if len(a.hashes) == 0 {
		return
	}
	s.mu.Lock()
	sockets := s.sockets
	s.mu.Unlock()
	sent := 0
	for i, group := range []netip.AddrPort{Group4, Group6} {
		g := sockets[i]
		if g == nil {
			continue
		}
		b, n := a.packet(group)
		for _, ifi := range out {
			if g.SendOn(ifi) != nil {
				continue // it has not this IP version
			}
			if _, err := g.WriteTo(b, net.UDPAddrFromAddrPort(group)); err == nil {
				sent = n
			}
		}
	}
	if sent == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextAt = now.Add(packetEvery)
	for _, hash := range a.hashes[:sent] {
		if _, still := s.torrent[hash]; still {
			s.torrent[hash] = now
		}
	}
}

// read hears what others announce, until the socket is closed.
func (s *Service) read(i int, g Group) {
	b := make([]byte, maxPacket+200)
	for {
		n, from, err := g.ReadFrom(b)
		if err != nil {
			s.mu.Lock()
			if s.sockets[i] == g {
				s.sockets[i] = nil // another is made in a while
			}
			s.mu.Unlock()
			_ = g.Close() // it is of no use any more
			return
		}
		if u, ok := from.(*net.UDPAddr); ok {
			s.heard(b[:n], u.AddrPort().Addr().Unmap().WithZone(""))
		}
	}
}

// heard deals with a packet: a peer for each torrent that we have, too.
func (s *Service) heard(b []byte, from netip.Addr) {
	now := time.Now()
	s.mu.Lock()
	if now.Sub(s.second) >= time.Second {
		s.second, s.got = now, 0
	}
	s.got++
	flood := s.got > maxReceived
	s.mu.Unlock()
	if flood {
		return
	}
	a, ok := parse(b)
	if !ok || a.cookie == s.cookie {
		return
	}
	for _, hash := range a.hashes {
		s.mu.Lock()
		_, ours := s.torrent[hash]
		s.mu.Unlock()
		if ours {
			s.cfg.Found(hash, netip.AddrPortFrom(from, a.port))
		}
	}
}

// Close ends the service.
func (s *Service) Close() {
	s.end()
	s.mu.Lock()
	s.on = false
	s.closeSockets()
	s.mu.Unlock()
	s.tasks.Wait()
}
