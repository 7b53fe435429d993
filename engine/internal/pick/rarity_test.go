package pick

import (
	"math/rand/v2"
	"testing"

	"piecewise/engine/internal/plane"
)

// TestRandomAmongEquals counts which of ten equally rare pieces comes first.
func TestRandomAmongEquals(t *testing.T) {
	const trials, pieces = 5000, 10
	for _, test := range []struct {
		name string
		do   func(p *Picker, pr *Peer)
	}{
		{"haves", func(p *Picker, pr *Peer) {
			for i := range pieces {
				p.Has(pr, i)
			}
		}},
		{"losses", func(p *Picker, pr *Peer) {
			p.HasBits(pr, bitsOf(pieces+1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
			for range 3 {
				other := p.Join()
				p.HasBits(other, bitsOf(pieces+1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
				p.Leave(other)
			}
		}},
		{"begun and freed", func(p *Picker, pr *Peer) {
			p.HasBits(pr, bitsOf(pieces+1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9))
			p.Unchoked(pr)
			for range 5 {
				p.Next(pr, 7, start, nil)
				p.Choked(pr)
				p.Unchoked(pr)
			}
		}},
	} {
		r := rand.New(rand.NewPCG(4, 4))
		var first [pieces]int
		for range trials {
			p := New(Config{Pieces: pieces + 1, PieceLength: BlockSize, Length: (pieces + 1) * BlockSize, Rand: r})
			p.SetWanted(plane.FullBits(pieces+1), plane.Bits{}, false)
			pr := p.Join()
			test.do(p, pr)
			p.Unchoked(pr)
			first[p.Next(pr, 1, start, nil)[0].Piece]++
		}
		for i, n := range first {
			if n < 380 || n > 620 { // five deviations from 500
				t.Errorf("%s: piece %d is first %d times of %d", test.name, i, n, trials)
			}
		}
	}
}

// TestHunt gives a peer that lacks the rarest 200 pieces the rarest it has.
func TestHunt(t *testing.T) {
	p := fixture(1000)
	some := func(from, to int) (list []int) {
		for i := from; i < to; i++ {
			list = append(list, i)
		}
		return list
	}
	peer(p, 1e6, some(0, 200)...)
	peer(p, 1e6, some(200, 1000)...)
	peer(p, 1e6, some(200, 950)...)
	pr := peer(p, 1e6, some(200, 1000)...)
	for k := range 800 {
		blocks := p.Next(pr, 4, start, nil)
		if len(blocks) != 4 {
			t.Fatalf("%d blocks after %d pieces of 800", len(blocks), k)
		}
		if piece := blocks[0].Piece; (piece >= 950) != (k < 50) {
			t.Fatalf("pick %d is piece %d of availability %d", k, piece, p.avail[piece])
		}
		fetch(t, p, pr, blocks)
	}
	if got := p.Next(pr, 4, start, nil); len(got) > 0 || p.Interesting(pr) {
		t.Fatalf("%v", got)
	}
}

// TestHuntAnew forgets the list of a peer's rarest when the peer starts anew.
func TestHuntAnew(t *testing.T) {
	p := fixture(1000)
	var rare, common []int
	for i := range 1000 {
		if i < 200 {
			rare = append(rare, i)
		} else {
			common = append(common, i)
		}
	}
	peer(p, 1e6, rare...)
	peer(p, 1e6, common...)
	pr := peer(p, 1e6, common...)
	p.Next(pr, 4, start, nil)
	p.HasBits(pr, bitsOf(1000, 999))
	if got := picked(p, pr, 4); len(got) > 0 && got[0] != 999 {
		t.Errorf("%v is not there", got)
	}
	p.HasNone(pr)
	if got := picked(p, pr, 4); len(got) > 0 {
		t.Errorf("%v of a peer that has nothing", got)
	}
}

// TestFreedPieceIsNoLater counts how often a piece that was given back is the
// next one again: as often as any other.
func TestFreedPieceIsNoLater(t *testing.T) {
	p := fixture(10)
	pr := peer(p, 1e6)
	again, last := 0, -1
	for range 5000 {
		piece := p.Next(pr, 1, start, nil)[0].Piece
		if piece == last {
			again++
		}
		last = piece
		p.Choked(pr)
		p.Unchoked(pr)
	}
	if again < 380 || again > 620 {
		t.Errorf("%d times of 5000", again)
	}
}
