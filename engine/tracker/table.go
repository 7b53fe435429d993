package tracker

import (
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shards   = 32 // each with a lock of its own
	tick     = 100 * time.Millisecond
	perSwarm = 64 // peers of one source in one swarm
	sourceOf = 16 // one source may have this part of all peers,
	swarmOf  = 4  // one swarm this
	least    = 64 // but that many in any case
	attempts = 3  // to make room
)

// bounds are what a table may hold.
type bounds struct {
	keep     time.Duration // a peer is forgotten that is quiet for longer
	steady   time.Duration // for so long after an announce nobody else takes a peer's place
	torrents int           // swarms at most
	peers    int           // peers at most, in all swarms
}

// table holds all swarms, in shards that are locked one at a time. Its methods may
// be called from any goroutine and wait for nothing but each other.
type table struct {
	bounds
	start   time.Time
	shards  [shards]shard
	swarms  atomic.Int64
	members atomic.Int64
	sources *tally // peers of each source
	pairs   *tally // peers of each source in each swarm
}

type shard struct {
	mu     sync.Mutex
	byHash map[[20]byte]*swarm
	size   atomic.Int64 // its peers
	_      [64]byte     // so that the locks of two cores do not share a cache line
}

func newTable(b bounds) *table {
	t := &table{bounds: b, start: time.Now(), sources: newTally(b.peers), pairs: newTally(b.peers)}
	for i := range t.shards {
		t.shards[i].byHash = make(map[[20]byte]*swarm)
	}
	return t
}

func (t *table) shard(hash *[20]byte) *shard {
	return &t.shards[maphash.Bytes(seeded, hash[:])%shards]
}

func (t *table) moment(now time.Time) uint32 { return uint32(max(0, now.Sub(t.start)/tick)) }

// announce takes an announce that came at now, and adds other peers of its swarm to f.
func (t *table) announce(a *announcement, now time.Time, f *found) {
	sh := t.shard(&a.hash)
	for range attempts {
		sh.mu.Lock()
		done := t.visit(sh, a, t.moment(now), f)
		sh.mu.Unlock()
		if done {
			return
		}
		t.makeRoom()
	}
	f.crowded = true
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s := sh.byHash[a.hash]; s != nil {
		s.tell(a, -1, f)
	}
}

// visit does what an announce says, or reports false if the table is full. The shard
// is locked.
func (t *table) visit(sh *shard, a *announcement, now uint32, f *found) bool {
	var buf [v6Width]byte
	addr := put(&buf, a.addr)
	s, at := sh.byHash[a.hash], -1
	if s != nil {
		at = s.family(a.addr.Addr()).find(addr)
	}
	switch {
	case at >= 0 && !t.believes(&s.family(a.addr.Addr()).members[at], a, now):
		f.strange = true
	case at >= 0 && a.event == stopped:
		t.drop(sh, a.hash, s, s.family(a.addr.Addr()), at)
		at = -1
	case at >= 0:
		at = s.renew(at, a, now)
	case a.event == stopped || a.passing: // there is nothing to take in
	case !t.mayJoin(a):
		f.crowded = true
	default:
		if s = t.join(sh, s, a, addr); s == nil {
			t.leave(a.addr.Addr(), a.hash)
			return false
		}
		at = s.renew(s.family(a.addr.Addr()).find(addr), a, now)
	}
	if s != nil {
		s.tell(a, at, f)
	}
	return true
}

// believes reports whether an announce is of the peer that has its address: it has
// its ID or its key, or the peer has been quiet for so long that another may have
// the address now. Somebody behind the same router cannot end it otherwise.
func (t *table) believes(m *member, a *announcement, now uint32) bool {
	if m.id == a.id || m.key != 0 && m.key == a.key {
		return true
	}
	return a.event != stopped && now-m.moment() >= uint32(t.steady/tick)
}

// mayJoin counts a new peer of its source, unless that has enough.
func (t *table) mayJoin(a *announcement) bool {
	most := max(min(t.peers/sourceOf, t.torrents/2), least)
	if !t.sources.take(sourceSum(a.addr.Addr()), most) {
		return false
	}
	if !t.pairs.take(pairSum(a.addr.Addr(), a.hash), perSwarm) {
		t.sources.give(sourceSum(a.addr.Addr()))
		return false
	}
	return true
}

func (t *table) leave(ip netip.Addr, hash [20]byte) {
	t.sources.give(sourceSum(ip))
	t.pairs.give(pairSum(ip, hash))
}

