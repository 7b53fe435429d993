package transfer

import (
	"testing"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

// TestStoredIsHashed writes blocks of a piece in several orders, some of them a
// second time with other bytes: the piece must be right if and only if what is
// stored last is.
func TestStoredIsHashed(t *testing.T) {
	const right, wrong = false, true
	type block struct {
		index int
		bad   bool
	}
	for _, test := range []struct {
		name   string
		blocks []block
		want   bool
	}{
		{"in order", []block{{0, right}, {1, right}, {2, right}, {3, right}}, true},
		{"backwards", []block{{3, right}, {2, right}, {1, right}, {0, right}}, true},
		{"one is wrong", []block{{0, right}, {1, right}, {2, wrong}, {3, right}}, false},
		{"overwritten at once", []block{{0, right}, {1, right}, {1, wrong}, {2, right}, {3, right}}, false},
		{"the first is overwritten", []block{{0, right}, {1, right}, {0, wrong}, {2, right}, {3, right}}, false},
		{"overwritten in the end", []block{{0, right}, {1, right}, {2, right}, {3, right}, {1, wrong}}, false},
		{"put right", []block{{0, right}, {1, wrong}, {2, right}, {3, right}, {1, right}}, true},
		{"put right from the start", []block{{0, wrong}, {1, right}, {0, right}, {2, right}, {3, right}}, true},
		{"out of order and overwritten", []block{{2, right}, {0, right}, {2, wrong}, {3, right}, {1, right}}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSide(t, newContent(2, 4*pick.BlockSize), sideOptions{})
			p := newPiece(s.Torrent, 0)
			for _, b := range test.blocks {
				p.write([]wire.Segment{s.segment(b.index, b.bad)})
			}
			if got, _ := p.verify(); got != test.want {
				t.Errorf("right is %v, want %v", got, test.want)
			}
		})
	}
}

// segment returns a block of the first piece in memory of its own.
func (s *side) segment(index int, bad bool) wire.Segment {
	s.cfg.Workers.mayStash()
	own := stashes.Get().(*[pick.BlockSize]byte)
	begin := index * pick.BlockSize
	copy(own[:], s.content.data[begin:])
	if bad {
		own[100] ^= 1
	}
	whole := wire.Range{Begin: begin, Length: pick.BlockSize}
	return wire.Segment{Begin: begin, Data: own[:], Block: whole, Last: true}
}
