package engine

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"piecewise/engine/internal/disk"
)

// TestMoveToFullDisk moves to a disk that has too little room: nothing of it stays
// there, the torrent seeds on where it is, and moves when there is room.
func TestMoveToFullDisk(t *testing.T) {
	if !inMounts(t) {
		return
	}
	leech, id, seed, _ := fetched(t, map[string]int{"a": 900_000, "b": 900_000})
	was, small := leech.snap.Torrent(id).Dir, mount(t, "size=1m")
	to := filepath.Join(small, "new")
	ok(t, leech.Move(t.Context(), []ID{id}, to))
	leech.noticed("could not be moved to " + to)
	leech.await("the end", func(s *Snapshot) bool { return s.Torrent(id).Move == nil })
	if told := strings.Join(leech.told(Notice), " "); !strings.Contains(told, "1.8 MB are needed") {
		t.Errorf("it says %q", told)
	}
	if row := leech.snap.Torrent(id); row.State != Seeding || row.Dir != was {
		t.Errorf("it is %v in %s", row.State, row.Dir)
	}
	empty(t, small)
	sameFiles(t, filepath.Join(seed.snap.Torrent(id).Dir, "data"), dataOf(leech, id))
	remount(t, small, 0, "size=8m")
	ok(t, leech.Move(t.Context(), []ID{id}, to))
	leech.awaitMoved(id, to)
	sameFiles(t, filepath.Join(seed.snap.Torrent(id).Dir, "data"), dataOf(leech, id))
	empty(t, was)
}

// filling is a context that writes a file when it was asked for the n-th time whether it
// has ended.
type filling struct {
	context.Context
	n    int
	path string
}

func (f *filling) Err() error {
	if f.n--; f.n == 0 {
		// As much as there is room for.
		_ = os.WriteFile(f.path, make([]byte, 16<<20), 0o600)
	}
	return f.Context.Err()
}

// TestMoveFillsDisk has another program fill the disk in the middle of the copy: all is
// where it was, the other program's file too, and the move can be done again.
func TestMoveFillsDisk(t *testing.T) {
	if !inMounts(t) {
		return
	}
	from, small := t.TempDir(), mount(t, "size=8m")
	l := disk.Layout{
		Files:       []disk.File{{Path: []string{"a"}, Length: 3 << 20}, {Path: []string{"b"}, Length: 3 << 20, Offset: 3 << 20}},
		PieceLength: 1 << 20, Length: 6 << 20, Pieces: 6,
	}
	for i, f := range l.Files {
		ok(t, os.WriteFile(filepath.Join(from, f.Path[0]), []byte(strings.Repeat(string(rune('a'+i)), int(f.Length))), 0o600))
	}
	before := asTheyAre(t, from)
	d := must[*disk.Torrent](t)(disk.Open(disk.Options{Dir: from, Layout: l, Have: full(6)}))
	defer d.Close()
	filler, to := filepath.Join(small, "filler"), filepath.Join(small, "new")
	failed := 0
	for n := 2; n <= 8; n++ {
		moved, err := d.Move(&filling{t.Context(), n, filler}, to, "key", new(disk.Progress))
		if err == nil { // it was full too late
			break
		}
		failed++
		if !errors.Is(err, syscall.ENOSPC) || moved != nil || d.Dir() != from {
			t.Fatalf("filled at %d: %v, it is in %s", n, err, d.Dir())
		}
		if now := asTheyAre(t, from); now != before {
			t.Fatalf("filled at %d: %s has become %s", n, before, now)
		}
		if got := listing(t, small); got != "filler" {
			t.Errorf("filled at %d: there is %s", n, got)
		}
		ok(t, os.Remove(filler))
	}
	if failed < 2 {
		t.Errorf("it failed %d times", failed)
	}
	os.Remove(filler)
	if failed == 7 {
		must[*disk.Moved](t)(d.Move(t.Context(), to, "key", new(disk.Progress)))
	}
	if d.Dir() != to {
		t.Errorf("it is in %s", d.Dir())
	}
	for i, f := range l.Files {
		if got := must[[]byte](t)(os.ReadFile(filepath.Join(to, f.Path[0]))); string(got) != strings.Repeat(string(rune('a'+i)), int(f.Length)) {
			t.Errorf("%s is wrong", f.Path[0])
		}
	}
}

// TestMoveAcrossMounts moves between two mounts of one file system, which have the same
// device but do not let names go from one to the other: it is copied.
func TestMoveAcrossMounts(t *testing.T) {
	if !inMounts(t) {
		return
	}
	shared, other := mount(t, "size=16m"), t.TempDir()
	for _, name := range []string{"here", "there"} {
		ok(t, os.Mkdir(filepath.Join(shared, name), 0o755))
	}
	ok(t, syscall.Mount(filepath.Join(shared, "there"), other, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { syscall.Unmount(other, syscall.MNT_DETACH) })
	here := filepath.Join(shared, "here")
	a, b := must[uint64](t)(disk.Device(here)), must[uint64](t)(disk.Device(other))
	ok(t, os.WriteFile(filepath.Join(here, "probe"), nil, 0o600))
	err := os.Rename(filepath.Join(here, "probe"), filepath.Join(other, "probe"))
	if a != b || !errors.Is(err, syscall.EXDEV) {
		t.Skipf("devices %d and %d, and a rename between them: %v", a, b, err)
	}
	s := aSick(t, 2_000_000)
	s.leech(t, here, 1_000_000)
	s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
	to := filepath.Join(other, "new") // while it is downloaded
	ok(t, s.Move(t.Context(), []ID{s.id}, to))
	s.awaitMoved(s.id, to)
	s.awaitState(s.id, Seeding)
	want := filepath.Join(filepath.Dir(s.torrent), "data")
	sameFiles(t, want, dataOf(s.bench, s.id))
	if got := listing(t, here); got != "probe" {
		t.Errorf("the old folder has %s", got)
	}
	ok(t, s.Move(t.Context(), []ID{s.id}, here)) // and when it seeds
	s.awaitMoved(s.id, here)
	sameFiles(t, want, dataOf(s.bench, s.id))
	empty(t, to)
	friend := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
	friend.add(s.torrent, AddOptions{Peers: []netip.AddrPort{s.addr()}})
	friend.awaitState(s.id, Seeding)
}
