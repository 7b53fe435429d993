package choke

import "math/rand/v2"

// spread keeps pieces ordered by a small number each, so that one step up or
// down and the least are O(1).
type spread struct {
	level []int32 // by piece
	order []int32 // pieces, the lowest level first
	place []int32 // by piece: where it stands in order
	first []int32 // by level: where in order it begins
}

// makeSpread returns n pieces, all at 0.
func makeSpread(n int) spread {
	s := spread{
		level: make([]int32, n),
		order: make([]int32, n),
		place: make([]int32, n),
		first: []int32{0, int32(n)},
	}
	for i := range n {
		s.order[i], s.place[i] = int32(i), int32(i)
	}
	return s
}

// add moves a piece one level up.
func (s *spread) add(piece int) {
	up := s.level[piece] + 1
	if int(up)+1 == len(s.first) {
		s.first = append(s.first, int32(len(s.order)))
	}
	s.first[up]--
	s.swap(s.place[piece], s.first[up])
	s.level[piece] = up
}

// sub moves a piece one level down. It must not be at 0.
func (s *spread) sub(piece int) {
	level := s.level[piece]
	s.swap(s.place[piece], s.first[level])
	s.first[level]++
	s.level[piece] = level - 1
}

func (s *spread) swap(i, j int32) {
	a, b := s.order[i], s.order[j]
	s.order[i], s.order[j] = b, a
	s.place[a], s.place[b] = j, i
}

// least is the lowest level; 0 without pieces.
func (s *spread) least() int {
	if len(s.order) == 0 {
		return 0
	}
	return int(s.level[s.order[0]])
}

// pick returns a piece of the lowest level that has one with ok, at random.
func (s *spread) pick(r *rand.Rand, ok func(piece int) bool) (piece int, found bool) {
	for level := range len(s.first) - 1 {
		class := s.order[s.first[level]:s.first[level+1]]
		if len(class) == 0 {
			continue
		}
		from := r.IntN(len(class))
		for i := range class {
			if piece := int(class[(from+i)%len(class)]); ok(piece) {
				return piece, true
			}
		}
	}
	return 0, false
}
