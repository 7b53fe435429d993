package pick

import (
	"slices"
	"time"
)

const (
	maxDeadlines = 1024 // pieces with a deadline that are remembered
	dueScan      = 64   // of these, looked at for one choice
)

// Deadline is when a piece must be here, for somebody who watches while it comes.
type Deadline struct {
	Piece int
	At    time.Time
}

// SetDeadlines replaces the deadlines, of which the first 1024 in time count. A
// wanted piece with a deadline is asked for before all others, the earliest first,
// of peers that will have sent it by then or of whoever is soonest; a block that
// will be late is asked of a second peer. Pieces that are here, are not wanted or
// that there are not are ignored.
func (p *Picker) SetDeadlines(all []Deadline) {
	p.due = slices.Clone(all)
	p.due = slices.DeleteFunc(p.due, func(d Deadline) bool { return d.Piece < 0 || d.Piece >= p.c.Pieces || p.have.has(d.Piece) })
	slices.SortStableFunc(p.due, func(a, b Deadline) int { return a.At.Compare(b.At) })
	p.due = p.due[:min(len(p.due), maxDeadlines)]
	p.urgent = nil
	if len(p.due) > 0 {
		p.urgent = makeSet(p.c.Pieces)
	}
	for _, d := range p.due {
		p.urgent.add(d.Piece)
	}
}

// met forgets the deadline of a piece that is here.
func (p *Picker) met(piece int) {
	if p.urgent != nil && p.urgent.has(piece) {
		p.due = slices.DeleteFunc(p.due, func(d Deadline) bool { return d.Piece == piece })
	}
}

// hurry takes what is free of the pieces with deadlines, and then what others
// will bring too late.
func (t *turn) hurry() {
	for _, d := range t.due[:min(len(t.due), dueScan)] {
		if t.n == 0 {
			return
		}
		if !t.lacks(d.Piece) || !t.pr.can(d.Piece) {
			continue
		}
		left := d.At.Sub(t.now).Seconds()
		pg := t.active[d.Piece]
		for t.n > 0 && (pg == nil || pg.free > 0) && t.soonest(d.Piece, left) {
			if pg == nil {
				pg = t.begin(d.Piece, t.pr)
			}
			t.one(pg)
		}
		if pg != nil {
			t.again(pg, left)
		}
	}
}

// one takes the first free block of a piece.
func (t *turn) one(pg *progress) {
	whole := t.n
	t.n = 1
	t.fill(pg)
	t.n = whole - 1
}

// soonest reports whether a block of a piece is to be asked of this peer: it will
// come in time, or nobody else will have it sooner.
func (t *turn) soonest(piece int, left float64) bool {
	mine := t.pr.wait(t.pr.outstanding, t.now)
	if mine <= left {
		return true
	}
	for _, v := range t.peers {
		if v != t.pr && !v.choked && !v.snubbed && v.can(piece) && v.wait(v.outstanding, t.now) < mine {
			return false
		}
	}
	return true
}

// wait is how many seconds it takes until a peer has sent a block that comes after
// so many others.
func (pr *Peer) wait(before int, now time.Time) float64 {
	return float64(before+1) * BlockSize / pr.speed(now)
}

// again asks this peer for the blocks of a piece that others will bring too late
// and it will bring much sooner.
func (t *turn) again(pg *progress, left float64) {
	for index := pg.single(0); t.n > 0 && index < len(pg.blocks); index = pg.single(index + 1) {
		first := pg.blocks[index].by[0]
		theirs := first.from.wait(first.seq-first.from.base, t.now)
		if first.from != t.pr && theirs > left && 2*t.pr.wait(t.pr.outstanding, t.now) < theirs {
			t.dst = append(t.dst, t.ask(t.pr, pg, index))
			t.n--
		}
	}
}

// single returns the first block from an index on that one peer is asked for, or
// the number of blocks.
func (pg *progress) single(from int) int {
	for i := from; i < len(pg.blocks); i++ {
		if b := &pg.blocks[i]; !b.arrived && b.by[0].from != nil && b.by[1].from == nil {
			return i
		}
	}
	return len(pg.blocks)
}
