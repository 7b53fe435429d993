package transfer

import (
	"testing"
	"time"

	"piecewise/engine/internal/wire"
)

// What is super-seeded is hidden from the first peer on, not from the next tick.
func TestSuperSeedFromTheStart(t *testing.T) {
	c := newContent(8, block)
	s := newSide(t, c, sideOptions{have: fullBits(c), magnet: true})
	s.SetSuperSeed(true)
	w := NewWorkers()
	defer w.Close()
	s.open(w)
	if !s.SuperSeeding() {
		t.Error("nothing is hidden")
	}
}

// A peer that has fetched what it was shown is shown more while nobody else asks for
// anything, though it has passed nothing on.
func TestSuperSeedIsNotIdle(t *testing.T) {
	c := newContent(32, block)
	seed := newSide(t, c, sideOptions{have: fullBits(c)})
	seed.SetSuperSeed(true)
	other := join(t, seed, true) // so that the first is not the only one
	other.next(wire.Have)
	p := join(t, seed, true)
	p.c.SetDeadline(time.Now().Add(5 * time.Second)) // less than what an offer lasts
	p.send(wire.Interested)
	unchoked := false
	var shown [][]byte
	for got := 0; got < 6; {
		kind, body, err := p.read()
		if err != nil {
			t.Fatalf("only %d pieces were shown: %v", got, err)
		}
		switch kind {
		case wire.Unchoke:
			unchoked = true
		case wire.Have:
			shown = append(shown, body)
		case pieceKind:
			got++
			p.c.Write(frame(wire.Have, body[:4]))
		}
		for unchoked && len(shown) > 0 {
			piece := int(shown[0][3])
			p.send(wire.Request, piece, 0, min(block, len(c.data)-piece*block))
			shown = shown[1:]
		}
	}
}
