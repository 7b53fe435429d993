package choke

import (
	"math/rand/v2"
	"slices"
	"time"

	"piecewise/engine/internal/plane"
)

// The rules of super-seeding.
const (
	offersAtOnce = 2
	offerTime    = 10 * time.Second // without progress before the next offer is made
	aidEvery     = 40               // pieces that leeches get of each other, and one of us to the last
)

// Offer is a piece to be shown to a peer, with a Have.
type Offer[K comparable] struct {
	Key   K
	Piece int
}

// Superseed decides which pieces a seed shows to whom, so that it has to send
// as little more than one copy as possible (BEP 16). Towards its peers the seed
// pretends to have nothing (no bitfield, or HaveNone), sends no Have but those of
// the offers, and neither allows pieces fast nor serves one that it has not
// shown.
type Superseed[K comparable] struct {
	rand    *rand.Rand
	peers   map[K]*guest[K]
	order   []*guest[K] // as they joined
	leeches int
	parted  int         // peers that had everything when they left
	copies  spread      // by how many peers have the piece
	load    spread      // by copies plus open offers
	held    map[int]int // offers of a piece to peers that have it and are not known to have passed it on
	gained  int         // pieces that leeches got since the last aid
	pace    pace
	offers  []Offer[K]
}

// NewSuperseed returns a super-seed without peers for a torrent of so many
// pieces. A nil random source means one with a random seed.
func NewSuperseed[K comparable](pieces int, random *rand.Rand) *Superseed[K] {
	if random == nil {
		random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	return &Superseed[K]{
		rand:   random,
		peers:  map[K]*guest[K]{},
		copies: makeSpread(pieces),
		load:   makeSpread(pieces),
		held:   map[int]int{},
	}
}

// Join takes in a peer that has been told nothing, when its bitfield is known or
// taken to be empty, and returns the first offers. Offers of all methods are
// valid until the next call.
func (s *Superseed[K]) Join(key K, have plane.Bits, now time.Time) []Offer[K] {
	g := s.admit(key, have)
	g.offered = now
	s.offers = s.offers[:0]
	s.refill(g, now)
	return s.offers
}

// Watch takes in a peer that already knows that we have everything, because
// super-seeding was off when it connected. It counts, but gets no offers, and
// every piece is allowed.
func (s *Superseed[K]) Watch(key K, have plane.Bits) { s.admit(key, have).watched = true }

// Leave forgets a peer, but not that it had everything: seeds part with each other,
// often before anybody asks whether this is Done.
func (s *Superseed[K]) Leave(key K) {
	if g := s.forget(key); g != nil && g.missing == 0 {
		s.parted++
	}
}

// forget takes a peer out, and returns it if it was there.
func (s *Superseed[K]) forget(key K) *guest[K] {
	g := s.peers[key]
	if g == nil {
		return nil
	}
	for len(g.offers) > 0 {
		s.drop(g, 0)
	}
	for piece := range g.have.Len() {
		if g.have.Has(piece) {
			s.copies.sub(piece)
			s.load.sub(piece)
		}
	}
	if g.missing > 0 {
		s.leeches--
	}
	delete(s.peers, key)
	if i := slices.Index(s.order, g); i >= 0 {
		s.order = slices.Delete(s.order, i, i+1)
	}
	return g
}

// Have takes in that a peer has got a piece and returns the offers that follow:
// those who were shown it and are not the ones who announce it have passed it
// on. Once every piece is with a leech or on its way to one, there is one offer for
// every 40 pieces that the leeches get, to the one that lacks most. A piece out of
// range is ignored.
func (s *Superseed[K]) Have(key K, piece int, now time.Time) []Offer[K] {
	s.offers = s.offers[:0]
	g := s.peers[key]
	if g == nil || piece < 0 || piece >= g.have.Len() || g.have.Has(piece) {
		return nil
	}
	elsewhere, offered := s.copies.level[piece] > 0, false
	s.count(g, piece)
	for i := range g.offers {
		if o := &g.offers[i]; o.piece == piece {
			s.load.sub(piece)
			o.there, o.touched, offered = true, now, true
			s.held[piece]++
		}
	}
	s.pace.count(offered)
	if elsewhere || s.leeches <= 1 {
		s.settle(g, piece)
	}
	s.refill(g, now)
	if elsewhere {
		s.passed(g, piece, now)
	}
	if s.resting() && s.Copies() > 0 {
		s.aid(now)
	}
	return s.offers
}

// Sent takes in that a block of a piece went to a peer, which shows that an
// offer makes progress.
func (s *Superseed[K]) Sent(key K, piece int, now time.Time) {
	if g := s.peers[key]; g != nil {
		for i := range g.offers {
			if g.offers[i].piece == piece {
				g.offers[i].touched = now
			}
		}
	}
}

// Tick returns the offers that replace those without progress for 10 s, one at a
// time for each once every piece is with a leech or on its way to one. Call it about
// once a second.
func (s *Superseed[K]) Tick(now time.Time) []Offer[K] {
	s.offers = s.offers[:0]
	s.pace.tick(now)
	for _, g := range s.order {
		for i := len(g.offers) - 1; i >= 0; i-- {
			if now.Sub(g.offers[i].touched) >= offerTime {
				s.drop(g, i)
			}
		}
		s.refill(g, now)
		if s.resting() && !g.watched && len(g.offers) == 0 && now.Sub(g.offered) >= offerTime {
			s.extend(g, now)
		}
	}
	return s.offers
}

// Idle returns one more offer for when upload is idle and some pieces were shown
// to nobody yet: for the first peer that has fetched all it was shown.
func (s *Superseed[K]) Idle(now time.Time) []Offer[K] {
	s.offers = s.offers[:0]
	if s.resting() {
		return nil
	}
	for _, g := range s.order {
		if !g.watched && !slices.ContainsFunc(g.offers, func(o offer) bool { return !o.there }) {
			if s.extend(g, now) {
				break
			}
		}
	}
	return s.offers
}

// Allowed reports whether a peer may request a piece: only what it was shown.
func (s *Superseed[K]) Allowed(key K, piece int) bool {
	g := s.peers[key]
	return g != nil && (g.watched && piece >= 0 && piece < g.shown.Len() || g.shown.Has(piece))
}

// Copies is how many copies of every piece there are at least among the peers.
func (s *Superseed[K]) Copies() int { return s.copies.least() }

// Done reports whether super-seeding can end: so many peers have got everything, or
// there are as many copies of each piece among them, and the leeches, if any are
// left, give each other less than we could give them.
func (s *Superseed[K]) Done(copies int) bool {
	enough := len(s.peers)-s.leeches+s.parted >= copies || s.Copies() >= copies
	return enough && (s.pace.slow || s.leeches == 0)
}
