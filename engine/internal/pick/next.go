package pick

import (
	"math/bits"
	"slices"
	"time"
)

const (
	frontScan  = 128              // rarest pieces looked at before a peer's own are listed
	huntSize   = 64               // pieces in such a list
	openScan   = 256              // pieces in progress looked at for one choice
	slowPiece  = 30               // seconds; who needs longer for a piece shares pieces
	refusalEnd = 10 * time.Second // then a refused piece is asked for again
)

// turn is one call of Next.
type turn struct {
	*Picker
	pr  *Peer
	n   int // blocks still to be picked
	dst []Block
	now time.Time
}

// Next appends up to n blocks to ask a peer for to dst, and marks them as
// requested of it. While it chokes us they are of allowed-fast pieces only.
// Cancels may be due afterwards: blocks taken over from slower peers.
func (p *Picker) Next(pr *Peer, n int, now time.Time, dst []Block) []Block {
	if pr.snubbed {
		n = min(n, 1-pr.outstanding)
	}
	if n <= 0 || pr.lent == 0 || pr.at < 0 {
		return dst
	}
	if pr.outstanding == 0 && (pr.gave || pr.since.IsZero()) {
		pr.since, pr.gave = now, false
	}
	pr.pardon(now)
	t := turn{p, pr, n, dst, now}
	if pr.choked {
		t.allowed()
		return t.dst
	}
	t.hurry()
	for class := range classes {
		for t.n > 0 {
			pg := p.choose(pr, class)
			if pg == nil {
				break
			}
			t.fill(pg)
		}
	}
	t.steal()
	t.double()
	return t.dst
}

// pardon forgets old refusals: a peer whose queue was full refuses what it has.
func (pr *Peer) pardon(now time.Time) {
	switch {
	case len(pr.refused) == 0:
	case pr.refusedSince.IsZero():
		pr.refusedSince = now
	case now.Sub(pr.refusedSince) > refusalEnd:
		pr.refused = nil
	}
}

// fill takes free blocks of a piece, lowest first, so that they can be hashed
// as they come.
func (t *turn) fill(pg *progress) {
	for t.n > 0 && pg.free > 0 {
		b := &pg.blocks[pg.first]
		if !b.arrived && b.by[0].from == nil {
			t.dst = append(t.dst, t.ask(t.pr, pg, pg.first))
			t.n--
		}
		pg.first++
	}
}

// allowed takes blocks of pieces that may be requested while choked.
func (t *turn) allowed() {
	for _, piece := range t.pr.fast {
		if t.n == 0 || !t.lacks(piece) || !t.pr.can(piece) {
			continue
		}
		pg := t.active[piece]
		if pg == nil {
			pg = t.begin(piece, t.pr)
		}
		t.fill(pg)
	}
}

// choose returns the piece of a class that a peer is to fetch next, with free
// blocks, or nil.
func (p *Picker) choose(pr *Peer, class int) *progress {
	if i := slices.IndexFunc(pr.own, func(pg *progress) bool { return p.class(pg.piece) == class && pr.can(pg.piece) }); i >= 0 {
		return pr.own[i]
	}
	s := p.survey(pr, class)
	switch {
	case s.orphan != nil:
		s.orphan.adopt(pr)
		return s.orphan
	case s.slow != nil && p.slow(pr):
		return s.slow
	case s.late != nil && p.crowded():
		return s.late
	}
	if piece := p.rarest(pr, class); piece >= 0 {
		return p.begin(p.head(pr, class, piece), pr)
	}
	return s.late
}

// slow reports whether a peer is known to need too long for a whole piece.
func (p *Picker) slow(pr *Peer) bool {
	return pr.rate > 0 && float64(p.c.PieceLength)/pr.rate > slowPiece
}

// crowded reports whether more pieces are begun than peers can finish soon.
func (p *Picker) crowded() bool { return len(p.open) > p.unchoking*3/2+2 }

// offers are the pieces in progress of which a peer could take a part.
type offers struct {
	orphan *progress // nobody goes on with it
	slow   *progress // a slow peer's
	late   *progress // the one that its owner will finish last
}

// survey looks at pieces with free blocks, a bounded number of them; the next
// call goes on where this one ends.
func (p *Picker) survey(pr *Peer, class int) (s offers) {
	n := min(len(p.open), openScan)
	if p.turn >= len(p.open) {
		p.turn = 0
	}
	for range n {
		pg := p.open[p.turn]
		if p.turn++; p.turn == len(p.open) {
			p.turn = 0
		}
		if p.class(pg.piece) != class || !pr.can(pg.piece) {
			continue
		}
		if pg.orphan() {
			s.orphan = p.better(pg, s.orphan, pg.nearer)
			continue
		}
		if p.slow(pg.owner) {
			s.slow = p.better(pg, s.slow, pg.nearer)
		}
		s.late = p.better(pg, s.late, pg.later)
	}
	return s
}

// better returns the one of two pieces to take; the second may be nil.
func (p *Picker) better(a, b *progress, prefer func(*progress) bool) *progress {
	switch {
	case b == nil:
		return a
	case p.sequential:
		if a.piece < b.piece {
			return a
		}
	case prefer(b):
		return a
	}
	return b
}

func (pg *progress) nearer(b *progress) bool { return pg.free < b.free }

// later compares free/rate without dividing by a rate that may be 0.
func (pg *progress) later(b *progress) bool {
	return float64(pg.free)*(b.owner.rate+1) > float64(b.free)*(pg.owner.rate+1)
}

// rarest returns the fresh piece of a class to fetch next from a peer, or -1.
func (p *Picker) rarest(pr *Peer, class int) int {
	if p.sequential {
		return p.lowest(pr, class)
	}
	if piece := p.following(pr, class); piece >= 0 {
		return piece
	}
	pieces := p.order[class].pieces
	if !pr.all {
		pieces = pieces[p.order[class].start(1):]
	} else if piece := p.share(pr, class); piece >= 0 {
		return piece
	}
	for _, i := range pieces[:min(len(pieces), frontScan)] {
		if pr.can(int(i)) {
			return int(i)
		}
	}
	if len(pieces) <= frontScan {
		return -1
	}
	return p.hunt(pr, class)
}

// common returns the fresh pieces of a class in word i that a peer has.
func (p *Picker) common(pr *Peer, class, i int) uint64 {
	word := p.fresh[i]
	if !pr.all {
		word &= pr.have[i]
	}
	if class == high {
		return word & p.high[i]
	}
	return word &^ p.high[i]
}

// lowest returns the first fresh piece of a class that a peer has, or -1.
func (p *Picker) lowest(pr *Peer, class int) int {
	for i := range p.fresh {
		for word := p.common(pr, class, i); word != 0; word &= word - 1 {
			if piece := i*64 + bits.TrailingZeros64(word); pr.can(piece) {
				return piece
			}
		}
	}
	return -1
}
