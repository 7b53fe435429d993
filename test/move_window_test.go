package test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A torrent is moved to another disk, and it and its file are renamed, in the window
// by keyboard alone.
func TestWindowMoves(t *testing.T) {
	onlyFull(t)
	d := Make(t, "a film.bin", 256<<10, File{Length: 400_000_000})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
	desk := NewDesk(t)
	w := desk.Open(t, "--peer", seed.Addr().String(), torrent)
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.Rests(t, 1)
	w.SeeWithin(t, time.Minute, "its bar is full", func(p Picture) bool { return w.Full(p, 0) })
	w.arrives(t, d)

	far := filepath.Join(otherDisk(t), "far")
	w.fills(t, "ctrl+m", far, "set location")
	for _, shot := range []string{"moving", "moving on"} {
		w.Shot(t, shot)
	}
	there := filepath.Join(far, d.Name)
	Poll(t, 30*time.Second, "the file is there", func() bool { return missing(filepath.Join(desk.Dir, d.Name)) && !missing(there) })
	d.Compare(t, far)

	w.fills(t, "F2", "A better title", "rename")
	w.Click(t, middle(w.Picture(t).Marks(tabRow, wide)[2]), 1)
	w.Click(t, firstPeer.Min.Sub(firstPeer.Size()), 1)
	w.Key(t, "Tab", "Down")
	w.Shot(t, "files")
	w.Leave(t)
}

func missing(path string) bool {
	_, err := os.Lstat(path)
	return err != nil
}
