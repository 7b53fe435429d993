package swarm

import (
	"context"
	"net/netip"
	"sync"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/sift"
	"piecewise/engine/internal/wire"
)

// standby is a torrent that is known by its info hashes only: no data plane, nothing
// in the library. The first peer whose handshake names it has it woken.
type standby struct {
	ids     [][20]byte
	private bool
	wake    func()
	found   func([]netip.AddrPort, plane.Origin)
	asked   bool          // wake was called
	waiting int           // peers whose handshakes wait
	over    chan struct{} // closed when it does not stand by any more

	gate  sync.Mutex
	sieve sift.Sieve // gate guards it
}

// StandBy lets peers connect to a torrent that does not run yet, under any of its
// info hashes, the first of which is its ID. When one does, wake is called; it returns
// at once, and Add or Leave follows. Until then the peer waits, at most as long as a
// handshake may take. A torrent that stands by or runs already stays as it is.
//
// Unless it is private it is announced in the DHT and the local network; found is called
// with the peers that are there, of which sift let through what may be dialled, and must
// return at once.
func (c *Client) StandBy(ids [][20]byte, private bool, wake func(), found func([]netip.AddrPort, plane.Origin)) {
	s := &standby{ids: ids, private: private, wake: wake, found: found, over: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.torrents[ids[0]] != nil || c.standby[ids[0]] != nil {
		return
	}
	for _, id := range ids {
		if c.standby[id] == nil {
			c.standby[id] = s
			c.mark(id)
			c.announce(id)
		}
	}
}

// Leave ends that a torrent stands by. Peers that wait are let in if it runs, and
// refused if it does not.
func (c *Client) Leave(id [20]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.standby[id]
	if s == nil {
		return
	}
	for _, id := range s.ids {
		if c.standby[id] == s {
			delete(c.standby, id)
			c.unmark(id)
			c.announce(id)
		}
	}
	close(s.over)
}

// Awaited reports whether peers wait for a torrent that stands by. If none does any
// more, wake is called again for the next.
func (c *Client) Awaited(id [20]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.standby[id]
	if s != nil && s.waiting == 0 {
		s.asked = false
	}
	return s != nil && s.waiting > 0
}

// Awake implements wire.Sleeping.
func (r registry) Awake(ctx context.Context, infoHash [20]byte) wire.Plane {
	r.mu.Lock()
	s := r.standby[infoHash]
	if s == nil || r.session.Connections == 0 {
		r.mu.Unlock()
		return r.Plane(infoHash)
	}
	first := !s.asked
	s.asked = true
	s.waiting++
	r.mu.Unlock()
	if first {
		s.wake()
	}
	select {
	case <-s.over:
	case <-ctx.Done():
	}
	r.mu.Lock()
	s.waiting--
	r.mu.Unlock()
	if ctx.Err() != nil {
		return nil
	}
	return r.Plane(infoHash)
}

// mark has an info hash found by its mark, unmark ends that once nothing has it. c.mu
// is held.
func (c *Client) mark(id [20]byte) { c.marks[wire.Mark(id)] = id }

func (c *Client) unmark(id [20]byte) {
	if c.torrents[id] == nil && c.aliases[id] == nil && c.standby[id] == nil {
		delete(c.marks, wire.Mark(id))
	}
}
