package choke

import (
	"slices"
	"time"
)

// minSwap is the least score, in bytes, for which a slot is swapped between two
// rankings: less than two blocks says nothing about a peer.
const minSwap = 32 << 10

// newcomerChance is how much likelier than another a newcomer is to be next in
// the optimistic slot.
const newcomerChance = 3

// overdueTurns is after how many optimistic turns for everybody who waits a peer
// is next in any case.
const overdueTurns = 4

// release takes the slots of those who want nothing any more.
func (c *Choker[K]) release(now time.Time) {
	for _, s := range c.order {
		if s.unchoked && !s.peer.Interested && now.Sub(s.lost) >= graceTime {
			c.choke(s, now)
		}
	}
}

// rank gives all regular slots anew.
func (c *Choker[K]) rank(now time.Time) {
	if c.turns() || c.slots == 0 {
		c.optimistic = nil
	}
	ranked := c.candidates(now)
	winners := min(c.regular(), len(ranked))
	for _, s := range ranked[:winners] {
		s.won = c.tick
	}
	for _, s := range c.order {
		if s.unchoked && s != c.optimistic && s.won != c.tick {
			c.choke(s, now)
		}
	}
	for _, s := range ranked[:winners] {
		c.unchoke(s, now)
	}
}

// fill gives free slots away between two rankings.
func (c *Choker[K]) fill(now time.Time) {
	free := c.regular() - c.taken()
	if free <= 0 || !slices.ContainsFunc(c.order, c.eligible) {
		return
	}
	for _, s := range c.candidates(now) {
		if free > 0 && c.eligible(s) {
			c.unchoke(s, now)
			free--
		}
	}
}

// swap gives the slot of a peer that gives us little to one that gives us much
// and has just become interested, without waiting for the next ranking.
func (c *Choker[K]) swap(now time.Time) {
	if c.seeding {
		return
	}
	for _, s := range c.order {
		if !s.risen || s.unchoked || s.score < minSwap {
			continue
		}
		if worst := c.worst(); worst != nil && worst.score < s.score/4 {
			c.choke(worst, now)
			c.unchoke(s, now)
		}
	}
}

// worst is who has the lowest score of those with a regular slot, or nil.
func (c *Choker[K]) worst() *state[K] {
	var worst *state[K]
	for _, s := range c.order {
		if s.unchoked && s != c.optimistic && (worst == nil || s.score < worst.score) {
			worst = s
		}
	}
	return worst
}

// rotate gives the optimistic slot to the next when its time is over.
func (c *Choker[K]) rotate(now time.Time) {
	if c.turns() || c.slots == 0 || c.optimistic != nil && now.Sub(c.chosen) < optimisticTime {
		return
	}
	next := c.draw(now)
	if next == nil {
		return
	}
	if c.optimistic != nil {
		c.choke(c.optimistic, now)
	}
	c.unchoke(next, now)
	c.optimistic, c.chosen = next, now
}

// draw chooses who has the optimistic slot next, or nil if nobody waits: at
// random, but nobody waits for ever.
func (c *Choker[K]) draw(now time.Time) *state[K] {
	var oldest *state[K]
	c.ranked = c.ranked[:0]
	tickets := 0
	for _, s := range c.order {
		if s.unchoked || !s.peer.Interested {
			continue
		}
		c.ranked = append(c.ranked, s)
		tickets += c.chance(s, now)
		if oldest == nil || s.since.Before(oldest.since) {
			oldest = s
		}
	}
	if oldest == nil || now.Sub(oldest.since) >= overdueTurns*optimisticTime*time.Duration(len(c.ranked)) {
		return oldest
	}
	ticket := c.config.Rand.IntN(tickets)
	for _, s := range c.ranked {
		if ticket -= c.chance(s, now); ticket < 0 {
			return s
		}
	}
	return nil
}

// chance is how likely a peer is to be drawn.
func (c *Choker[K]) chance(s *state[K], now time.Time) int {
	if s.peer.Empty || now.Sub(s.peer.Connected) < newTime {
		return newcomerChance
	}
	return 1
}

// eligible reports whether a free slot may be given to s.
func (c *Choker[K]) eligible(s *state[K]) bool {
	return s.peer.Interested && !s.snubbed && (!s.unchoked || s == c.optimistic)
}

// taken is how many regular slots are in use.
func (c *Choker[K]) taken() int {
	n := 0
	for _, s := range c.order {
		if s.unchoked && s != c.optimistic {
			n++
		}
	}
	return n
}

// unchoke gives s a regular slot. If it had the optimistic one, that is free.
func (c *Choker[K]) unchoke(s *state[K], now time.Time) {
	if s == c.optimistic {
		c.optimistic, s.since = nil, now
	}
	if s.unchoked {
		return
	}
	s.waited = s.since
	s.unchoked, s.since = true, now
	decide(&c.decision.Unchoke, &c.decision.Choke, s.peer.Key)
}

// choke takes the slot of s, which waits from now on; if it had it for this tick
// only, as long as before.
func (c *Choker[K]) choke(s *state[K], now time.Time) {
	if s == c.optimistic {
		c.optimistic = nil
	}
	s.unchoked, s.since = false, now
	if undone := decide(&c.decision.Choke, &c.decision.Unchoke, s.peer.Key); undone {
		s.since = s.waited
	}
}

// decide adds a peer to what is decided in this tick, unless the opposite was: then
// nothing changes for it.
func decide[K comparable](list, opposite *[]K, key K) (undone bool) {
	if i := slices.Index(*opposite, key); i >= 0 {
		*opposite = slices.Delete(*opposite, i, i+1)
		return true
	}
	*list = append(*list, key)
	return false
}
