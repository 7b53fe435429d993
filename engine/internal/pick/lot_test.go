package pick

import (
	"math/rand/v2"
	"testing"

	"piecewise/engine/internal/plane"
)

// TestLots has leeches fetch from a seed what only it has, without a word from each
// other.
func TestLots(t *testing.T) {
	const pieces, leeches = 350, 7
	for _, test := range []struct {
		name  string
		known bool // the leeches' lots
		left  int  // of the leeches seen, so many have left or become seeds
		each  int  // pieces that each fetches
		most  int  // that are fetched twice
		least int
	}{
		{"known", true, 0, 50, 0, 0},
		{"known, some of them", true, 0, 40, 0, 0},
		{"more than its share", true, 0, 60, 70, 1},
		{"unknown", false, 0, 50, 350, 80},
		{"some have left", true, 3, 50, 350, 10},
	} {
		t.Run(test.name, func(t *testing.T) {
			times := make([]int, pieces)
			for k := range leeches {
				p := New(Config{
					Pieces: pieces, PieceLength: 4 * BlockSize, Length: pieces * 4 * BlockSize,
					Rand: rand.New(rand.NewPCG(1, uint64(k))), Lot: 1000 - uint64(k),
				})
				p.SetWanted(plane.FullBits(pieces), plane.Bits{}, false)
				seed := peer(p, 0)
				p.SetLot(seed, 1)
				for other := range leeches {
					if other == k || !test.known {
						continue
					}
					pr := p.Join()
					p.SetLot(pr, 1000-uint64(other))
					switch {
					case other < test.left && other%2 == 0:
						p.Leave(pr)
					case other < test.left:
						p.HasAll(pr)
					}
				}
				for range test.each {
					times[p.Next(seed, 4, start, nil)[0].Piece]++
				}
			}
			twice := 0
			for _, n := range times {
				twice += max(0, n-1)
			}
			t.Logf("%d pieces are fetched once more", twice)
			if twice > test.most || twice < test.least {
				t.Errorf("want %d to %d", test.least, test.most)
			}
		})
	}
}

// TestLotsOfTheRare has pieces that a leech has, too: who shares them out does not
// matter, the rarest come first all the same.
func TestLotsOfTheRare(t *testing.T) {
	p := fixture(40)
	seed, leech := peer(p, 0), peer(p, 0, 0, 2, 4, 6, 8)
	p.SetLot(leech, 7) // above ours: even pieces are for us
	for i := range 40 {
		piece := p.Next(seed, 4, start, nil)[0].Piece
		common, even := piece < 10 && piece%2 == 0, piece%2 == 0
		if common != (i >= 35) || !common && even != (i < 15) {
			t.Errorf("piece %d is number %d", piece, i)
		}
	}
}
