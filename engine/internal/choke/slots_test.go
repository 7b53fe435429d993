package choke

import (
	"slices"
	"testing"
)

func TestAutomatic(t *testing.T) {
	for rate, want := range map[int64]int{
		-1: 2, 0: 2, 5e3: 2, 16e3: 3, 50e3: 3, 64e3: 4, 256e3: 4, 1e6: 4, 3999e3: 4, 4e6: 5, 20e6: 6, 125e6: 7, 1e9: 8, 1e12: 12,
	} {
		if got := Automatic(rate); got != want {
			t.Errorf("%d B/s: %d slots, want %d", rate, got, want)
		}
	}
}

// TestUplink has peers that take what they can, up to a line's capacity.
func TestUplink(t *testing.T) {
	for _, c := range []struct {
		name           string
		capacity, each int64
		limit          int64
		peers          int
		least, most    int
	}{
		{"one peer fills it", 1e6, 1e6, 1e6, 50, 2, 7},
		{"slow peers, known limit", 10e6, 200e3, 10e6, 200, 45, 55},
		{"slow peers, unknown limit", 10e6, 200e3, -1, 200, 40, 55},
		{"few peers", 10e6, 200e3, -1, 12, 8, 13},
	} {
		t.Run(c.name, func(t *testing.T) {
			var u Uplink
			slots := u.Slots(0, c.limit, 0)
			for range 300 {
				busy := min(slots, c.peers)
				slots = u.Slots(min(int64(busy)*c.each, c.capacity), c.limit, busy)
			}
			if slots < c.least || slots > c.most {
				t.Errorf("%d slots, want %d to %d", slots, c.least, c.most)
			}
		})
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		slots       int
		wants, want []int
	}{
		{0, []int{1, 2}, []int{0, 0}},
		{10, nil, []int{}},
		{10, []int{2, 3}, []int{2, 3}},
		{10, []int{20, 20}, []int{5, 5}},
		{10, []int{20, 1, 20, 0}, []int{5, 1, 4, 0}},
		{3, []int{9, 9, 9, 9}, []int{1, 1, 1, 0}},
		{-2, []int{1}, []int{0}},
		{5, []int{-1, 9}, []int{0, 5}},
	} {
		if got := Share(c.slots, c.wants); !slices.Equal(got, c.want) {
			t.Errorf("%d slots for %v: %v, want %v", c.slots, c.wants, got, c.want)
		}
	}
}
