package transfer

import (
	"time"

	"piecewise/engine/internal/choke"
)

// SetSlots sets how many peers may be unchoked at once, the optimistic one
// included; 0 chokes everybody.
func (t *Torrent) SetSlots(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.slots == n {
		return
	}
	t.slots = n
	t.choke(time.Now())
	if n == 0 {
		for c := range t.conns {
			c.refuse()
		}
	}
}

// SetChoking changes the rules by which peers are unchoked, at once.
func (t *Torrent) SetChoking(c choke.Config) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.choker.Configure(c)
	t.choke(time.Now())
}

// SetMaxSlots bounds the slots of a super-seed, which otherwise has as many as it
// has peers; plane.Unlimited does not.
func (t *Torrent) SetMaxSlots(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.maxSlots = n
}

// Interested returns how many peers want something of us that they may have, and
// how many may ask.
func (t *Torrent) Interested() (want, unchoked int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.conns {
		if c.served() {
			want++
		}
		if !c.amChoking {
			unchoked++
		}
	}
	return want, unchoked
}

// choke decides who may ask us for blocks. t.mu is held.
func (t *Torrent) choke(now time.Time) {
	if t.picker == nil || t.closed {
		return
	}
	t.round.Peers = t.round.Peers[:0]
	for c := range t.conns {
		if c.web != nil {
			continue
		}
		t.round.Peers = append(t.round.Peers, choke.Peer[*conn]{
			Key: c, Connected: c.joined, Waiting: c.waiting(), Interested: c.served(),
			Empty: c.count == 0, Received: c.rate.down, Sent: c.rate.up,
		})
	}
	t.round.Slots, t.round.Seeding = t.slots, t.picker.Left() == 0
	if t.super != nil && t.slots > 0 {
		t.round.Slots = max(t.slots, t.peers())
		if t.maxSlots >= 0 {
			t.round.Slots = min(t.round.Slots, t.maxSlots)
		}
	}
	d := t.choker.Tick(now, t.round)
	for _, c := range d.Choke {
		c.setChoking(true)
	}
	for _, c := range d.Unchoke {
		c.setChoking(false)
	}
	for c := range t.conns {
		if weight := t.choker.Weight(c); weight != c.weight {
			c.weight = weight
			c.up.SetWeight(weight)
		}
		c.optimistic = d.HasOptimistic && d.Optimistic == c
	}
}

// waiting is since when the peer owes us a block, zero if it does not.
func (c *conn) waiting() time.Time {
	if c.amInterested && !c.choked && c.t.picker.Outstanding(c.pk) > 0 {
		return c.heard
	}
	return time.Time{}
}

// snubbed reports whether the peer has left us waiting for a minute.
func (t *Torrent) snubbed(c *conn, now time.Time) bool {
	p := choke.Peer[*conn]{Waiting: c.waiting()}
	return p.Snubbed(now)
}
