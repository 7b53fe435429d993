package pick

// SetRuns has a peer fetch pieces that follow each other, in runs of so many, unless
// pieces are fetched in order anyway: every request of a web seed costs a round trip
// and is for one range of bytes.
func (p *Picker) SetRuns(pr *Peer, pieces int) { pr.runs, pr.last = pieces, -1 }

// following returns the fresh piece of a class that goes on with a peer's run, or -1.
func (p *Picker) following(pr *Peer, class int) int {
	next := pr.last + 1
	if pr.runs == 0 || next%pr.runs == 0 || !p.runsTo(pr, class, next) {
		return -1
	}
	return next
}

// head returns where the run begins in which a piece lies, as far as it is fresh.
func (p *Picker) head(pr *Peer, class, piece int) int {
	for pr.runs > 0 && piece%pr.runs > 0 && p.runsTo(pr, class, piece-1) {
		piece--
	}
	return piece
}

func (p *Picker) runsTo(pr *Peer, class, piece int) bool {
	return piece < p.c.Pieces && p.fresh.has(piece) && p.class(piece) == class && pr.can(piece)
}
