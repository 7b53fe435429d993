package pick

import (
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// by is so many seconds after the start.
func by(piece int, seconds float64) Deadline {
	return Deadline{piece, start.Add(time.Duration(seconds * float64(time.Second)))}
}

func TestDeadlineOrder(t *testing.T) {
	const second = 4 * BlockSize // the rate of a peer that needs a second for a piece
	tests := []struct {
		name string
		due  []Deadline
		want []int
		do   func(p *Picker) []int
	}{
		{"the earliest first, whatever is rare", []Deadline{by(5, 9), by(2, 6), by(7, 3)}, []int{7, 2, 5}, func(p *Picker) []int {
			peer(p, second, 5, 2, 7)
			return picked(p, peer(p, second), 12)
		}},
		{"before its own piece and before high ones", []Deadline{by(6, 9)}, []int{6, 0}, func(p *Picker) []int {
			pr := peer(p, second, 0, 6)
			p.SetWanted(plane.FullBits(8), bitsOf(8, 0), false)
			p.SetDeadlines(nil)
			p.Next(pr, 2, start, nil)
			p.SetDeadlines([]Deadline{by(6, 9)})
			return picked(p, pr, 6)
		}},
		{"one that it has not", []Deadline{by(5, 9), by(3, 20)}, []int{3}, func(p *Picker) []int {
			return picked(p, peer(p, second, 1, 3), 4)
		}},
		{"while it chokes us", []Deadline{by(5, 9)}, nil, func(p *Picker) []int {
			pr := peer(p, second)
			p.Choked(pr)
			return picked(p, pr, 4)
		}},
		{"one that is not wanted, here, or none", []Deadline{by(1, 1), by(0, 2), by(-1, 3), by(8, 3), by(4, 20)}, []int{4}, func(p *Picker) []int {
			p.SetWanted(bitsOf(8, 0, 3, 4), plane.Bits{}, false)
			p.Verified(0)
			return picked(p, peer(p, second), 4)
		}},
		{"who would be late leaves it to who would not", []Deadline{by(5, 2)}, []int{1}, func(p *Picker) []int {
			peer(p, 10*second, 5)
			return picked(p, peer(p, second/10, 1, 5), 4)
		}},
		{"who is late and alone", []Deadline{by(5, 2)}, []int{5}, func(p *Picker) []int {
			return picked(p, peer(p, second/10, 1, 5), 4)
		}},
		{"as much as the slower one has in time", []Deadline{by(5, 1), by(6, 60)}, []int{5, 6}, func(p *Picker) []int {
			peer(p, 2*second, 5)
			got := p.Next(peer(p, second/2, 1, 5, 6), 4, start, nil)
			if got[1].Piece != 5 || got[2].Piece != 6 {
				return []int{-1}
			}
			return []int{5, 6}
		}},
		{"a new peer of unknown speed", []Deadline{by(5, 2), by(6, 2)}, []int{5, 6}, func(p *Picker) []int {
			return picked(p, peer(p, 0), 8)
		}},
		{"a deadline that has passed", []Deadline{by(5, -2)}, []int{5}, func(p *Picker) []int {
			return picked(p, peer(p, second), 1)
		}},
		{"deadlines that were replaced", []Deadline{by(5, 2)}, []int{3}, func(p *Picker) []int {
			p.SetDeadlines([]Deadline{by(3, 9)})
			return picked(p, peer(p, second), 4)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := fixture(8)
			p.SetDeadlines(test.due)
			if got := test.do(p); !slices.Equal(got, test.want) {
				t.Errorf("picked %v, want %v", got, test.want)
			}
		})
	}
}

// TestDeadlineTwice has a piece at a peer that may be slow, and another peer that
// could fetch it.
func TestDeadlineTwice(t *testing.T) {
	for _, test := range []struct {
		name        string
		slow, other float64 // blocks a second
		left        float64 // seconds to the deadline
		want        int     // blocks asked of both
	}{
		{"in time", 4, 100, 2, 0},
		{"the last two are late", 4, 100, 0.6, 2},
		{"all are late", 1, 100, 0.5, 4},
		{"past", 4, 100, -1, 4},
		{"the other is no faster, but idle", 1, 1, 0.5, 1},
		{"the other is slower", 1, 0.1, 0.5, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := fixture(8)
			first := peer(p, test.slow*BlockSize, 5)
			p.SetDeadlines([]Deadline{by(5, 100)})
			blocks := p.Next(first, 4, start, nil)
			p.SetDeadlines([]Deadline{by(5, test.left)})
			other := peer(p, test.other*BlockSize, 0, 1, 2, 3, 5)
			of5 := func(blocks []Block) []Block {
				return slices.DeleteFunc(blocks, func(b Block) bool { return b.Piece != 5 })
			}
			got := of5(p.Next(other, 8, start, nil))
			if len(got) != test.want {
				t.Fatalf("asked a second time: %v, want %d blocks", got, test.want)
			}
			for _, b := range of5(p.Next(peer(p, 1e9, 0, 1, 2, 5), 4, start, nil)) {
				if slices.Contains(got, b) {
					t.Errorf("asked a third time: %v", b)
				}
			}
			for _, c := range p.Cancels(nil) {
				t.Errorf("cancels %v before it came", c)
			}
			fetch(t, p, other, got)
			for _, c := range p.Cancels(nil) {
				if c.From != first || !slices.Contains(got, c.Block) {
					t.Errorf("cancels %v", c)
				}
			}
			for _, b := range blocks {
				if asked := p.Requested(first, b); asked == slices.Contains(got, b) {
					t.Errorf("%v of the first peer: %v", b, asked)
				}
			}
		})
	}
}

// TestDeadlineMet lets pieces come one after another: those that are here cost
// nothing any more.
func TestDeadlineMet(t *testing.T) {
	p := fixture(400)
	pr := peer(p, 1e6)
	var all []Deadline
	for i := range 300 {
		all = append(all, by(i+50, float64(i)))
	}
	p.SetDeadlines(all)
	for i := range 300 {
		blocks := p.Next(pr, 4, start, nil)
		if len(blocks) != 4 || blocks[0].Piece != i+50 || blocks[3].Piece != i+50 {
			t.Fatalf("picked %v, want piece %d", blocks, i+50)
		}
		fetch(t, p, pr, blocks)
		if len(p.due) != 299-i {
			t.Fatalf("%d deadlines are left, want %d", len(p.due), 299-i)
		}
	}
}
