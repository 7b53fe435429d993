package pick

import "time"

// Cancel is a request that is of no use any more: the peer is to be told so.
type Cancel struct {
	From  *Peer
	Block Block
}

// Cancels appends the cancels that are due to dst and forgets them. They are
// due after Next, Arrived, SetWanted, Verified and Failed, and must be sent
// before what Next returned, else a peer could get a request it has already.
func (p *Picker) Cancels(dst []Cancel) []Cancel {
	dst = append(dst, p.cancels...)
	clear(p.cancels)
	p.cancels = p.cancels[:0]
	return dst
}

// find returns the progress and index of a block; nil if it is no block of a
// piece in progress. Its fields may be anything: they are the peer's.
func (p *Picker) find(b Block) (*progress, int) {
	if b.Piece < 0 || b.Piece >= p.c.Pieces || b.Begin < 0 || b.Begin%BlockSize != 0 {
		return nil, 0
	}
	pg, index := p.active[b.Piece], b.Begin/BlockSize
	if pg == nil || index >= len(pg.blocks) || p.block(b.Piece, index) != b {
		return nil, 0
	}
	return pg, index
}

// asked returns where a peer is asked for a block; slot is -1 if it is not.
func (p *Picker) asked(pr *Peer, b Block) (pg *progress, index, slot int) {
	pg, index = p.find(b)
	if pg == nil {
		return nil, 0, -1
	}
	return pg, index, pg.blocks[index].slot(pr)
}

// Requested reports whether a peer is asked for a block.
func (p *Picker) Requested(pr *Peer, b Block) bool {
	_, _, slot := p.asked(pr, b)
	return slot >= 0
}

// Arrived notes a block from a peer. If ok is false it was not asked of this
// peer or is no longer: discard it. If done, it was the last of its piece,
// which now awaits Verified or Failed.
func (p *Picker) Arrived(pr *Peer, b Block, now time.Time) (ok, done bool) {
	pr.snubbed, pr.since, pr.gave = false, now, true
	pg, index, slot := p.asked(pr, b)
	if slot < 0 {
		return false, false
	}
	pr.refused = nil
	at := &pg.blocks[index]
	at.by[slot].from.settle(at.by[slot].seq)
	if other := at.by[1-slot]; other.from != nil {
		other.from.settle(other.seq)
		p.cancels = append(p.cancels, Cancel{other.from, b})
	}
	*at = block{by: [2]request{{from: pr}}, arrived: true}
	pg.arrived++
	p.requested--
	p.left--
	return true, pg.arrived == len(pg.blocks)
}

// Rejected notes that a peer refuses a block (BEP 6), which is free again;
// false if it was not asked for it. Unless it chokes us, the peer is asked for
// other pieces until it delivers a block, unchokes us anew or ten seconds pass.
func (p *Picker) Rejected(pr *Peer, b Block) bool {
	pg, index, slot := p.asked(pr, b)
	if slot < 0 {
		return false
	}
	p.settle(pg, index, slot)
	pr.fast = without(pr.fast, b.Piece)
	if !pr.choked {
		pr.refused = append(without(pr.refused, b.Piece), b.Piece)
		pr.refused = pr.refused[max(0, len(pr.refused)-maxRemembered):]
		pr.refusedSince = time.Time{}
	}
	return true
}

// without returns list without a piece, in place.
func without(list []int, piece int) []int {
	kept := list[:0]
	for _, i := range list {
		if i != piece {
			kept = append(kept, i)
		}
	}
	return kept
}

// TimedOut notes that a peer has been silent for too long: all that was asked
// of it is free and returned, and it is asked for one block at a time until it
// delivers one.
func (p *Picker) TimedOut(pr *Peer) (lost []Block) {
	pr.snubbed, pr.rate = true, 0
	return p.release(pr)
}

// Verified notes that a piece is here and its hash is right, however it came.
func (p *Picker) Verified(piece int) {
	if p.have.has(piece) {
		return
	}
	if pg := p.active[piece]; pg != nil {
		p.withdraw(pg)
	}
	lacked, missing := p.lacks(piece), p.blocks(piece)
	if pg := p.active[piece]; pg != nil {
		missing -= pg.arrived
		p.end(pg)
	} else if lacked {
		p.unfreshen(piece)
	}
	p.have.add(piece)
	p.failed.cut(piece)
	p.met(piece)
	if !lacked {
		return
	}
	p.missing--
	p.left -= missing
	for _, pr := range p.peers {
		if pr.has(piece) {
			pr.lent--
		}
	}
}

// Failed notes that the hash of a piece is wrong: its blocks are free again. It
// returns who sent each block, in order; nil if the piece was not in progress.
// A peer that has left may be among them.
func (p *Picker) Failed(piece int) (senders []*Peer) {
	pg := p.active[piece]
	if pg == nil {
		return nil
	}
	for _, b := range pg.blocks {
		sender := b.by[0].from
		if !b.arrived {
			sender = nil
		}
		senders = append(senders, sender)
	}
	p.failed.add(piece)
	p.withdraw(pg)
	if p.active[piece] == nil {
		return senders
	}
	p.end(pg)
	if p.lacks(piece) {
		p.left += pg.arrived
		p.freshen(piece)
	}
	return senders
}

// FailedBlock notes that the hash of a single block that had arrived is wrong
// (BEP 52): it is free again. It returns who sent it; nil if it was not here.
func (p *Picker) FailedBlock(b Block) *Peer {
	pg, index := p.find(b)
	if pg == nil || !pg.blocks[index].arrived {
		return nil
	}
	sender := pg.blocks[index].by[0].from
	pg.blocks[index] = block{}
	pg.arrived--
	pg.free++
	pg.first = min(pg.first, index)
	if p.wanted.has(b.Piece) {
		p.left++
	}
	if pg.free < len(pg.blocks) {
		p.relist(pg)
		return sender
	}
	p.end(pg)
	if p.lacks(b.Piece) {
		p.freshen(b.Piece)
	}
	return sender
}
