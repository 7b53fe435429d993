package view

import (
	"fmt"
	"strings"

	"piecewise/engine"
	"piecewise/ui/format"
)

// PieceSentence says what is known of one piece, 0 ≤ i < pieces.Len: "piece 12
// of 340: verified, 3 peers have it". Without availability, which may be nil,
// the peers are left out.
func PieceSentence(pieces *engine.Pieces, availability []uint16, i int) string {
	text := fmt.Sprintf("piece %s of %s: %s", format.Count(i+1), format.Count(pieces.Len()), PieceWord(pieces.State(i)))
	switch {
	case i >= len(availability):
	case availability[i] == 0:
		text += ", no connected peer has it"
	case availability[i] == 1:
		text += ", 1 peer has it"
	default:
		text += fmt.Sprintf(", %s peers have it", format.Count(int(availability[i])))
	}
	return text
}

// PieceWord returns the word for a piece state.
func PieceWord(s engine.PieceState) string {
	return [...]string{"missing", "requested", "partly there", "verified", "failed the check"}[s]
}

// CountPieces returns how many pieces are in each state.
func CountPieces(p *engine.Pieces) [5]int {
	var n [5]int
	if state, ok := p.Uniform(); ok {
		n[state] = p.Len()
		return n
	}
	for i := range p.Len() {
		n[p.State(i)]++
	}
	return n
}

// PiecesSentence says what is known of the pieces [first, end): of one as
// PieceSentence does, of several how many are in which state: "pieces 1 to 40 of
// 100,000: 38 verified, 2 missing".
func PiecesSentence(pieces *engine.Pieces, availability []uint16, first, end int) string {
	if end-first == 1 {
		return PieceSentence(pieces, availability, first)
	}
	var counts [5]int
	for i := first; i < end; i++ {
		counts[pieces.State(i)]++
	}
	text := fmt.Sprintf("pieces %s to %s of %s:", format.Count(first+1), format.Count(end), format.Count(pieces.Len()))
	for _, s := range []engine.PieceState{engine.Verified, engine.Partial, engine.Requested, engine.Missing, engine.Failed} {
		if counts[s] > 0 {
			text += fmt.Sprintf(" %s %s,", format.Count(counts[s]), PieceWord(s))
		}
	}
	return strings.TrimSuffix(text, ",")
}
