package test

import (
	"crypto/sha256"
	"encoding/hex"
	"image"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// swarm has torrents that a slow peer seeds and a tracker knows.
type swarm struct {
	data     map[string]*Data
	torrents map[string]string // paths of .torrent files
	seed     *Libtorrent
}

func startSwarm(t *testing.T, slow int, names ...string) *swarm {
	t.Helper()
	s := &swarm{data: map[string]*Data{}, torrents: map[string]string{}}
	src := t.TempDir()
	var all []*Data
	for _, name := range names {
		d := Make(t, name, 32<<10, File{Length: 1_500_000})
		if err := os.Symlink(filepath.Join(d.Dir, name), filepath.Join(src, name)); err != nil {
			t.Fatal(err)
		}
		s.data[name], all = d, append(all, d)
	}
	tracker := StartTracker(t, all...)
	var paths []string
	for _, d := range all {
		s.torrents[d.Name] = d.Torrent(t, tracker.URL)
		paths = append(paths, s.torrents[d.Name])
	}
	s.seed = StartLibtorrent(t, PeerOptions{Dir: src, Sources: paths, UpLimit: slow})
	for _, d := range all {
		tracker.AwaitSeeds(t, d, 1)
	}
	return s
}

// arrives waits until a file is there with the right SHA-256.
func (w *Window) arrives(t *testing.T, d *Data) {
	t.Helper()
	path := filepath.Join(w.Dir, d.Name)
	Poll(t, 60*time.Second, d.Name+" is there", func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() == d.Size && sum(t, path) == d.Sums[d.Name]
	})
}

// The whole way of a user: argument, second start, drop, paste, pause, resume,
// remove, broken and known files, leaving and coming back.
func TestWindow(t *testing.T) {
	desk := NewDesk(t)
	desk.Binary = Checked(t)
	s := startSwarm(t, 0, "a argument", "b handed over", "c dropped", "d dropped too", "e pasted", "f paused")
	w := desk.Open(t, s.torrents["a argument"])
	w.adds(t, s)
	w.dropsAndPastes(t, s)
	w.refuses(t, s)
	w.steers(t, s)
	w.removes(t, s)
	w.Leave(t)

	w = desk.Open(t)
	w.Rests(t, 3)
	w.Shot(t, "back again")
	w.See(t, "the list is back as it was", func(p Picture) bool { return w.Full(p, 0) && w.Full(p, 1) && w.Full(p, 2) })
	w.Key(t, "ctrl+q")
	w.Left(t)
}

// adds answers the add dialog of the argument by keyboard, and that of a second
// start by mouse.
func (w *Window) adds(t *testing.T, s *swarm) {
	t.Helper()
	w.AsksToAdd(t)
	w.Shot(t, "add dialog")
	w.Key(t, "Return")
	w.Rests(t, 1)
	w.arrives(t, s.data["a argument"])
	w.See(t, "its bar is full", func(p Picture) bool { return w.Full(p, 0) })

	w.HandOver(t, s.torrents["b handed over"])
	w.Click(t, w.AsksToAdd(t), 1)
	w.Rests(t, 2)
	w.arrives(t, s.data["b handed over"])
	w.Shot(t, "two torrents")
}

// dropsAndPastes drops two files at once and pastes a magnet, whose dialog is
// there before its files are known.
func (w *Window) dropsAndPastes(t *testing.T, s *swarm) {
	t.Helper()
	w.Drop(t, s.torrents["c dropped"], s.torrents["d dropped too"])
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.See(t, "the first of two is added", func(p Picture) bool { return !w.Calm(p) })
	w.AsksToAdd(t)
	w.Key(t, "Return")
	w.Rests(t, 4)
	w.arrives(t, s.data["c dropped"])
	w.arrives(t, s.data["d dropped too"])

	s.seed.Signal(t, syscall.SIGSTOP)
	pasted := s.data["e pasted"]
	w.Paste(t, pasted.Magnet("")+"&x.pe="+s.seed.Addr().String())
	at := w.Asks(t, "add this magnet?")
	if w.Picture(t).Has(fileHead) {
		t.Error("the dialog of the magnet shows files that nobody can have sent")
	}
	w.Shot(t, "magnet without its files")
	s.seed.Signal(t, syscall.SIGCONT)
	w.SeeWithin(t, 30*time.Second, "the dialog fills in", func(p Picture) bool { return p.Has(fileHead) })
	w.Shot(t, "magnet with its files")
	w.Click(t, at, 1)
	w.Rests(t, 5)
	w.arrives(t, pasted)
	w.See(t, "the bar of the pasted one is full", func(p Picture) bool { return w.Full(p, 4) })
}

