package test

import (
	"image"
	"os"
	"path/filepath"
	"testing"
)

// In both themes: a torrent stops where another program has begun its file. The details
// say why, the menu offers to continue, and it is done once the user agrees.
func TestWindowContinues(t *testing.T) {
	onlyFull(t)
	for _, theme := range []string{"dark", "light"} {
		t.Run(theme, func(t *testing.T) {
			d := Make(t, "begun.bin", 32<<10, File{Length: 3_000_000})
			torrent := d.Torrent(t, "")
			seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
			desk := NewDesk(t)
			desk.Theme = theme
			begun := filepath.Join(desk.Dir, d.Name)
			content, err := os.ReadFile(filepath.Join(d.Dir, d.Name))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(begun, content[:1_000_000], 0o644); err != nil {
				t.Fatal(err)
			}
			w := desk.Open(t, "--peer", seed.Addr().String())
			w.See(t, "the window has the colours of its theme", w.Calm)
			w.Drop(t, torrent)
			w.See(t, "the add dialog", func(p Picture) bool { return !w.Calm(p) && p.Has(fileHead) })
			w.Key(t, "Return")
			w.Rests(t, 1)
			w.Click(t, w.Row(0), 1)
			w.See(t, "the row is selected", func(p Picture) bool { return w.Selected(p, 0) })
			tabs := w.Picture(t).Marks(tabRow, wide)
			w.Click(t, middle(tabs[4]), 1) // the overview
			w.See(t, "the overview", func(p Picture) bool { return p.Has(image.Rect(20, 420, 600, 600)) })
			w.Shot(t, theme+" fault")
			w.Do(t, "mousemove", "1040", "100")
			w.Shot(t, theme+" hint")
			w.Key(t, "ctrl+m")
			w.See(t, "the question", func(p Picture) bool { return !w.Calm(p) })
			w.Shot(t, theme+" location")
			w.Key(t, "Escape")
			w.Rests(t, 1)
			w.Click(t, w.Row(0), 3)
			w.Shot(t, theme+" menu")
			w.Key(t, "Escape")
			if now, err := os.ReadFile(begun); err == nil && len(now) != 1_000_000 {
				t.Errorf("without consent it has %d bytes", len(now))
			}
			w.Leave(t)
		})
	}
}
