package pick

import (
	"slices"
	"testing"

	"piecewise/engine/internal/plane"
)

// A web seed is asked for pieces that follow each other.
func TestRuns(t *testing.T) {
	p := fixture(64)
	web := peer(p, 1e6)
	p.SetRuns(web, 8)
	for range 8 {
		run := picked(p, web, 8*4)
		for i, piece := range run {
			if len(run) != 8 || run[0]%8 != 0 || piece != run[0]+i {
				t.Fatalf("the run is %v", run)
			}
		}
	}
	if all := picked(p, web, 100); all != nil {
		t.Errorf("more than everything: %v", all)
	}
}

// A run is as long as nobody else has begun a piece of it, and what is wanted first
// comes first.
func TestRunsAreBroken(t *testing.T) {
	p := fixture(16)
	other := peer(p, 1e6, 3, 12)
	if got := picked(p, other, 8); len(got) != 2 {
		t.Fatalf("the other fetches %v", got)
	}
	web := peer(p, 1e6)
	p.SetRuns(web, 8)
	p.SetWanted(plane.FullBits(16), bitsOf(16, 9), false)
	got := picked(p, web, 14*4)
	if got[0] != 9 || slices.Contains(got, 3) || slices.Contains(got, 12) || len(got) != 14 {
		t.Errorf("picked %v", got)
	}
	breaks := 0
	for i := 1; i < len(got); i++ {
		if got[i] != got[i-1]+1 {
			breaks++
		}
	}
	if breaks > 6 {
		t.Errorf("the runs are short: %v", got)
	}
}