// refuses opens a file that is no torrent, and one that is there already.
func (w *Window) refuses(t *testing.T, s *swarm) {
	t.Helper()
	broken := filepath.Join(t.TempDir(), "broken.torrent")
	if err := os.WriteFile(broken, []byte("d4:infod6:lengthi-1eee"), 0o644); err != nil {
		t.Fatal(err)
	}
	w.HandOver(t, broken)
	at := w.Asks(t, "have you read what is wrong?")
	w.Shot(t, "broken file")
	if p := w.Picture(t); at.Y > 500 || p.Has(fileHead) {
		t.Error("a broken file brings up the add dialog")
	}
	w.Key(t, "Return")
	w.Rests(t, 5)

	w.HandOver(t, s.torrents["b handed over"])
	w.See(t, "the one that is there already is selected", func(p Picture) bool {
		return w.Calm(p) && w.Selected(p, 1) && !w.Selected(p, 4) && w.Rows(p) == 5
	})
	w.Shot(t, "there already")
}

// steers adds one paused, and resumes and pauses it by all means there are.
func (w *Window) steers(t *testing.T, s *swarm) {
	t.Helper()
	w.HandOver(t, s.torrents["f paused"])
	w.AsksToAdd(t)
	choices := w.Picture(t).Marks(checks, wide)
	if len(choices) != 2 {
		t.Fatalf("there are %d choices in the add dialog: %v", len(choices), choices)
	}
	w.Click(t, middle(choices[0]), 1)
	w.Key(t, "Return")
	w.Rests(t, 6)
	w.paused(t)
	w.Tool(t, toolResume)
	w.runs(t)
	w.Tool(t, toolPause)
	w.paused(t)
	w.Choose(t, 5, menuResume)
	w.runs(t)
	w.Choose(t, 5, menuPause)
	w.paused(t)
	w.Key(t, "space")
	w.runs(t)
	w.arrives(t, s.data["f paused"])
	w.Key(t, "space")
	w.paused(t)
	w.Key(t, "ctrl+a")
	w.See(t, "all are selected", func(p Picture) bool { return w.Selected(p, 0) && w.Selected(p, 5) })
	w.Tool(t, toolResume)
	w.runs(t)
}

func (w *Window) paused(t *testing.T) {
	t.Helper()
	w.See(t, "what is selected is paused", func(p Picture) bool { return w.Can(p, toolResume) && !w.Can(p, toolPause) })
}

func (w *Window) runs(t *testing.T) {
	t.Helper()
	w.See(t, "what is selected runs", func(p Picture) bool { return !w.Can(p, toolResume) && w.Can(p, toolPause) })
}

// removes takes away three: by keyboard from the list only, by mouse into the
// trash, and by the menu of the list.
func (w *Window) removes(t *testing.T, s *swarm) {
	t.Helper()
	w.Click(t, w.Row(1), 1)
	w.Key(t, "Down")
	w.See(t, "the third row is selected", func(p Picture) bool { return w.Selected(p, 2) && !w.Selected(p, 1) })
	w.Key(t, "Delete")
	w.Asks(t, "remove it?")
	w.Shot(t, "remove dialog")
	w.Key(t, "Escape")
	w.Rests(t, 6)
	w.Key(t, "Delete")
	w.Asks(t, "remove it?")
	w.Key(t, "Return")
	w.Rests(t, 5)
	w.arrives(t, s.data["c dropped"])

	w.Click(t, w.Row(2), 1)
	w.Tool(t, toolRemove)
	w.Asks(t, "remove it, with its file?")
	w.Click(t, w.dangerous(t), 1)
	w.Rests(t, 4)
	w.trashed(t, s.data["d dropped too"])

	w.Choose(t, 2, menuRemove)
	w.Click(t, w.Asks(t, "remove it?"), 1)
	w.Rests(t, 3)
	w.arrives(t, s.data["e pasted"])
}

func (w *Window) dangerous(t *testing.T) (at image.Point) {
	t.Helper()
	w.See(t, "there is a button for the trash", func(p Picture) bool {
		var ok bool
		at, ok = p.Button(danger)
		return ok
	})
	return at
}

// trashed waits until the file is in the user's trash, and no more where it was.
func (w *Window) trashed(t *testing.T, d *Data) {
	t.Helper()
	trash := filepath.Join(w.Home, "data", "Trash", "files", d.Name)
	Poll(t, 15*time.Second, d.Name+" is in the trash", func() bool {
		_, err := os.Stat(trash)
		_, gone := os.Stat(filepath.Join(w.Dir, d.Name))
		return err == nil && os.IsNotExist(gone)
	})
	if sum(t, trash) != d.Sums[d.Name] {
		t.Errorf("what is in the trash is not %s", d.Name)
	}
}

// sum returns the SHA-256 of a file.
func sum(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error() // it may be renamed just now
	}
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}
