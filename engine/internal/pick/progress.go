package pick

import "slices"

// progress is a piece of which something is here or asked for.
type progress struct {
	piece   int
	blocks  []block
	free    int   // neither here nor asked for
	arrived int   // here
	first   int   // no block before it is free
	owner   *Peer // who is to fetch the rest of it
	at      int   // in Picker.open, -1 if it is not there
}

// block is free while nobody is asked for it.
type block struct {
	by      [2]request // by[1] only in the end game
	arrived bool       // then by[0] has sent it
}

// request is a place in a peer's queue.
type request struct {
	from *Peer
	seq  int
}

// pending is a request as its peer sees it; of is nil once it is settled.
type pending struct {
	of    *progress
	index int
}

// orphan reports whether nobody goes on with a piece.
func (pg *progress) orphan() bool {
	o := pg.owner
	return o == nil || o.at < 0 || o.choked || o.snubbed
}

// slot returns which of a block's requests is the peer's, or -1.
func (b *block) slot(pr *Peer) int {
	if b.arrived {
		return -1
	}
	return slices.IndexFunc(b.by[:], func(r request) bool { return r.from == pr })
}

// begin takes a fresh piece in progress.
func (p *Picker) begin(piece int, owner *Peer) *progress {
	n := p.blocks(piece)
	pg := &progress{piece: piece, blocks: make([]block, n), free: n, owner: owner, at: -1}
	p.unfreshen(piece)
	p.failed.cut(piece)
	p.active[piece] = pg
	p.relist(pg)
	owner.last = piece
	return pg
}

// end forgets the progress of a piece.
func (p *Picker) end(pg *progress) {
	p.active[pg.piece] = nil
	p.unlist(pg)
}

// relist keeps the lists of pieces with free blocks right: all such pieces that
// are wanted, and each peer's own.
func (p *Picker) relist(pg *progress) {
	if pg.free == 0 || !p.wanted.has(pg.piece) {
		p.unlist(pg)
		return
	}
	if pg.at < 0 {
		pg.at = len(p.open)
		p.open = append(p.open, pg)
		if pg.owner != nil {
			pg.owner.own = append(pg.owner.own, pg)
		}
	}
}

func (p *Picker) unlist(pg *progress) {
	if pg.at < 0 {
		return
	}
	last := p.open[len(p.open)-1]
	p.open[pg.at], last.at = last, pg.at
	p.open[len(p.open)-1] = nil
	p.open = p.open[:len(p.open)-1]
	pg.at = -1
	pg.disown()
}

func (pg *progress) disown() {
	if o := pg.owner; o != nil {
		if i := slices.Index(o.own, pg); i >= 0 {
			o.own = slices.Delete(o.own, i, i+1)
		}
	}
}

// adopt makes a peer the owner of a piece with free blocks.
func (pg *progress) adopt(pr *Peer) {
	pg.disown()
	pg.owner = pr
	pr.own = append(pr.own, pg)
}

// ask marks a block as requested of a peer.
func (p *Picker) ask(pr *Peer, pg *progress, index int) Block {
	b := &pg.blocks[index]
	slot := 0
	if b.by[0].from != nil {
		slot = 1
	} else {
		p.requested++
		if pg.free--; pg.free == 0 {
			p.unlist(pg)
		}
	}
	b.by[slot] = request{pr, pr.push(pg, index)}
	return p.block(pg.piece, index)
}

// settle ends a peer's request for a block; the block is free if it was the
// only one.
func (p *Picker) settle(pg *progress, index, slot int) {
	b := &pg.blocks[index]
	b.by[slot].from.settle(b.by[slot].seq)
	if slot == 0 {
		b.by[0] = b.by[1]
	}
	b.by[1] = request{}
	if b.by[0].from != nil {
		return
	}
	p.requested--
	pg.free++
	pg.first = min(pg.first, index)
	if pg.free < len(pg.blocks) {
		p.relist(pg)
		return
	}
	p.end(pg)
	if p.lacks(pg.piece) {
		p.freshen(pg.piece)
	}
}

// release frees all that is asked of a peer.
func (p *Picker) release(pr *Peer) (lost []Block) {
	for _, e := range slices.Clone(pr.queue) {
		if e.of == nil {
			continue
		}
		p.settle(e.of, e.index, e.of.blocks[e.index].slot(pr))
		lost = append(lost, p.block(e.of.piece, e.index))
	}
	return lost
}

// withdraw cancels all requests for a piece.
func (p *Picker) withdraw(pg *progress) {
	for index := range pg.blocks {
		b := &pg.blocks[index]
		for !b.arrived && b.by[0].from != nil {
			p.cancels = append(p.cancels, Cancel{b.by[0].from, p.block(pg.piece, index)})
			p.settle(pg, index, 0)
		}
	}
	if p.active[pg.piece] == pg {
		p.relist(pg)
	}
}

// push appends a request to a peer's queue and returns its sequence number.
func (pr *Peer) push(pg *progress, index int) (seq int) {
	if len(pr.queue) > 2*pr.outstanding+maxRemembered {
		pr.compact()
	}
	pr.queue = append(pr.queue, pending{pg, index})
	pr.outstanding++
	return pr.base + len(pr.queue) - 1
}

// settle takes a request out of a peer's queue. Peers mostly answer in order,
// so the gaps that it leaves are at the head.
func (pr *Peer) settle(seq int) {
	pr.queue[seq-pr.base] = pending{}
	pr.outstanding--
	for len(pr.queue) > 0 && pr.queue[0].of == nil {
		pr.queue = pr.queue[1:]
		pr.base++
	}
	for n := len(pr.queue); n > 0 && pr.queue[n-1].of == nil; n-- {
		pr.queue = pr.queue[:n-1]
	}
}

// compact closes the gaps of a queue whose head is not answered.
func (pr *Peer) compact() {
	kept := pr.queue[:0]
	for _, e := range pr.queue {
		if e.of == nil {
			continue
		}
		b := &e.of.blocks[e.index]
		b.by[b.slot(pr)].seq = pr.base + len(kept)
		kept = append(kept, e)
	}
	clear(pr.queue[len(kept):])
	pr.queue = kept
}
