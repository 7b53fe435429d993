package pick

// Leeches that choose among the pieces which only seeds have, each at random, choose
// some of them twice, and the seed sends these twice. So such pieces are divided by
// lots: each is for one of the connected leeches or for us, and ours come first.
// Leeches that know each other agree on it without a word; where they do not know the
// same ones, or reckon differently, the choice is as good as random.

// SetLot gives the lot of a peer: a number that it and all others derive alike, from
// its peer ID.
func (p *Picker) SetLot(pr *Peer, lot uint64) {
	pr.lot, pr.drawn = lot, true
	p.dealt = false
}

// deal counts the leeches and finds our place among them.
func (p *Picker) deal() {
	p.dealt, p.sharers, p.place = true, 1, 0
	for _, pr := range p.peers {
		if pr.all || !pr.drawn {
			continue
		}
		p.sharers++
		if pr.lot < p.c.Lot {
			p.place++
		}
	}
	p.cursor = p.c.Rand.IntN(p.c.Pieces)
}

// share returns a fresh piece of a class that only seeds have and that is for us, or
// -1. It goes on where it ended, from anywhere at first, and looks at a bounded number
// of pieces.
func (p *Picker) share(pr *Peer, class int) int {
	if !p.dealt {
		p.deal()
	}
	n := (p.c.Pieces - p.place + p.sharers - 1) / p.sharers
	if p.sharers == 1 || p.order[class].start(1) == 0 {
		return -1
	}
	for range min(n, frontScan) {
		piece := p.place + p.cursor%n*p.sharers
		if p.fresh.has(piece) && p.avail[piece] == 0 && p.class(piece) == class && pr.can(piece) {
			return piece
		}
		p.cursor++
	}
	return -1
}
