package tracker

import (
	"container/list"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"
)

// peer is a member of one swarm.
type peer struct {
	addr     netip.AddrPort
	id       [20]byte
	seed     bool
	finished bool // it was counted as a download
	last     time.Time
	swarm    *swarm
	index    int           // in swarm.peers
	age      *list.Element // in table.peers
}

// swarm is what is known of one info hash.
type swarm struct {
	hash      [20]byte
	byAddr    map[netip.AddrPort]*peer
	peers     []*peer // in no order
	seeds     int
	downloads int
	age       *list.Element // in table.swarms
}

// counts are what a swarm is told by a scrape (BEP 48).
type counts struct {
	Seeds     int `bencode:"complete"`
	Downloads int `bencode:"downloaded"`
	Leeches   int `bencode:"incomplete"`
}

func (s *swarm) counts() counts {
	return counts{s.seeds, s.downloads, len(s.peers) - s.seeds}
}

// table holds all swarms. Its methods may be called from any goroutine.
type table struct {
	keep                time.Duration // a peer is forgotten that is quiet for longer
	maxSwarms, maxPeers int

	mu     sync.Mutex
	byHash map[[20]byte]*swarm
	swarms *list.List // *swarm, the longest quiet one first
	peers  *list.List // *peer, the longest quiet one first
}

func newTable(keep time.Duration, maxSwarms, maxPeers int) *table {
	return &table{
		keep: keep, maxSwarms: maxSwarms, maxPeers: maxPeers,
		byHash: make(map[[20]byte]*swarm), swarms: list.New(), peers: list.New(),
	}
}

// announce takes an announce that came at now. It returns the counts of the swarm
// and up to a.want other peers of it, chosen at random; a seed is told of no seeds.
func (t *table) announce(a announcement, now time.Time) (counts, []peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	s := t.byHash[a.hash]
	if a.event == "stopped" {
		if s == nil {
			return counts{}, nil
		}
		if p := s.byAddr[a.addr]; p != nil {
			t.drop(p)
		}
		return s.counts(), nil
	}
	if s == nil {
		s = t.open(a.hash)
	}
	t.swarms.MoveToBack(s.age)
	p := s.byAddr[a.addr]
	if p == nil {
		p = t.join(s, a.addr)
	}
	p.last, p.id = now, a.peerID
	t.peers.MoveToBack(p.age)
	if p.seed != a.seed {
		p.seed = a.seed
		s.seeds += map[bool]int{true: 1, false: -1}[a.seed]
	}
	if a.event == "completed" && !p.finished {
		p.finished = true
		s.downloads++
	}
	return s.counts(), s.pick(p, a.want)
}

// scrape returns the counts of those swarms that exist.
func (t *table) scrape(hashes [][20]byte, now time.Time) map[string]counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	found := make(map[string]counts)
	for _, hash := range hashes {
		if s := t.byHash[hash]; s != nil {
			found[string(hash[:])] = s.counts()
		}
	}
	return found
}

func (t *table) open(hash [20]byte) *swarm {
	if len(t.byHash) >= t.maxSwarms {
		t.shut(t.swarms.Front().Value.(*swarm))
	}
	s := &swarm{hash: hash, byAddr: make(map[netip.AddrPort]*peer)}
	s.age = t.swarms.PushBack(s)
	t.byHash[hash] = s
	return s
}

// shut drops a swarm with its peers.
func (t *table) shut(s *swarm) {
	s.downloads = 0
	for len(s.peers) > 0 {
		t.drop(s.peers[len(s.peers)-1])
	}
	if t.byHash[s.hash] == s {
		delete(t.byHash, s.hash)
		t.swarms.Remove(s.age)
	}
}

func (t *table) join(s *swarm, addr netip.AddrPort) *peer {
	p := &peer{addr: addr, swarm: s, index: len(s.peers)}
	s.peers = append(s.peers, p)
	s.byAddr[addr] = p
	p.age = t.peers.PushBack(p)
	if t.peers.Len() > t.maxPeers {
		t.drop(t.peers.Front().Value.(*peer))
	}
	return p
}

// drop forgets a peer, and its swarm if nothing is left to tell of it.
func (t *table) drop(p *peer) {
	s := p.swarm
	s.swap(p.index, len(s.peers)-1)
	s.peers[len(s.peers)-1] = nil
	s.peers = s.peers[:len(s.peers)-1]
	delete(s.byAddr, p.addr)
	if p.seed {
		s.seeds--
	}
	t.peers.Remove(p.age)
	if len(s.peers) == 0 && s.downloads == 0 {
		delete(t.byHash, s.hash)
		t.swarms.Remove(s.age)
	}
}

func (t *table) expire(now time.Time) {
	for e := t.peers.Front(); e != nil; e = t.peers.Front() {
		p := e.Value.(*peer)
		if now.Sub(p.last) <= t.keep {
			return
		}
		t.drop(p)
	}
}

func (s *swarm) swap(i, j int) {
	s.peers[i], s.peers[j] = s.peers[j], s.peers[i]
	s.peers[i].index, s.peers[j].index = i, j
}

// pick returns copies of up to n random peers that are of use to asker.
func (s *swarm) pick(asker *peer, n int) []peer {
	var picked []peer
	if asker.seed && s.seeds == len(s.peers) {
		return nil
	}
	for i := 0; i < len(s.peers) && len(picked) < n; i++ {
		s.swap(i, i+rand.IntN(len(s.peers)-i))
		if p := s.peers[i]; p != asker && !(p.seed && asker.seed) {
			picked = append(picked, *p)
		}
	}
	return picked
}
