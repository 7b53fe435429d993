package choke

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// The times of the choker.
const (
	roundTime      = 10 * time.Second // between two rankings
	slotTime       = 20 * time.Second // how long a slot lasts where peers take turns
	optimisticTime = 30 * time.Second
	snubTime       = 60 * time.Second // without a block that we wait for
	graceTime      = 3 * time.Second  // a slot is kept after NotInterested
	newTime        = 60 * time.Second // after connecting a peer is a newcomer
)

// Config are a choker's options. The zero value is a good choice.
type Config struct {
	// Fastest makes a seed give its slots to those who take the most. Otherwise
	// everybody has a turn.
	Fastest bool
	// OptimisticWeight is the share of the optimistic peer in a limited upload,
	// where the others have 1. 0 means a third; below a quarter newcomers
	// starve, so a quarter is the least.
	OptimisticWeight float64
	// Rand decides between equals; nil means a source with a random seed.
	Rand *rand.Rand
}

// Peer is what the choker has to know of a connected peer.
type Peer[K comparable] struct {
	Key       K
	Connected time.Time
	// Waiting is since when it owes us a block: the later of its last block and
	// the moment from which we were interested, unchoked and had requests out.
	// It is zero if one of these is not so.
	Waiting        time.Time
	Interested     bool  // it wants something we have
	Empty          bool  // it has no piece yet
	Received, Sent int64 // payload from and to it since it connected, bytes
}

// Snubbed reports whether the peer has left us waiting for a minute.
func (p *Peer[K]) Snubbed(now time.Time) bool {
	return !p.Waiting.IsZero() && now.Sub(p.Waiting) >= snubTime
}

// Round is the state of a torrent at one moment.
type Round[K comparable] struct {
	// Peers are all that are connected, each key once. A peer that is missing
	// is forgotten.
	Peers []Peer[K]
	// Slots is how many may be unchoked. A leech, and a seed that prefers the
	// fastest, keeps one of them for the optimistic unchoke; if there is only
	// one, it is the optimistic one. A super-seed needs as many as it has peers.
	Slots int
	// Seeding is whether we want nothing more from anybody.
	Seeding bool
}

// Decision is what has to change. Its slices are valid until the next Tick.
type Decision[K comparable] struct {
	Unchoke, Choke []K
	// Optimistic is the peer in the optimistic slot, if HasOptimistic.
	Optimistic    K
	HasOptimistic bool
}

// Choker decides for one torrent which peers are unchoked. Its peers start out
// choked.
type Choker[K comparable] struct {
	config     Config
	states     map[K]*state[K]
	order      []*state[K] // in the order of the last round's peers
	ranked     []*state[K] // scratch
	optimistic *state[K]
	chosen     time.Time // when optimistic got its slot
	next       time.Time // the next ranking
	slots      int
	seeding    bool
	changed    bool // config is new
	tick       uint64
	decision   Decision[K]
}

// state is what a choker remembers of a peer.
type state[K comparable] struct {
	peer     Peer[K]
	marks    [2]totals // one and two rankings ago
	score    int64     // bytes since marks[1]
	since    time.Time // of the slot, or of waiting for one; zero if it never wanted one
	waited   time.Time // since, before it got the slot
	lost     time.Time // when it ceased to be interested
	luck     uint64    // decides between equals
	tick     uint64    // when it was last seen
	unchoked bool
	snubbed  bool
	risen    bool   // became interested in this tick
	won      uint64 // the tick of the last ranking in which it got a slot
}

// totals are a peer's payload counters.
type totals struct{ received, sent int64 }

// New returns a choker without peers.
func New[K comparable](config Config) *Choker[K] {
	c := &Choker[K]{states: map[K]*state[K]{}}
	c.Configure(config)
	return c
}

