package terminal

import (
	"reflect"
	"strings"
	"testing"

	"piecewise/engine"
)

func TestDrawSwarm(t *testing.T) {
	seed := rowOf("a", 40, 40)
	seed.Pieces, seed.Down = engine.UniformPieces(4, engine.Verified), 0
	rows := []member{{"seed", seed}, {"leech 1", rowOf("a", 10, 40)}, {"leech 2", nil}}
	want := []string{
		"seed     ███████████████ 100 %  ↓ –           ↑ 2.00 kB/s ",
		"leech 1  ···············  25 %  ↓ 1.00 MB/s   ↑ 2.00 kB/s ",
		"leech 2  ···············   0 %  ↓ –           ↑ –         ",
	}
	if got := drawSwarm(rows, 60, false); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if allDone(rows) || !allDone(rows[:1]) {
		t.Error("allDone does not see who is done")
	}
}

func TestTally(t *testing.T) {
	seed, leech := rowOf("a", 40, 40), rowOf("a", 40, 40)
	seed.Uploaded, seed.Downloaded = 75_000_000, 0
	leech.Uploaded, leech.Downloaded = 25_000_000, 50_000_000
	want := []string{
		"seed     gave  75.0 MB  took      0 B",
		"leech 1  gave  25.0 MB  took  50.0 MB",
		"leech 2  gave  25.0 MB  took  50.0 MB",
		"The seed sent 1.50 copies; the leeches gave each other the rest of their 2.",
	}
	if got := tally([]member{{"seed", seed}, {"leech 1", leech}, {"leech 2", leech}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
