package test

import (
	"image"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// A folder is shared in the window by keyboard alone, with the tracker that runs in
// it, and somebody gets it with nothing but what came of that. Both themes.
func TestWindowShares(t *testing.T) {
	onlyFull(t)
	for _, theme := range []string{"dark", "light"} {
		t.Run(theme, func(t *testing.T) {
			if l, err := net.Listen("tcp", "127.0.0.1:6969"); err != nil {
				t.Skip("the port of the tracker is taken by another program: ", err)
			} else {
				l.Close()
			}
			d := Make(t, "to share", 32<<10, File{"a.bin", 3_000_000}, File{"b/c.bin", 200_001})
			desk := NewDesk(t)
			desk.Theme = theme
			w := desk.Open(t)
			w.See(t, "an empty list says where to begin", func(p Picture) bool { return p.Has(image.Rect(300, 300, 900, 500)) })
			w.Key(t, "ctrl+s")
			asks := func(p Picture) bool { return !w.Calm(p) }
			w.See(t, "the dialog", asks)
			w.Shot(t, "share")
			w.Do(t, "type", "--delay", "1", filepath.Join(d.Dir, d.Name))
			torrents := filepath.Join(desk.Profile, "torrents", "*.torrent")
			var made []string
			Poll(t, 30*time.Second, "a torrent is made", func() bool {
				w.Key(t, "Return") // it takes a moment until it is known what is there
				time.Sleep(200 * time.Millisecond)
				made, _ = filepath.Glob(torrents)
				return len(made) == 1
			})
			time.Sleep(time.Second)
			w.Shot(t, "shared")
			dir := t.TempDir()
			StartGet(t, "", made[0], "--dir", dir).Finish(t, time.Minute)
			time.Sleep(time.Second)
			w.Shot(t, "shared with somebody")
			d.Compare(t, dir)
			w.Key(t, "Escape")
			w.Rests(t, 1)
			w.Key(t, "ctrl+comma")
			w.See(t, "the settings", asks)
			w.Click(t, image.Pt(216, 299), 1)
			time.Sleep(time.Second)
			w.Shot(t, "settings")
			w.Key(t, "Escape")
			w.Leave(t)
		})
	}
}
