package test

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var (
	fileMenu   = image.Pt(22, 12)
	askMenu    = image.Pt(90, 141)              // "Ask before adding" in it
	firstPeer  = image.Rect(160, 412, 300, 422) // the bar of the first peer
	windowSize = image.Rect(0, 0, 1180, 720)
)

func onlyFull(t *testing.T) {
	t.Helper()
	if !Full() {
		t.Skip("this is for PIECEWISE_E2E=full")
	}
}

// "Don't ask again" adds the next one at once, until the menu takes it back. The
// binary is the one that is shipped.
func TestWindowAsksNoMore(t *testing.T) {
	onlyFull(t)
	s := startSwarm(t, 0, "a asked", "b silent", "c asked again")
	w := NewDesk(t).Open(t)
	w.Drop(t, s.torrents["a asked"])
	w.AsksToAdd(t)
	choices := w.Picture(t).Marks(checks, wide)
	if len(choices) != 2 {
		t.Fatalf("there are %d choices in the add dialog: %v", len(choices), choices)
	}
	w.Click(t, middle(choices[1]), 1)
	w.Key(t, "Return")
	w.Rests(t, 1)
	w.arrives(t, s.data["a asked"])

	w.HandOver(t, s.torrents["b silent"])
	w.arrives(t, s.data["b silent"])
	w.Rests(t, 2)
	w.Leave(t)

	w = w.Desk.Open(t)
	w.Rests(t, 2)
	w.Click(t, fileMenu, 1)
	w.See(t, "the menu is open", func(p Picture) bool { return p.Has(image.Rect(30, 134, 140, 148)) })
	w.Shot(t, "menu")
	w.Click(t, askMenu, 1)
	w.Drop(t, s.torrents["c asked again"])
	w.AsksToAdd(t)
	w.Key(t, "Escape")
	w.Rests(t, 2)
	w.Leave(t)
}

// Without any tracker, --peer is enough: for a file and for a magnet.
func TestWindowPeer(t *testing.T) {
	onlyFull(t)
	s := startSwarm(t, 0, "a file", "b magnet")
	w := NewDesk(t).Open(t, "--peer", s.seed.Addr().String(), s.data["a file"].Torrent(t, ""))
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.Rests(t, 1)
	w.arrives(t, s.data["a file"])
	w.Paste(t, s.data["b magnet"].Magnet(""))
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.Rests(t, 2)
	w.arrives(t, s.data["b magnet"])
	w.Leave(t)
}

// After kill -9 in the middle of a download, a start at once finds the list and
// goes on; what the killed one has left is no obstacle.
func TestWindowKilled(t *testing.T) {
	onlyFull(t)
	s := startSwarm(t, 300_000, "a slow")
	w := NewDesk(t).Open(t, s.torrents["a slow"])
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.Rests(t, 1)
	for i := range int64(3) {
		w.See(t, "more of it is there", func(Picture) bool { return s.seed.Stats().Uploaded > (i+1)*200_000 })
		w.Signal(t, syscall.SIGKILL)
		w = w.Desk.Open(t) // while the other may still be dying
		w.Rests(t, 1)
	}
	w.arrives(t, s.data["a slow"])
	w.See(t, "its bar is full", func(p Picture) bool { return w.Full(p, 0) })
	w.Leave(t)
}

// Both themes: nothing there, the add dialog, and names that are long or foreign.
func TestWindowLooks(t *testing.T) {
	onlyFull(t)
	names := []string{
		"a " + strings.Repeat("very long name ", 14) + "end", "b пример на русском языке", "c 例え 日本語 中文 한국어", "d مثال على اسم", "e 🎞🧩 ไทย",
	}
	for _, theme := range []string{"dark", "light"} {
		t.Run(theme, func(t *testing.T) {
			s := startSwarm(t, 0, names...)
			desk := NewDesk(t)
			desk.Theme = theme
			w := desk.Open(t)
			w.See(t, "the window has the colours of its theme", w.Calm)
			w.See(t, "an empty list says where to begin", func(p Picture) bool { return p.Has(image.Rect(300, 300, 900, 500)) })
			w.Shot(t, "empty")
			for i, name := range names {
				w.Drop(t, s.torrents[name])
				w.See(t, "the add dialog", func(p Picture) bool { return !w.Calm(p) && p.Has(fileHead) })
				w.Shot(t, "add "+string(rune('a'+i)))
				w.Key(t, "Return")
				w.Rests(t, i+1)
				w.arrives(t, s.data[name])
				w.See(t, "its bar is full", func(p Picture) bool { return w.Full(p, i) })
			}
			w.Shot(t, "names")
			tabs := w.Picture(t).Marks(tabRow, wide)
			for i, tab := range tabs {
				before := w.Picture(t)
				w.Click(t, middle(tab), 1)
				w.See(t, "the tab changes", func(p Picture) bool { return i == 0 || differs(before, p) })
				w.Shot(t, "tab "+string(rune('1'+i)))
			}
			if len(tabs) != 6 {
				t.Errorf("there are %d tabs", len(tabs))
			}
			w.Leave(t)
		})
	}
}

// differs compares the place of the details.
func differs(a, b Picture) bool {
	for y := 380; y < 690; y++ {
		for x := range windowSize.Dx() {
			if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
				return true
			}
		}
	}
	return false
}

// The demo shows seven peers whose bars fill. Its pictures are those in docs.
func TestWindowDemo(t *testing.T) {
	onlyFull(t)
	for theme, name := range map[string]string{"dark": "screenshot.png", "light": "screenshot-light.png"} {
		t.Run(theme, func(t *testing.T) {
			desk := NewDesk(t)
			desk.Theme = theme
			w := desk.open(t, "demo")
			w.Rests(t, 1)
			tabs := w.Picture(t).Marks(tabRow, wide)
			if len(tabs) < 2 {
				t.Fatalf("there are %d tabs", len(tabs))
			}
			w.Click(t, middle(tabs[1]), 1)
			w.Do(t, "mousemove", "1270", "790")
			w.SeeWithin(t, time.Minute, "seven bars, one full and six with some pieces", func(p Picture) bool {
				some, full := 0, 0
				for i := range 7 {
					switch share := p.Share(firstPeer.Add(image.Pt(0, i*rowHeight)), w.palette().Verified); {
					case share > 0.99:
						full++
					case share > 0.3:
						some++
					}
				}
				return some == 6 && full == 1
			})
			w.Shot(t, "demo")
			if dir := os.Getenv("PIECEWISE_SHOTS"); dir != "" {
				save(t, filepath.Join(dir, name), w.Picture(t).SubImage(windowSize))
			}
			w.Key(t, "ctrl+q")
			w.Left(t)
		})
	}
}