// Configure changes the options. The slots are given anew at the next Tick. A nil
// Rand leaves the one that there is.
func (c *Choker[K]) Configure(config Config) {
	if config.Rand == nil {
		config.Rand = c.config.Rand
	}
	if config.Rand == nil {
		config.Rand = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	if config.OptimisticWeight == 0 {
		config.OptimisticWeight = 1.0 / 3
	}
	config.OptimisticWeight = max(config.OptimisticWeight, 0.25)
	c.config, c.changed = config, true
}

// Tick decides what changes now. Call it about once a second and at once when a
// peer's interest, the number of slots or Seeding changes; it ranks at its own
// times.
func (c *Choker[K]) Tick(now time.Time, round Round[K]) Decision[K] {
	c.decision = Decision[K]{Unchoke: c.decision.Unchoke[:0], Choke: c.decision.Choke[:0]}
	rank := round.Seeding != c.seeding || round.Slots < c.slots || c.changed
	c.slots, c.seeding, c.changed = max(round.Slots, 0), round.Seeding, false
	c.observe(now, round.Peers)
	if !now.Before(c.next) {
		c.next = now.Add(roundTime)
		rank = true
		defer c.mark()
	}
	c.release(now)
	if rank {
		c.rank(now)
	} else {
		c.fill(now)
		c.swap(now)
	}
	c.rotate(now)
	if c.optimistic != nil {
		c.decision.Optimistic, c.decision.HasOptimistic = c.optimistic.peer.Key, true
	}
	return c.decision
}

// Unchoked reports whether the peer has a slot.
func (c *Choker[K]) Unchoked(key K) bool {
	s := c.states[key]
	return s != nil && s.unchoked
}

// Weight is the peer's weight in the sharing of a limited upload: 1, or less for
// the one in the optimistic slot.
func (c *Choker[K]) Weight(key K) float64 {
	if c.optimistic != nil && c.optimistic.peer.Key == key {
		return c.config.OptimisticWeight
	}
	return 1
}

// regular is how many slots go by merit or turn.
func (c *Choker[K]) regular() int {
	if c.turns() || c.slots == 0 {
		return c.slots
	}
	return c.slots - 1
}

// turns reports whether everybody has a turn, so that no slot has to be
// optimistic.
func (c *Choker[K]) turns() bool { return c.seeding && !c.config.Fastest }

// observe takes in the peers as they are now.
func (c *Choker[K]) observe(now time.Time, peers []Peer[K]) {
	c.tick++
	c.order = c.order[:0]
	for i := range peers {
		p := &peers[i]
		s := c.states[p.Key]
		if s == nil {
			s = &state[K]{luck: c.config.Rand.Uint64(), lost: now}
			s.marks[0] = totals{p.Received, p.Sent}
			s.marks[1] = s.marks[0]
			c.states[p.Key] = s
		}
		s.risen = p.Interested && !s.peer.Interested
		if s.peer.Interested && !p.Interested {
			s.lost = now
		}
		if p.Interested && s.since.IsZero() {
			s.since = now
		}
		s.peer, s.tick = *p, c.tick
		s.snubbed = !c.seeding && p.Snubbed(now)
		s.score = c.merit(s)
		c.order = append(c.order, s)
	}
	if len(c.states) == len(c.order) {
		return
	}
	for key, s := range c.states {
		if s.tick != c.tick {
			delete(c.states, key)
		}
	}
	if c.optimistic != nil && c.optimistic.tick != c.tick {
		c.optimistic = nil
	}
}

// merit is what a peer gave us lately, in bytes; for a seed, what it took.
func (c *Choker[K]) merit(s *state[K]) int64 {
	switch {
	case s.snubbed || c.turns():
		return 0
	case c.seeding:
		return max(s.peer.Sent-s.marks[1].sent, 0)
	}
	return max(s.peer.Received-s.marks[1].received, 0)
}

// mark ends one period of the score.
func (c *Choker[K]) mark() {
	for _, s := range c.order {
		s.marks = [2]totals{{s.peer.Received, s.peer.Sent}, s.marks[0]}
	}
}

// compare ranks the better first: a higher score, then a turn that has not
// ended, then the longest wait.
func (c *Choker[K]) compare(now time.Time) func(a, b *state[K]) int {
	turn := func(s *state[K]) int {
		switch {
		case !s.unchoked:
			return 1
		case s != c.optimistic && now.Sub(s.since) < slotTime:
			return 0
		}
		return 2
	}
	return func(a, b *state[K]) int {
		if a.score != b.score {
			return cmp.Compare(b.score, a.score)
		}
		if d := turn(a) - turn(b); d != 0 {
			return d
		}
		if d := a.since.Compare(b.since); d != 0 {
			return d
		}
		return cmp.Compare(a.luck, b.luck)
	}
}

// candidates returns, best first, who can have a regular slot.
func (c *Choker[K]) candidates(now time.Time) []*state[K] {
	c.ranked = c.ranked[:0]
	for _, s := range c.order {
		if (s.peer.Interested || s.unchoked) && !s.snubbed {
			c.ranked = append(c.ranked, s)
		}
	}
	slices.SortFunc(c.ranked, c.compare(now))
	return c.ranked
}
