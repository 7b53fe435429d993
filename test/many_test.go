package test

import (
	"os"
	"testing"
	"time"

	"piecewise/engine/shelf"
)

// TestWindowOfManyTorrents opens the window on a list of ten thousand seeds, looks at
// one of them, and comes back to the same. It tells how long the list took.
func TestWindowOfManyTorrents(t *testing.T) {
	desk := NewDesk(t)
	many := shelf.Shelf{Torrents: 10_000, Pieces: 20}
	if os.Getenv("PIECEWISE_E2E") == "full" {
		many.Pieces = 2000
	}
	if _, err := many.Make(desk.Profile, desk.Dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		start := time.Now()
		w := desk.Open(t)
		open := time.Since(start)
		w.See(t, "the list", func(p Picture) bool { return w.Calm(p) && w.Rows(p) == 9 && w.Full(p, 8) })
		t.Logf("%d torrents of %d pieces: a window after %.2f s, with their rows after %.2f s", many.Torrents, many.Pieces, open.Seconds(), time.Since(start).Seconds())
		w.Click(t, w.Row(3), 1)
		w.See(t, "one is selected", func(p Picture) bool { return w.Selected(p, 3) && w.Full(p, 3) })
		w.Shot(t, "many")
		w.Leave(t)
	}
}
