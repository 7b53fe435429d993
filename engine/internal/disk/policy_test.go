package disk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"piecewise/engine/internal/plane"
)

var suffix = Policy{Suffix: true}

// bits makes a set of pieces.
func bits(n int, set ...int) plane.Bits {
	b := plane.MakeBits(n)
	for _, i := range set {
		b.Set(i)
	}
	return b
}

func writePieces(t testing.TB, d *Torrent, data []byte, pieces ...int) {
	t.Helper()
	l := d.layout
	for _, p := range pieces {
		start := int64(p) * l.PieceLength
		if _, err := write(d, p, data[start:min(start+l.PieceLength, l.Length)], 0); err != nil {
			t.Fatal(err)
		}
		d.Verified(p)
	}
}

// TestSuffix downloads piece by piece, with a new start after each, and looks what
// the files are called. The record is lost now and then.
func TestSuffix(t *testing.T) {
	l := lay(8, "t/a", 12, "t/b", 12, "t/empty", 0, "pad", 8, "t/c.part", 8)
	data := content(l)
	for _, kept := range []bool{true, false} {
		dir := t.TempDir()
		o := Options{Dir: dir, Layout: l, Policy: suffix}
		for i, want := range []string{
			"t/a.part t/empty",
			"t/a t/b.part t/empty",
			"t/a t/b t/empty",
			"t/a t/b t/empty",
			"t/a t/b t/c.part t/empty",
		} {
			d := open(t, o)
			if err := d.Finish(); err != nil {
				t.Fatal(err)
			}
			writePieces(t, d, data, i)
			if err := errors.Join(d.Sync(), d.Complete(d.Have())); err != nil {
				t.Fatal(err)
			}
			if got := names(t, dir); got != want {
				t.Errorf("after piece %d: %s, not %s", i, got, want)
			}
			o.Have = d.Have()
			if kept {
				o.Names = d.Names()
			}
			d.Close()
		}
		if len(o.Names) > 0 {
			t.Errorf("names of a complete torrent: %v", o.Names)
		}
		checkFiles(t, dir, l, data)
	}
}

// TestSuffixStays has a torrent from before there was a suffix, and one whose setting
// was changed: what there is goes on under its name.
func TestSuffixStays(t *testing.T) {
	l := lay(8, "a", 16, "b", 16)
	dir, data := t.TempDir(), content(l)
	d := open(t, Options{Dir: dir, Layout: l})
	writePieces(t, d, data, 0)
	d.SetPolicy(suffix)
	writePieces(t, d, data, 2)
	if got := names(t, dir); got != "a b.part" {
		t.Errorf("files: %s", got)
	}
	again := open(t, Options{Dir: dir, Layout: l, Have: d.Have(), Names: d.Names()})
	writePieces(t, again, data, 1, 3)
	if got := names(t, dir); got != "a b.part" {
		t.Errorf("files: %s", got)
	}
	if err := again.Complete(again.Have()); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, l, data)
}

// TestNameTaken has a stranger take the name of a file before it is made, and before
// it is complete.
func TestNameTaken(t *testing.T) {
	l := lay(8, "a", 8, "b", 16)
	dir, data := t.TempDir(), content(l)
	d := open(t, Options{Dir: dir, Layout: l, Policy: suffix})
	put(t, filepath.Join(dir, "a"), []byte("theirs"))
	_, err := write(d, 0, data[:8], 0)
	if foreign := (*ForeignError)(nil); !errors.As(err, &foreign) || !foreign.New {
		t.Errorf("made a file beside a stranger's: %v", err)
	}
	writePieces(t, d, data, 1)
	put(t, filepath.Join(dir, "b"), []byte("theirs"))
	writePieces(t, d, data, 2)
	if err := d.Complete(d.Have()); !errors.Is(err, os.ErrExist) {
		t.Errorf("complete: %v", err)
	}
	if err := d.Complete(d.Have()); err != nil {
		t.Errorf("told twice: %v", err)
	}
	got := files(t, dir)
	if got["a"] != "theirs" || got["b"] != "theirs" || got["b.part"] != string(data[8:]) {
		t.Errorf("files: %q", got)
	}
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	again := open(t, Options{Dir: dir, Layout: l, Have: d.Have(), Names: d.Names()})
	if err := again.Complete(again.Have()); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); got != "a b" {
		t.Errorf("files: %s", got)
	}
}

// TestForeignPart has another program's unfinished files in the folder.
func TestForeignPart(t *testing.T) {
	l := lay(8, "a", 8, "b", 8, "c", 8, "d", 8)
	dir, data := t.TempDir(), content(l)
	put(t, filepath.Join(dir, "a.part"), data[:8])
	put(t, filepath.Join(dir, "b"), data[8:16])
	put(t, filepath.Join(dir, "b.part"), []byte("theirs"))
	put(t, filepath.Join(dir, "d.part"), data[24:])
	o := Options{Dir: dir, Layout: l, Policy: suffix, Names: map[int]string{3: "d.part"}}
	there, _, err := Existing(o)
	if err != nil || !slices.Equal(there, []int{0, 1}) {
		t.Fatalf("existing: %v, %v", there, err)
	}
	o.Foreign = there
	d := open(t, o)
	checkReadsPiece(t, d, data, 0, 1, 3)
	if _, err := write(d, 0, []byte("xxxxxxxx"), 0); err == nil {
		t.Error("wrote to another program's file")
	}
	writePieces(t, d, data, 0, 1, 2, 3)
	if err := d.Complete(d.Have()); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "a.part b b.part c d" {
		t.Errorf("files: %s", got)
	}
	if mine := Ours(Options{Dir: dir, Layout: l, Foreign: there, Names: d.Names()}); len(mine) != 2 {
		t.Errorf("ours: %v", mine)
	}
}

