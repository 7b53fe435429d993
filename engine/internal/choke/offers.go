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

// resting reports whether the leeches can do without us, since every piece is with
// one of them or on its way there. Then offers only trickle, so that a swarm that
// is stuck goes on.
func (s *Superseed[K]) resting() bool { return s.leeches > 1 && s.load.least() > 0 }

func (s *Superseed[K]) admit(key K, have plane.Bits) *guest[K] {
	s.forget(key)
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
		if other != g && s.settle(other, piece) {
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
	for !g.watched && len(g.offers) < offersAtOnce && !s.resting() && s.extend(g, now) {
	}
}

// extend offers g the piece that is least around and least offered. If all are
// offered and some are still on their way, it is one of these: who was shown it
// may be slow.
func (s *Superseed[K]) extend(g *guest[K], now time.Time) bool {
	if g.missing == 0 {
		return false
	}
	from := &s.load
	if s.resting() && s.Copies() == 0 {
		from = &s.copies
	}
	piece, ok := from.pick(s.rand, func(i int) bool { return !g.have.Has(i) && !g.shown.Has(i) })
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

// aid makes an offer to the leech that lacks most, now and then.
func (s *Superseed[K]) aid(now time.Time) {
	if s.gained++; s.gained < aidEvery {
		return
	}
	var last *guest[K]
	for _, g := range s.order {
		if !g.watched && (last == nil || g.missing > last.missing) {
			last = g
		}
	}
	if last != nil && s.extend(last, now) {
		s.gained = 0
	}
}

const paceTime = 5 * time.Second

// pace compares what the leeches get of each other with what they get of us, in
// pieces.
type pace struct {
	since        time.Time
	ours, theirs int  // since then
	best         int  // the most of ours in one period
	slow         bool // in the last one, theirs were fewer than that
}

// count takes in a piece that came to a leech, from us or not.
func (p *pace) count(ours bool) {
	if ours {
		p.ours++
	} else {
		p.theirs++
	}
}

// tick ends a period when it is time.
func (p *pace) tick(now time.Time) {
	if now.Sub(p.since) < paceTime {
		return
	}
	p.best = max(p.best, p.ours)
	p.slow = p.theirs < p.best
	p.since, p.ours, p.theirs = now, 0, 0
}
