package pick

import (
	"math/bits"
	"slices"
	"time"

	"piecewise/engine/internal/plane"
)

// maxRemembered bounds the lists that a peer can make us keep: the pieces it
// lets us fetch while it chokes us, and those it refused.
const maxRemembered = 64

// Peer is one connection, or another source of blocks, as the picker sees it.
// Join makes it.
type Peer struct {
	at   int // in Picker.peers, -1 once it has left
	have set // nil if nothing or everything
	all  bool
	lent int // wanted pieces it has that we have not verified

	lot   uint64
	drawn bool // lot is known

	runs int // pieces that it fetches in a row, from a multiple of that on; 0 without, see SetRuns
	last int // the piece that it began last

	choked, snubbed bool
	fast            []int // allowed while choked
	refused         []int // rejected while unchoked, not asked for again at once
	refusedSince    time.Time
	rate            float64   // bytes/s
	since           time.Time // of its last block, or of its first request after one
	gave            bool      // a block came since then: only then is there patience with it once more

	own         []*progress // its pieces with free blocks
	queue       []pending
	base        int // sequence number of queue[0]
	outstanding int

	hunted [classes][]int32 // rarest pieces it has, the rarest last
}

// Join adds a peer that has nothing yet and chokes us.
func (p *Picker) Join() *Peer {
	pr := &Peer{at: len(p.peers), choked: true}
	p.peers = append(p.peers, pr)
	return pr
}

// Leave removes a peer; all that was asked of it is free. Again it does nothing.
func (p *Picker) Leave(pr *Peer) {
	if pr.at < 0 {
		return
	}
	p.forget(pr)
	p.choke(pr)
	p.release(pr)
	last := p.peers[len(p.peers)-1]
	p.peers[pr.at], last.at = last, pr.at
	p.peers[len(p.peers)-1] = nil
	p.peers = p.peers[:len(p.peers)-1]
	pr.at, pr.own = -1, nil
	p.dealt = false
}

// Has notes that a peer has a piece; isNew is false if that was known or there
// is no such piece.
func (p *Picker) Has(pr *Peer, piece int) (isNew bool) {
	if piece < 0 || piece >= p.c.Pieces || pr.has(piece) || pr.at < 0 {
		return false
	}
	if pr.have == nil {
		pr.have = makeSet(p.c.Pieces)
	}
	pr.have.add(piece)
	p.gain(piece)
	if p.lacks(piece) {
		pr.lent++
	}
	return true
}

// HasAll notes that a peer is a seed. Seeds are counted apart, so it is O(1)
// for a peer that had announced nothing.
func (p *Picker) HasAll(pr *Peer) {
	if pr.at < 0 {
		return
	}
	p.forget(pr)
	pr.all = true
	p.seeds++
	p.dealt = false
	p.recount(pr)
}

// HasNone notes that a peer has nothing.
func (p *Picker) HasNone(pr *Peer) {
	p.forget(pr)
	p.recount(pr)
}

// HasBits notes what a peer has, instead of what it had before.
func (p *Picker) HasBits(pr *Peer, pieces plane.Bits) {
	if pr.at < 0 {
		return
	}
	p.forget(pr)
	have := parseSet(pieces, p.c.Pieces)
	if have.count() == p.c.Pieces {
		p.HasAll(pr)
		return
	}
	pr.have = have
	for i, word := range have {
		each(word, i, p.gain)
	}
	p.recount(pr)
}

// forget takes back all that a peer has announced.
func (p *Picker) forget(pr *Peer) {
	if pr.all {
		p.seeds--
	}
	for i, word := range pr.have {
		each(word, i, p.lose)
	}
	pr.all, pr.have, pr.hunted = false, nil, [classes][]int32{}
	p.dealt = false
}

func (p *Picker) gain(piece int) {
	if p.fresh.has(piece) {
		p.order[p.class(piece)].raise(piece, int(p.avail[piece]))
	}
	p.avail[piece]++
}

func (p *Picker) lose(piece int) {
	if p.fresh.has(piece) {
		p.order[p.class(piece)].lower(piece, int(p.avail[piece]))
	}
	p.avail[piece]--
}

func (p *Picker) recount(pr *Peer) {
	pr.lent = 0
	if pr.all {
		pr.lent = p.missing
	}
	for i, word := range pr.have {
		pr.lent += bits.OnesCount64(word & p.wanted[i] &^ p.have[i])
	}
}

func (pr *Peer) has(piece int) bool {
	return pr.all || pr.have != nil && pr.have.has(piece)
}

// can reports whether it makes sense to ask a peer for a piece.
func (pr *Peer) can(piece int) bool {
	return pr.has(piece) && (len(pr.refused) == 0 || !slices.Contains(pr.refused, piece))
}

// Interesting reports whether a peer has a wanted piece that we have not
// verified.
func (p *Picker) Interesting(pr *Peer) bool { return pr.lent > 0 }

// SetRate says how fast a peer delivers, in payload bytes a second; 0 means
// that it is not known yet.
func (p *Picker) SetRate(pr *Peer, bytesPerSecond float64) { pr.rate = bytesPerSecond }

// Outstanding returns how many blocks are asked of a peer.
func (p *Picker) Outstanding(pr *Peer) int { return pr.outstanding }

// Snubbed reports whether a peer has timed out and delivered nothing since.
func (p *Picker) Snubbed(pr *Peer) bool { return pr.snubbed }

// Unchoked notes that a peer lets us request.
func (p *Picker) Unchoked(pr *Peer) {
	if pr.at >= 0 && pr.choked {
		pr.choked, pr.refused = false, nil
		p.unchoking++
	}
}

// Choked notes that a peer without the fast extension chokes us: it has
// forgotten our requests, which are free again and returned.
func (p *Picker) Choked(pr *Peer) (lost []Block) {
	p.choke(pr)
	return p.release(pr)
}

// ChokedFast notes that a peer with the fast extension chokes us: it will
// reject or deliver every block asked of it (BEP 6), so nothing is free yet.
func (p *Picker) ChokedFast(pr *Peer) { p.choke(pr) }

func (p *Picker) choke(pr *Peer) {
	if !pr.choked {
		pr.choked = true
		p.unchoking--
	}
}

// AllowedFast notes that a peer lets us request a piece while it chokes us
// (BEP 6). Of a longer list only the first 64 count.
func (p *Picker) AllowedFast(pr *Peer, piece int) {
	if piece >= 0 && piece < p.c.Pieces && len(pr.fast) < maxRemembered && !slices.Contains(pr.fast, piece) {
		pr.fast = append(pr.fast, piece)
	}
}
