package engine

import (
	"testing"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/plane"
)

func TestFetching(t *testing.T) {
	for want, v := range map[FetchProblem]plane.Fetch{
		NoPeersKnown: {},
		NobodyThere:  {Known: 3},
		NobodyHasIt:  {Known: 3, Peers: 2, Without: 2},
		AllRefuse:    {Known: 3, Peers: 2, Without: 1, Refused: 1},
		NothingCame:  {Known: 3, Peers: 2, Without: 1, Silent: 1},
		WrongData:    {Known: 3, Peers: 0, Wrong: 1, Refused: 1},
	} {
		if got := fetching(v, fetchPatience).Problem; got != want {
			t.Errorf("%+v: problem %d, not %d", v, got, want)
		}
		if got := fetching(v, fetchPatience-time.Second).Problem; got != NoProblem {
			t.Errorf("%+v: a problem at once", v)
		}
	}
}

func TestChosenBy(t *testing.T) {
	only := []admit.FileRange{{First: 1, Last: 2}, {First: 4, Last: 9}}
	got := chosenBy(only, 6)
	for file, skipped := range map[int]bool{0: true, 1: false, 2: false, 3: true, 4: false, 5: false} {
		if (got[file] == Skip) != skipped {
			t.Errorf("file %d: %v", file, got[file])
		}
	}
	if chosenBy(nil, 6) != nil || chosenBy([]admit.FileRange{{First: 6, Last: 8}}, 6) != nil {
		t.Error("nothing is chosen")
	}
}
