package announce

import (
	"sync"
	"time"

	"github.com/anacrolix/torrent/tracker/udp"
)

const (
	ticketLife = 55 * time.Second // BEP 15 allows a minute
	maxTickets = 1000
	maxVain    = 2 // so often in a row an old ID was no use, and the tracker gets new ones only
)

// tickets are the connection IDs that UDP trackers gave us (BEP 15), by their address.
// The zero value is empty. It may be used from any goroutine.
type tickets struct {
	mu sync.Mutex
	of map[string]ticket
}

type ticket struct {
	id    udp.ConnectionId
	since time.Time
	vain  int // times in a row that the tracker did not take it and took a new one
}

// find returns an ID that may still be used.
func (s *tickets) find(to string) (udp.ConnectionId, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.of[to]
	return k.id, ok && k.vain < maxVain && time.Since(k.since) < ticketLife
}

// clear forgets all IDs: our address has changed.
func (s *tickets) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.of)
}

// keep takes over a new ID. vain says that an older one had just been no use: it may be
// good for one port of ours only, each of which makes one request.
func (s *tickets) keep(to string, id udp.ConnectionId, vain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = make(map[string]ticket)
	}
	k, known := s.of[to]
	if !known && len(s.of) >= maxTickets {
		for old := range s.of {
			delete(s.of, old)
			break
		}
	}
	if vain {
		k.vain++
	}
	s.of[to] = ticket{id, time.Now(), k.vain}
}