// join puts a peer in a swarm, a new one if s is nil. It returns nil if the table
// is full.
func (t *table) join(sh *shard, s *swarm, a *announcement, addr []byte) *swarm {
	if t.members.Add(1) > int64(t.peers) {
		t.members.Add(-1)
		return nil
	}
	if s == nil {
		if t.swarms.Add(1) > int64(t.torrents) {
			t.swarms.Add(-1)
			t.members.Add(-1)
			return nil
		}
		s = newSwarm()
		sh.byHash[a.hash] = s
	}
	sh.size.Add(1)
	s.family(a.addr.Addr()).add(addr, member{})
	if s.len() > max(t.peers/swarmOf, least) {
		t.dropQuiet(sh, a.hash, s, addr)
	}
	return s
}

// drop forgets a peer, and its swarm if nothing is left to tell of it.
func (t *table) drop(sh *shard, hash [20]byte, s *swarm, list *peers, at int) {
	t.leave(ipOf(list.addr(at)), hash)
	list.remove(at)
	sh.size.Add(-1)
	t.members.Add(-1)
	if s.len() == 0 && s.downloads == 0 {
		t.shut(sh, hash)
	}
}

// shut forgets a swarm without peers.
func (t *table) shut(sh *shard, hash [20]byte) {
	delete(sh.byHash, hash)
	t.swarms.Add(-1)
}

// dropQuiet forgets a peer of s, of those that are quiet for long, but not except.
func (t *table) dropQuiet(sh *shard, hash [20]byte, s *swarm, except []byte) {
	list := &s.v4
	if rand.IntN(s.len()) >= s.v4.len() {
		list = &s.v6
	}
	at := list.quiet()
	if string(list.addr(at)) == string(except) {
		if list.len() == 1 {
			return
		}
		at = (at + 1) % list.len()
	}
	t.drop(sh, hash, s, list, at)
}

// makeRoom forgets a peer or a swarm of those that are worth the least, if there
// are as many as there may be.
func (t *table) makeRoom() {
	if t.swarms.Load() >= int64(t.torrents) {
		t.shutOne()
	}
	if t.members.Load() < int64(t.peers) {
		return
	}
	fullest := &t.shards[0]
	for i := range t.shards {
		if t.shards[i].size.Load() > fullest.size.Load() {
			fullest = &t.shards[i]
		}
	}
	fullest.mu.Lock()
	defer fullest.mu.Unlock()
	hash, s := fullest.choose(func(a, b *swarm) bool { return a.len() > b.len() })
	if s != nil && s.len() > 0 {
		t.dropQuiet(fullest, hash, s, nil)
	}
}

// shutOne forgets the smallest of some swarms, of equal ones the longest quiet.
func (t *table) shutOne() {
	var from *shard
	var hash [20]byte
	var best swarmSize
	first, seen := rand.IntN(shards), 0
	for i := 0; i < shards && seen < 64; i++ {
		sh := &t.shards[(first+i)%shards]
		sh.mu.Lock()
		h, s := sh.choose(func(a, b *swarm) bool { return a.size().less(b.size()) })
		if seen += len(sh.byHash); s != nil && (from == nil || s.size().less(best)) {
			from, hash, best = sh, h, s.size()
		}
		sh.mu.Unlock()
	}
	if from == nil {
		return
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	if s := from.byHash[hash]; s != nil { // nobody else shut it meanwhile
		t.empty(from, hash, s)
	}
}

// empty forgets a swarm with its peers.
func (t *table) empty(sh *shard, hash [20]byte, s *swarm) {
	s.downloads = 0
	if s.len() == 0 {
		t.shut(sh, hash)
	}
	for _, list := range []*peers{&s.v4, &s.v6} {
		for list.len() > 0 {
			t.drop(sh, hash, s, list, list.len()-1)
		}
	}
}

// choose returns the best of 64 swarms of the shard, nil if it has none.
func (sh *shard) choose(better func(a, b *swarm) bool) (hash [20]byte, best *swarm) {
	n := 0
	for h, s := range sh.byHash { // begins anywhere
		if best == nil || better(s, best) {
			hash, best = h, s
		}
		if n++; n == 64 {
			break
		}
	}
	return hash, best
}

// sweep forgets peers that have been quiet for too long.
func (t *table) sweep(now time.Time) {
	moment, keep := t.moment(now), uint32(t.keep/tick)
	for i := range t.shards {
		sh := &t.shards[i]
		sh.mu.Lock()
		for hash, s := range sh.byHash {
			for _, list := range []*peers{&s.v4, &s.v6} {
				for at := list.len() - 1; at >= 0; at-- {
					if at < list.len() && moment-list.members[at].moment() > keep {
						t.drop(sh, hash, s, list, at)
					}
				}
			}
		}
		sh.mu.Unlock()
	}
}

// scrape returns the counts of a swarm, and false if there is none.
func (t *table) scrape(hash *[20]byte) (counts, bool) {
	sh := t.shard(hash)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s := sh.byHash[*hash]
	if s == nil {
		return counts{}, false
	}
	return s.counts(), true
}
