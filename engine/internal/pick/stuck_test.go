package pick

import (
	"math/rand/v2"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// The last block is asked of two peers that give nothing; a third takes it from
// one of them once they had their time.
func TestStuck(t *testing.T) {
	p := New(Config{Pieces: 1, PieceLength: BlockSize, Length: BlockSize, Rand: rand.New(rand.NewPCG(1, 2))})
	p.SetWanted(plane.FullBits(1), plane.MakeBits(1), false)
	peer := func() *Peer {
		pr := p.Join()
		p.HasAll(pr)
		p.Unchoked(pr)
		return pr
	}
	now := time.Now()
	lazy := [2]*Peer{peer(), peer()}
	for _, pr := range lazy {
		if got := p.Next(pr, 8, now, nil); len(got) != 1 {
			t.Fatalf("%d blocks are asked of it", len(got))
		}
	}
	good := peer()
	if got := p.Next(good, 8, now.Add(patience/2), nil); len(got) != 0 {
		t.Errorf("a third was asked for %v at once", got)
	}
	now = now.Add(patience + 1)
	if got := p.Next(good, 8, now, nil); len(got) != 1 {
		t.Fatalf("a third was asked for %v", got)
	}
	cancels := p.Cancels(nil)
	if len(cancels) != 1 || cancels[0].From != lazy[0] && cancels[0].From != lazy[1] {
		t.Errorf("cancelled is %v", cancels)
	}
	if ok, _ := p.Arrived(good, Block{Length: BlockSize}, now); !ok || p.Left() != 0 {
		t.Error("its block was not taken")
	}
}
