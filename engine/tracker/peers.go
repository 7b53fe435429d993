package tracker

import (
	"bytes"
	"hash/maphash"
	"math/rand/v2"
)

// kind is what a peer is to its swarm. Peers stand in this order.
type kind uint8

const (
	leech  kind = iota
	paused      // has some and wants no more (BEP 21)
	seed
)

// member is what is known of a peer besides its address.
type member struct {
	id   [20]byte
	key  uint32 // a hash of the announce's key; 0 if it has none
	last uint32 // the moment of its last announce, times two; and 1 if it was counted as a download
}

func (m *member) moment() uint32 { return m.last >> 1 }

// peers are the peers of one swarm with addresses of one family, in as little
// memory as it takes: two arrays, and an index once there are many.
type peers struct {
	width   int      // of an address: 6 bytes or 18
	addrs   []byte   // all addresses, as they are told (BEP 23, BEP 7)
	members []member // in the same order: leeches, then the paused, then seeds
	leeches int
	paused  int
	index   []uint32 // open addressing by address: 1 + the place, 0 is free; nil while there are few
}

const (
	fewPeers = 16 // are found without an index
	v4Width  = 6
	v6Width  = 18
)

// seeded makes what collides in an index unknown to those who choose addresses.
var seeded = maphash.MakeSeed()

func (p *peers) len() int { return len(p.members) }

func (p *peers) seeds() int { return len(p.members) - p.leeches - p.paused }

func (p *peers) addr(i int) []byte { return p.addrs[i*p.width : (i+1)*p.width] }

func (p *peers) kind(i int) kind {
	switch {
	case i < p.leeches:
		return leech
	case i < p.leeches+p.paused:
		return paused
	}
	return seed
}

// find returns the place of an address, or -1.
func (p *peers) find(addr []byte) int {
	if p.index == nil {
		for i := range p.members {
			if bytes.Equal(p.addr(i), addr) {
				return i
			}
		}
		return -1
	}
	for s := p.home(addr); ; s = p.after(s) {
		n := int(p.index[s])
		if n == 0 {
			return -1
		}
		if bytes.Equal(p.addr(n-1), addr) {
			return n - 1
		}
	}
}

// home is where in the index an address belongs.
func (p *peers) home(addr []byte) int {
	return int(maphash.Bytes(seeded, addr) >> 32 * uint64(len(p.index)) >> 32)
}

func (p *peers) after(s int) int {
	if s++; s == len(p.index) {
		return 0
	}
	return s
}

// add puts a peer in that is not there, as a leech, and returns its place.
func (p *peers) add(addr []byte, m member) int {
	n := len(p.members)
	if n == cap(p.members) {
		p.resize(n + n/16 + 2)
	}
	p.addrs = append(p.addrs, addr...)
	p.members = append(p.members, m)
	if p.index != nil {
		p.enter(n)
	}
	return p.move(n, leech)
}

// resize makes room for n peers, not fewer than there are.
func (p *peers) resize(n int) {
	p.members = append(make([]member, 0, n), p.members...)
	p.addrs = append(make([]byte, 0, n*p.width), p.addrs...)
	p.index = nil
	if n > fewPeers {
		p.index = make([]uint32, n+n/3)
		for i := range p.members {
			p.enter(i)
		}
	}
}

// enter notes a place in the index.
func (p *peers) enter(i int) {
	s := p.home(p.addr(i))
	for p.index[s] != 0 {
		s = p.after(s)
	}
	p.index[s] = uint32(i + 1)
}

// slot is where the index has a place.
func (p *peers) slot(i int) int {
	s := p.home(p.addr(i))
	for p.index[s] != uint32(i+1) {
		s = p.after(s)
	}
	return s
}

// move makes the peer at i one of kind k and returns its new place.
func (p *peers) move(i int, k kind) int {
	for p.kind(i) > k { // to the front of its kind, which then begins behind it
		first := p.leeches
		if p.kind(i) == seed {
			first += p.paused
			p.paused++
		} else {
			p.leeches++
			p.paused--
		}
		i = p.swap(i, first)
	}
	for p.kind(i) < k { // to the end of its kind, which then ends before it
		last := p.leeches - 1
		if p.kind(i) == paused {
			last += p.paused
			p.paused--
		} else {
			p.leeches--
			p.paused++
		}
		i = p.swap(i, last)
	}
	return i
}

// swap changes the places of two peers and returns j.
func (p *peers) swap(i, j int) int {
	if i == j {
		return j
	}
	if p.index != nil {
		a, b := p.slot(i), p.slot(j)
		p.index[a], p.index[b] = p.index[b], p.index[a]
	}
	var kept [v6Width]byte
	copy(kept[:], p.addr(i))
	copy(p.addr(i), p.addr(j))
	copy(p.addr(j), kept[:])
	p.members[i], p.members[j] = p.members[j], p.members[i]
	return j
}

// remove takes the peer at i out. Places of others change.
func (p *peers) remove(i int) {
	i = p.move(i, seed)
	n := len(p.members) - 1
	p.swap(i, n)
	if p.index != nil {
		p.vacate(p.slot(n))
	}
	p.members, p.addrs = p.members[:n], p.addrs[:n*p.width]
	if cap(p.members) > 2*n+8 {
		p.resize(n + n/16)
	}
}

// vacate frees a slot of the index and moves those up that it kept from home.
func (p *peers) vacate(free int) {
	for s := p.after(free); p.index[s] != 0; s = p.after(s) {
		home := p.home(p.addr(int(p.index[s]) - 1))
		if (s-home+len(p.index))%len(p.index) >= (s-free+len(p.index))%len(p.index) {
			p.index[free] = p.index[s]
			free = s
		}
	}
	p.index[free] = 0
}

// pick appends the places of up to n peers that are of use to a peer of kind k at
// the place self, which is -1 if it is not here: one at random of each of n parts of
// the circle in which they stand. Who wants nothing is told of leeches only.
func (p *peers) pick(dst []uint32, k kind, self, n int) []uint32 {
	of := p.useful(k)
	if self >= 0 && self < of {
		of-- // self is left out
	} else {
		self = of
	}
	n = min(n, of)
	if n <= 0 {
		return dst
	}
	random := rand.Uint64()
	first := int(random >> 32 * uint64(of) >> 32)
	for i := range n {
		from, to := i*of/n, (i+1)*of/n
		random = random*6364136223846793005 + 1442695040888963407
		at := first + from + int(random>>32*uint64(to-from)>>32)
		if at >= of {
			at -= of
		}
		if at >= self {
			at++
		}
		dst = append(dst, uint32(at))
	}
	return dst
}

// useful is how many peers, from the first, are of use to one of kind k.
func (p *peers) useful(k kind) int {
	if k == leech {
		return len(p.members)
	}
	return p.leeches
}

// quiet returns the place of the one of some that is quiet for longest. There must
// be a peer.
func (p *peers) quiet() int {
	place := rand.IntN(len(p.members))
	for range 7 {
		if i := rand.IntN(len(p.members)); p.members[i].moment() < p.members[place].moment() {
			place = i
		}
	}
	return place
}