func checkReadsPiece(t *testing.T, d *Torrent, data []byte, pieces ...int) {
	t.Helper()
	for _, p := range pieces {
		got := make([]byte, 8)
		if _, err := d.ReadAt(got, int64(p)*8); err != nil || string(got) != string(data[p*8:p*8+8]) {
			t.Errorf("piece %d: %v", p, err)
		}
	}
}

// TestAllocate wants all room at once: of files that are wanted, before they are written.
func TestAllocate(t *testing.T) {
	l := lay(1<<16, "a", 3<<16, "b", 1<<16, "c", 1<<16)
	dir, data := t.TempDir(), content(l)
	put(t, filepath.Join(dir, "c"), nil)
	d := open(t, Options{Dir: dir, Layout: l, Key: "abc", Skip: []int{1}, Foreign: []int{2}, Policy: Policy{Suffix: true, Allocate: true}})
	writePieces(t, d, data, 0)
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "a.part"))
	if err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		can := allocate(f, 1) == nil && lengthOf(t, f) == 1
		f.Close()
		os.Remove(f.Name())
		if can && (info.Size() != 3<<16 || allocated(info) < 3<<16) {
			t.Errorf("it has %d bytes, and room for %d", info.Size(), allocated(info))
		}
	}
	if got := names(t, dir); got != "a.part c" {
		t.Errorf("files: %s", got)
	}
	writePieces(t, d, data, 1, 2)
	if err := errors.Join(d.Sync(), d.Complete(d.Have()), d.Finish()); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); got["a"] != string(data[:3<<16]) || len(got["c"]) > 0 {
		t.Error("wrong bytes")
	}
}

func lengthOf(t *testing.T, f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// TestAllocateTooMuch has less room than is needed: that is known before a file is
// made.
func TestAllocateTooMuch(t *testing.T) {
	l := lay(1<<40, "a", 1<<60)
	dir := t.TempDir()
	d := open(t, Options{Dir: dir, Layout: l, Policy: Policy{Allocate: true}})
	var room *RoomError
	if err := d.Finish(); !errors.As(err, &room) || room.Need != 1<<60 || room.Free <= 0 || KindOf(err) != Full {
		t.Errorf("finish: %v", err)
	}
	if got := names(t, dir); got != "" {
		t.Errorf("files: %s", got)
	}
}

// TestCompleteTwice completes what a crash has left with both names, and a file that
// is reached over a link, which takes the longer way.
func TestCompleteTwice(t *testing.T) {
	l := lay(8, "t/a", 8, "t/b", 8, "link/c", 8, "t/d", 8, "e", 8, "u/f", 8)
	dir, data := t.TempDir(), content(l)
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "there"), 0o777), os.Symlink("there", filepath.Join(dir, "link"))); err != nil {
		t.Skip(err)
	}
	d := open(t, Options{Dir: dir, Layout: l, Policy: suffix})
	writePieces(t, d, data, 0, 1, 2, 3, 4, 5)
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "t/b.part"), filepath.Join(dir, "t/b")); err != nil {
		t.Skip(err)
	}
	put(t, filepath.Join(dir, "t/d"), []byte("theirs"))
	if err := d.Complete(d.Have()); !errors.Is(err, os.ErrExist) {
		t.Errorf("complete: %v", err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "link")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Fatalf("the link is gone: %v", err)
	}
	got := files(t, filepath.Join(dir, "t"))
	if got["d"] != "theirs" || got["d.part"] != string(data[24:32]) {
		t.Errorf("files: %q", got)
	}
	if got := names(t, filepath.Join(dir, "there")); got != "c" {
		t.Errorf("files behind the link: %s", got)
	}
	if got := names(t, filepath.Join(dir, "t")); got != "a b d d.part" {
		t.Errorf("files: %s", got)
	}
	if !d.folders[filepath.Join(dir, "u")] {
		t.Error("a folder has a new name and will not be synced")
	}
	checkReadsPiece(t, d, data, 0, 1, 2, 3, 4, 5)
}

// TestCompleteWhileBusy has readers open files while these get their names.
func TestCompleteWhileBusy(t *testing.T) {
	var list []any
	for i := range 3 * namesAtOnce {
		list = append(list, fmt.Sprintf("t%d/%d", i/40, i), 8)
	}
	l := lay(8, list...)
	for range 20 {
		d, data := open(t, Options{Dir: t.TempDir(), Layout: l, Policy: suffix}), content(l)
		for p := range l.Pieces {
			writePieces(t, d, data, p)
		}
		var busy sync.WaitGroup
		var done atomic.Bool
		for worker := range 2 {
			busy.Go(func() {
				for p := worker; !done.Load(); p = (p + 1) % l.Pieces {
					handles.forgetFile(d, p)
					checkReadsPiece(t, d, data, p)
				}
			})
		}
		if err := errors.Join(d.Complete(d.Have()), d.Sync()); err != nil {
			t.Error(err)
		}
		done.Store(true)
		busy.Wait()
		if len(d.Names()) > 0 {
			t.Errorf("names of a complete torrent: %v", d.Names())
		}
		checkFiles(t, d.Dir(), l, data)
	}
}

// TestFrozenMakesNothing finishes a torrent that is about to be closed: no file appears
// that its record does not know.
func TestFrozenMakesNothing(t *testing.T) {
	dir := t.TempDir()
	d := open(t, Options{Dir: dir, Layout: lay(4, "empty", 0)})
	d.Freeze()
	if err := d.Finish(); !errors.Is(err, ErrClosed) {
		t.Errorf("finish: %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("%v are there", list)
	}
}
