package pick

import (
	"math/rand/v2"

	"piecewise/engine/internal/plane"
)

// BlockSize is the unit of transfer in bytes; only the last block of a piece
// may be shorter (BEP 3).
const BlockSize = 16 << 10

// Config is the shape of a torrent.
type Config struct {
	Pieces      int
	PieceLength int64                 // bytes, of every piece but the last
	Length      int64                 // bytes, of the whole torrent
	Size        func(piece int) int64 // bytes of a piece; nil if only the last one can be shorter
	Rand        *rand.Rand            // breaks ties between pieces of equal rarity
	Lot         uint64                // ours, see SetLot
}

// Block is a part of a piece; Begin and Length are bytes within it.
type Block struct{ Piece, Begin, Length int }

// The two orders of rarity, in the sequence in which they are picked from.
const (
	high = iota
	normal
	classes
)

// Picker chooses the blocks of one torrent. It is not safe for concurrent use.
type Picker struct {
	c          Config
	sequential bool

	have, wanted, high, failed set

	fresh  set             // wanted pieces of which nothing is here or asked for
	order  [classes]rarity // the fresh pieces
	at     []int32
	avail  []uint16 // seeds not counted
	seeds  int
	active []*progress // by piece; nil if not in progress
	open   []*progress // wanted, with free blocks
	turn   int         // where the next look at open starts

	peers     []*Peer
	unchoking int // peers that do not choke us
	missing   int // wanted pieces that are not verified
	left      int // wanted blocks that have not arrived
	requested int // of these, asked for

	dealt   bool // sharers and place are right
	sharers int  // leeches with a lot, and we
	place   int  // ours among them
	cursor  int  // where to look next for a piece of ours

	due    []Deadline // of pieces that are not here, the earliest first
	urgent set        // the pieces that have or had one; nil if none does

	cancels []Cancel
}

// New returns a Picker that has nothing and wants nothing yet: SetHave and
// SetWanted come next.
func New(c Config) *Picker {
	p := &Picker{
		c: c, have: makeSet(c.Pieces), wanted: makeSet(c.Pieces), high: makeSet(c.Pieces),
		failed: makeSet(c.Pieces), fresh: makeSet(c.Pieces),
		at: make([]int32, c.Pieces), avail: make([]uint16, c.Pieces), active: make([]*progress, c.Pieces),
	}
	for class := range p.order {
		p.order[class] = rarity{at: p.at, rand: c.Rand}
	}
	p.rebuild()
	return p
}

// SetHave says which pieces are here and verified. It is called at the start,
// before anything is requested.
func (p *Picker) SetHave(have plane.Bits) {
	p.have = parseSet(have, p.c.Pieces)
	p.rebuild()
}

// SetWanted says which pieces are wanted and which of these come before the
// others (files of high priority, first and last pieces, a player's next ones).
// If sequential, pieces are fetched in order of their index instead of their
// rarity. It may be called at any time: requests for pieces no longer wanted
// are cancelled, see Cancels; what has arrived of them is kept.
func (p *Picker) SetWanted(pieces, first plane.Bits, sequential bool) {
	p.wanted = parseSet(pieces, p.c.Pieces)
	p.high = parseSet(first, p.c.Pieces)
	p.sequential = sequential
	for i, pg := range p.active {
		if pg != nil && !p.wanted.has(i) {
			p.withdraw(pg)
		}
	}
	p.rebuild()
}

// rebuild counts anew whatever follows from have, wanted and high.
func (p *Picker) rebuild() {
	var pieces [classes][]int32
	p.missing, p.left = 0, 0
	clear(p.fresh)
	for i, pg := range p.active {
		p.at[i] = -1
		if pg != nil {
			p.relist(pg)
		}
		if !p.lacks(i) {
			continue
		}
		p.missing++
		p.left += p.blocks(i)
		if pg != nil {
			p.left -= pg.arrived
			continue
		}
		p.fresh.add(i)
		pieces[p.class(i)] = append(pieces[p.class(i)], int32(i))
	}
	for class := range p.order {
		p.order[class].fill(pieces[class], p.avail)
	}
	for _, pr := range p.peers {
		pr.hunted = [classes][]int32{}
		p.recount(pr)
	}
}

// lacks reports whether a piece is wanted and not verified.
func (p *Picker) lacks(piece int) bool { return p.wanted.has(piece) && !p.have.has(piece) }

func (p *Picker) class(piece int) int {
	if p.high.has(piece) {
		return high
	}
	return normal
}

// size returns the length of a piece in bytes.
func (p *Picker) size(piece int) int {
	if p.c.Size != nil {
		return int(p.c.Size(piece))
	}
	return int(min(p.c.PieceLength, p.c.Length-int64(piece)*p.c.PieceLength))
}

func (p *Picker) blocks(piece int) int { return (p.size(piece) + BlockSize - 1) / BlockSize }

func (p *Picker) block(piece, index int) Block {
	begin := index * BlockSize
	return Block{piece, begin, min(BlockSize, p.size(piece)-begin)}
}

// freshen puts a wanted piece of which nothing is here back in the order.
func (p *Picker) freshen(piece int) {
	p.fresh.add(piece)
	p.order[p.class(piece)].insert(piece, int(p.avail[piece]))
}

func (p *Picker) unfreshen(piece int) {
	p.fresh.cut(piece)
	p.order[p.class(piece)].remove(piece, int(p.avail[piece]))
}

// Left returns the number of wanted blocks that have not arrived.
func (p *Picker) Left() int { return p.left }

// Free reports whether a peer may be asked for anything, and some wanted block has
// neither arrived nor been asked for.
func (p *Picker) Free(pr *Peer) bool {
	return p.left > p.requested && pr.lent > 0 && (!pr.choked || len(pr.fast) > 0)
}

// EndGame reports whether nothing is free and so few blocks are outstanding
// that each may be asked of a second peer.
func (p *Picker) EndGame() bool {
	return p.left > 0 && p.left == p.requested && p.requested <= lastBlocks
}

// Availability fills dst with the number of peers that have each piece, seeds
// included, and returns it; it is grown if it is too short.
func (p *Picker) Availability(dst []uint16) []uint16 {
	dst = append(dst[:0], p.avail...)
	for i := range dst {
		dst[i] += uint16(p.seeds)
	}
	return dst
}

// States fills dst with the state of each piece and returns it; it is grown if
// it is too short. A piece that awaits its verification is Partial.
func (p *Picker) States(dst []plane.PieceState) []plane.PieceState {
	dst = dst[:0]
	for i, pg := range p.active {
		state := plane.Missing
		switch {
		case p.have.has(i):
			state = plane.Verified
		case pg != nil && pg.arrived > 0:
			state = plane.Partial
		case pg != nil:
			state = plane.Requested
		case p.failed.has(i):
			state = plane.Failed
		}
		dst = append(dst, state)
	}
	return dst
}
