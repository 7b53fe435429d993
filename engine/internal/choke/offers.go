package choke

import (
	"slices"
	"time"

	"piecewise/engine/internal/plane"
)

// guest is what a super-seed knows of a peer.
type guest[K comparable] struct {
	key         K
	offered     time.Time // when the last offer was made
	have, shown plane.Bits
	missing     int
	offers      []offer // not more than offersAtOnce, but for eager ones
	watched     bool    // it was shown everything before
}

// offer is a piece that was shown and is not known to have come further.
type offer struct {
	piece   int
	touched time.Time // shown, in transfer or announced
	there   bool      // the peer has it
}

// resting reports whether the leeches can do without us, since they have a full
// copy to share. Then offers only trickle, so that a swarm that is stuck goes on.
func (s *Superseed[K]) resting() bool { return s.leeches > 1 && s.Copies() > 0 }

func (s *Superseed[K]) admit(key K, have plane.Bits) *guest[K] {
	s.Leave(key)
	n := len(s.copies.level)
	g := &guest[K]{key: key, have: plane.MakeBits(n), shown: plane.MakeBits(n), missing: n}
	s.peers[key] = g
	s.order = append(s.order, g)
	if n > 0 {
		s.leeches++
	}
	for piece := range n {
		if have.Has(piece) {
			s.count(g, piece)
		}
	}
	return g
}

// count adds a piece to what a peer has.
func (s *Superseed[K]) count(g *guest[K], piece int) {
	g.have.Set(piece)
	s.copies.add(piece)
	s.load.add(piece)
	if g.missing--; g.missing == 0 {
		s.leeches--
	}
}

// passed ends the offers of a piece to others than g, which has it now.
func (s *Superseed[K]) passed(g *guest[K], piece int, now time.Time) {
	if s.held[piece] == 0 {
		return
	}
	for _, other := range s.order {
		if other != g && s.settle(other, piece) && !s.resting() {
			s.refill(other, now)
		}
	}
}

// settle ends the offer of a piece to g, if there is one and g has the piece.
func (s *Superseed[K]) settle(g *guest[K], piece int) bool {
	for i, o := range g.offers {
		if o.piece == piece && o.there {
			s.drop(g, i)
			return true
		}
	}
	return false
}

func (s *Superseed[K]) drop(g *guest[K], i int) {
	if o := g.offers[i]; !o.there {
		s.load.sub(o.piece)
	} else if s.held[o.piece]--; s.held[o.piece] == 0 {
		delete(s.held, o.piece)
	}
	g.offers = slices.Delete(g.offers, i, i+1)
}

// refill makes offers to g until it has as many as it may.
func (s *Superseed[K]) refill(g *guest[K], now time.Time) {
	for !g.watched && len(g.offers) < offersAtOnce && s.extend(g, now) {
	}
}

// extend offers g the piece that is least around and least offered.
func (s *Superseed[K]) extend(g *guest[K], now time.Time) bool {
	if g.missing == 0 {
		return false
	}
	piece, ok := s.load.pick(s.rand, func(i int) bool { return !g.have.Has(i) && !g.shown.Has(i) })
	if !ok {
		return false
	}
	g.shown.Set(piece)
	s.load.add(piece)
	g.offers = append(g.offers, offer{piece: piece, touched: now})
	g.offered = now
	s.offers = append(s.offers, Offer[K]{g.key, piece})
	return true
}
