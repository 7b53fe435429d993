package swarm

import (
	"slices"
	"testing"

	"piecewise/engine/internal/plane"
)

func TestDivide(t *testing.T) {
	automatic := func(want int) ask { return ask{fixed: plane.Automatic, want: want} }
	for _, c := range []struct {
		name        string
		most, total int
		asks        []ask
		slots       []int
	}{
		{"nothing runs", -1, 8, nil, []int{}},
		{"shared by what they want", -1, 8, []ask{automatic(2), automatic(20)}, []int{2, 6}},
		{"who wants none has one", -1, 4, []ask{automatic(0), automatic(9)}, []int{1, 4}},
		{"a fixed number is no part of the total", -1, 4, []ask{{fixed: 3, want: 9}, automatic(9)}, []int{3, 4}},
		{"none is fixed, too", -1, 4, []ask{{fixed: 0, want: 9}, automatic(9)}, []int{0, 4}},
		{"a super-seed has as many as it has peers", -1, 4, []ask{{fixed: -1, least: 7, want: 7}}, []int{7}},
		{"a cap holds for fixed ones", 5, 4, []ask{{fixed: 9, want: 9}, {fixed: 9, want: 9}}, []int{3, 2}},
		{"a cap holds for a super-seed", 5, 4, []ask{{fixed: -1, least: 7, want: 7}}, []int{5}},
		{"under a cap, first who wants some", 3, 8, []ask{automatic(0), automatic(9), automatic(0)}, []int{0, 3, 0}},
		{"under a cap, what is left is for who may want some", 3, 8, []ask{automatic(0), automatic(1), automatic(0)}, []int{1, 1, 1}},
		{"a cap of none", 0, 8, []ask{automatic(4), {fixed: 5, want: 5}, automatic(0)}, []int{0, 0, 0}},
	} {
		if got := divide(c.most, c.total, c.asks); !slices.Equal(got, c.slots) {
			t.Errorf("%s: %v, want %v", c.name, got, c.slots)
		}
	}
}
