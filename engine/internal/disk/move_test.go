package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

const moveKey = "0123456789abcdef0123456789abcdef01234567"

// disks runs a test for a move within a file system and for one to another.
func disks(t *testing.T, test func(t *testing.T, from, to string)) {
	t.Run("one disk", func(t *testing.T) {
		dir := t.TempDir()
		test(t, filepath.Join(dir, "from"), filepath.Join(dir, "new", "to"))
	})
	t.Run("two disks", func(t *testing.T) {
		test(t, filepath.Join(t.TempDir(), "from"), filepath.Join(otherDisk(t), "new", "to"))
	})
}

// otherDisk returns a folder on another file system than that of temporary files.
func otherDisk(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "piecewise-test")
	if err != nil {
		t.Skip("there is no second file system at /dev/shm:", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	here, errHere := Device(t.TempDir())
	there, errThere := Device(dir)
	if err := errors.Join(errHere, errThere); err != nil {
		t.Fatal(err)
	}
	if here == there {
		t.Skip("/dev/shm is on the file system of temporary files")
	}
	return dir
}

// fill writes all files of a torrent, and those of strangers beside them.
func fill(t testing.TB, dir string, l Layout, data []byte) {
	t.Helper()
	for i, f := range l.Files {
		if !f.Pad {
			put(t, filepath.Join(dir, l.name(i)), data[f.Offset:f.Offset+f.Length])
		}
	}
}

func all(l Layout) plane.Bits {
	b := plane.MakeBits(l.Pieces)
	for i := range l.Pieces {
		b.Set(i)
	}
	return b
}

// move moves and finishes.
func move(t testing.TB, d *Torrent, to string) *Moved {
	t.Helper()
	moved, err := d.Move(t.Context(), to, moveKey, new(Progress))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := moved.Finish(); err != nil {
		t.Fatal(err)
	}
	return moved
}

func checkTree(t testing.TB, dir string, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	if _, err := os.Stat(dir); err == nil {
		got = files(t, dir)
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: %s should not be there", dir, name)
		}
	}
	for name, text := range want {
		if has, ok := got[name]; !ok || has != text {
			t.Errorf("%s: %s is there: %v, and has the right bytes: %v", dir, name, ok, has == text)
		}
	}
}

func tree(l Layout, data []byte) map[string]string {
	want := map[string]string{}
	for i, f := range l.Files {
		if !f.Pad {
			want[filepath.ToSlash(l.name(i))] = string(data[f.Offset : f.Offset+f.Length])
		}
	}
	return want
}

func TestMove(t *testing.T) {
	for name, l := range layouts {
		t.Run(name, func(t *testing.T) {
			disks(t, func(t *testing.T, from, to string) {
				data := content(l)
				fill(t, from, l, data)
				d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
				move(t, d, to)
				checkTree(t, to, tree(l, data))
				checkReads(t, d, data)
				if entries, err := os.ReadDir(from); err != nil || len(entries) != 0 {
					t.Errorf("the old folder holds %v, %v", entries, err)
				}
				if d.Dir() != to {
					t.Errorf("the folder is %s, not %s", d.Dir(), to)
				}
			})
		})
	}
}

// TestMoveLeavesStrangers moves a torrent out of a folder in which others have files.
func TestMoveLeavesStrangers(t *testing.T) {
	l := lay(8, "t/a", 20, "t/sub/b", 12, "t/c", 24, "t/other/d", 8)
	disks(t, func(t *testing.T, from, to string) {
		data := content(l)
		fill(t, from, l, data)
		put(t, filepath.Join(from, "t/sub/mine"), []byte("mine"))
		put(t, filepath.Join(to, "t/yours"), []byte("yours"))
		have := all(l)
		have.Clear(8 - 1) // the last file's only piece
		d := open(t, Options{Dir: from, Layout: l, Have: have, Foreign: []int{2, 3}})
		moved := move(t, d, to)
		want := tree(l, data)
		checkTree(t, from, map[string]string{"t/sub/mine": "mine", "t/c": want["t/c"], "t/other/d": want["t/other/d"]})
		delete(want, "t/other/d")
		want["t/yours"] = "yours"
		checkTree(t, to, want)
		if len(moved.Copied) != 1 || moved.Copied[0] != 2 {
			t.Errorf("the copied files of strangers are %v, not [2]", moved.Copied)
		}
		if _, err := write(d, 7, data[56:], 0); err != nil { // the new folder has no stranger in its place
			t.Error(err)
		}
		if n, err := d.ReadAt(make([]byte, 8), 32); n != 8 || err != nil {
			t.Errorf("read = %d, %v", n, err)
		}
	})
}

// TestMoveInTheWay checks that nothing happens if a stranger's file has the place of
// any file, or would have it later.
func TestMoveInTheWay(t *testing.T) {
	l := lay(8, "t/a", 20, "t/b", 12)
	for _, name := range []string{"t/b", "t/b.part", "t"} {
		t.Run(name, func(t *testing.T) {
			disks(t, func(t *testing.T, from, to string) {
				data := content(l)
				fill(t, from, l, data)
				put(t, filepath.Join(to, name), []byte("stranger"))
				d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
				_, err := d.Move(t.Context(), to, moveKey, new(Progress))
				if inTheWay := (*InTheWayError)(nil); err == nil || name != "t" && !errors.As(err, &inTheWay) {
					t.Errorf("move = %v", err)
				}
				checkTree(t, from, tree(l, data))
				checkTree(t, to, map[string]string{name: "stranger"})
				checkReads(t, d, data)
			})
		})
	}
}

// TestMoveMeetsStranger has a stranger's file appear when all was copied.
func TestMoveMeetsStranger(t *testing.T) {
	l := lay(8, "t/a", 20, "t/b", 12)
	disks(t, func(t *testing.T, from, to string) {
		data := content(l)
		fill(t, from, l, data)
		d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
		m, err := newMover(d, to, moveKey, new(Progress))
		if err == nil {
			err = m.prepare()
		}
		if err == nil {
			err = m.copyAll(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(to, "t/b"), []byte("stranger"))
		inTheWay := (*InTheWayError)(nil)
		if err := m.switchOver(t.Context()); !errors.As(err, &inTheWay) {
			t.Errorf("switch over = %v", err)
		}
		checkReads(t, d, data)
		m.undo()
		checkTree(t, from, tree(l, data))
		checkTree(t, to, map[string]string{"t/b": "stranger"})
	})
}

// slowly is a context that ends when it was asked for the n-th time whether it has.
type slowly struct {
	context.Context
	n   int
	end func()
}

func (s *slowly) Err() error {
	if s.n--; s.n == 0 {
		s.end()
	}
	return s.Context.Err()
}

// TestMoveCancel cancels a copy in its middle.
func TestMoveCancel(t *testing.T) {
	l := lay(1<<20, "t/a", 5<<20, "t/b", 20<<20, "t/c", 0)
	from, to := t.TempDir(), filepath.Join(otherDisk(t), "new")
	data := content(l)
	fill(t, from, l, data)
	d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
	for n := 1; n <= 6; n++ {
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := d.Move(&slowly{ctx, n, func() { cancel(ErrCancelled) }}, to, moveKey, new(Progress))
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("move = %v", err)
		}
		checkTree(t, from, tree(l, data))
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("cancelled at %d: the new folder is still there", n)
		}
	}
	move(t, d, to)
	checkTree(t, to, tree(l, data))
}

// TestMoveGoesOn ends the program in the middle of a copy: what was copied is used.
func TestMoveGoesOn(t *testing.T) {
	l := lay(1<<20, "t/a", 9<<20, "t/b", 20<<20, "t/c", 3<<20)
	from, to := t.TempDir(), otherDisk(t)
	data := content(l)
	fill(t, from, l, data)
	age(t, from)
	d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := d.Move(&slowly{ctx, 6, cancel}, to, moveKey, new(Progress)); !errors.Is(err, context.Canceled) {
		t.Fatalf("move = %v", err)
	}
	d.Close()
	d = open(t, Options{Dir: from, Layout: l, Have: all(l), Moving: to, MovingKey: moveKey})
	got := make([]byte, len(data))
	if n, err := d.ReadAt(got, 0); n != len(data) || err != nil || string(got) != string(data) {
		t.Errorf("read = %d, %v, or other bytes", n, err)
	}
	var p Progress
	moved, err := d.Move(t.Context(), to, moveKey, &p)
	if err != nil {
		t.Fatal(err)
	}
	if p.Total() != 23<<20 || p.Done() != p.Total() {
		t.Errorf("%d of %d bytes were copied, not 23 MiB: the first file was there", p.Done(), p.Total())
	}
	if err := moved.Finish(); err != nil {
		t.Fatal(err)
	}
	checkTree(t, to, tree(l, data))
	checkTree(t, from, nil)
}

// age makes all files look as if nobody had written to them for an hour.
func age(t testing.TB, dir string) {
	t.Helper()
	for name := range files(t, dir) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err == nil {
			old := info.ModTime().Add(-quiet * 1800)
			err = os.Chtimes(path, old, old)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestMoveNotRecorded ends the program when all has its new place, but that was not
// recorded: the old place is right, and the copies are used by the next move.
func TestMoveNotRecorded(t *testing.T) {
	l := lay(8, "t/a", 20, "t/b", 12)
	disks(t, func(t *testing.T, from, to string) {
		data := content(l)
		fill(t, from, l, data)
		d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
		if _, err := d.Move(t.Context(), to, moveKey, new(Progress)); err != nil {
			t.Fatal(err)
		}
		d.Close()
		d = open(t, Options{Dir: from, Layout: l, Have: all(l), Moving: to, MovingKey: moveKey})
		checkReads(t, d, data)
		move(t, d, to)
		checkReads(t, d, data)
		checkTree(t, from, nil)
		checkTree(t, to, tree(l, data))
	})
}

// TestMoveHalf ends the program when some files were renamed.
func TestMoveHalf(t *testing.T) {
	l := lay(8, "t/a", 20, "t/b", 12, "t/c", 30)
	dir, data := t.TempDir(), content(l)
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	fill(t, from, l, data)
	put(t, filepath.Join(to, "t/b"), data[20:32])
	if err := (holding{to, moveKey}).begin(nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(from, "t/b")); err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Dir: from, Layout: l, Have: all(l), Moving: to, MovingKey: moveKey})
	checkReads(t, d, data)
	move(t, d, to)
	checkReads(t, d, data)
	checkTree(t, from, nil)
	checkTree(t, to, tree(l, data))
}

// TestMoveAdoptsNothing checks that what a stranger has in the folder that a move goes
// to is not taken for ours, as long as no file was given its place.
func TestMoveAdoptsNothing(t *testing.T) {
	l := lay(8, "t/a", 20, "t/b", 12)
	disks(t, func(t *testing.T, from, to string) {
		data := content(l)
		fill(t, from, l, data)
		if err := os.Remove(filepath.Join(from, "t/b")); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(to, "t/b"), []byte("stranger"))
		have := plane.MakeBits(l.Pieces)
		have.Set(0)
		d := open(t, Options{Dir: from, Layout: l, Have: have, Moving: to, MovingKey: moveKey})
		if _, err := d.Move(t.Context(), to, moveKey, new(Progress)); err == nil {
			t.Error("the stranger's file was taken for one of the torrent's")
		}
		if _, err := write(d, 3, data[24:], 0); err != nil {
			t.Error(err)
		}
		checkTree(t, to, map[string]string{"t/b": "stranger"})
	})
}

// TestLeftover ends the program when the new folder was recorded, and something was
// written there, before the old files were removed.
func TestLeftover(t *testing.T) {
	l := lay(16<<10, "t/a", 70_000, "t/b", 50_000, "t/c", 20_000, "t/d", 3)
	from, to := t.TempDir(), otherDisk(t)
	data := content(l)
	fill(t, from, l, data)
	hole := data[32<<10 : 48<<10]
	saved := string(hole)
	if err := os.WriteFile(filepath.Join(from, "t/a"), append(append(append([]byte{}, data[:32<<10]...), make([]byte, 16<<10)...), data[48<<10:70_000]...), 0o644); err != nil {
		t.Fatal(err)
	}
	have := all(l)
	have.Clear(2)
	d := open(t, Options{Dir: from, Layout: l, Have: have, Foreign: []int{2}})
	moved, err := d.Move(t.Context(), to, moveKey, new(Progress))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := write(d, 2, []byte(saved), 0); err != nil {
		t.Fatal(err)
	}
	d.Close()
	put(t, filepath.Join(from, "t/b"), []byte("somebody wrote this"))
	if err := Leftover(Options{Dir: to, Layout: l}, from, moveKey, moved.Copied); err != nil {
		t.Fatal(err)
	}
	want := tree(l, data)
	checkTree(t, from, map[string]string{"t/b": "somebody wrote this", "t/c": want["t/c"]})
	checkTree(t, to, want)
	if entries, _ := os.ReadDir(to); len(entries) != 1 {
		t.Errorf("the new folder holds %v", entries)
	}
}

// TestMoveWhileWritten moves there and back while all pieces are written, in files
// that are there and files that are not, and read.
func TestMoveWhileWritten(t *testing.T) {
	l := lay(64<<10, "t/a", 40<<20, "t/b", 9<<20, "t/c", 100, "t/d/e", 7<<20)
	disks(t, func(t *testing.T, from, to string) {
		data := content(l)
		d := open(t, Options{Dir: from, Layout: l})
		var writers sync.WaitGroup
		pieces := make(chan int)
		for range 4 {
			writers.Go(func() {
				for p := range pieces {
					writePiece(t, d, l, data, p)
				}
			})
		}
		begun := make(chan struct{})
		writers.Go(func() {
			defer close(pieces)
			for i, p := range rand.Perm(l.Pieces) {
				if pieces <- p; i == l.Pieces/4 {
					close(begun)
				}
			}
		})
		<-begun
		for _, dir := range []string{to, from, to} {
			move(t, d, dir)
		}
		writers.Wait()
		if err := d.Sync(); err != nil {
			t.Fatal(err)
		}
		checkTree(t, to, tree(l, data))
		checkTree(t, from, nil)
	})
}

// writePiece writes a piece in two halves and reads it again.
func writePiece(t *testing.T, d *Torrent, l Layout, data []byte, p int) {
	at := int64(p) * l.PieceLength
	piece := data[at:min(at+l.PieceLength, l.Length)]
	half := len(piece) / 2
	if err := d.Write(p, 0, [][]byte{piece[:half]}); err != nil {
		t.Error(err)
	}
	for {
		done, err := d.TryWrite(p, int64(half), [][]byte{piece[half:]})
		if err != nil {
			t.Error(err)
		}
		if done || err != nil {
			break
		}
	}
	d.Verified(p)
	got := make([]byte, len(piece))
	if _, err := d.ReadAt(got, at); err != nil && err != io.EOF || string(got) != string(piece) {
		t.Errorf("piece %d reads wrong: %v", p, err)
	}
}

// TestMoveChanged has another program change a file that was copied already.
func TestMoveChanged(t *testing.T) {
	l := lay(8, "t/a", 20, "t/b", 12)
	from, to := t.TempDir(), otherDisk(t)
	fill(t, from, l, content(l))
	d := open(t, Options{Dir: from, Layout: l, Have: all(l)})
	m, err := newMover(d, to, moveKey, new(Progress))
	if err == nil {
		err = errors.Join(m.prepare(), m.copyAll(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(from, "t/a"), []byte(strings.Repeat("new!", 6)))
	if err := m.switchOver(t.Context()); !errors.Is(err, errChanged) {
		t.Fatalf("switch over = %v", err)
	}
	if err := m.move(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := files(t, to)["t/a"]; got != strings.Repeat("new!", 6) {
		t.Errorf("the file has %q in its new place", got)
	}
}

// TestCopyCompares checks that a disk which does not keep what is written to it is
// found out.
func TestCopyCompares(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	put(t, path, []byte("what is there"))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c := newCopier(new(Progress))
	if err := c.compare(f, copied{0, 13, 12345}); err == nil {
		t.Error("a copy with other bytes was taken for right")
	}
	if err := c.compare(f, copied{0, 14, 12345}); err == nil {
		t.Error("a copy that is too short was taken for right")
	}
}

// TestCopyHoles copies zeros to a new file and over an old one.
func TestCopyHoles(t *testing.T) {
	data := make([]byte, 3*copyChunk+1000)
	for _, at := range []int{0, 100_000, copyChunk - 1, copyChunk, 3*copyChunk + 999} {
		data[at] = 1
	}
	for _, ends := range [][]byte{data, data[:2*copyChunk], data[:3*copyChunk+7]} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "from"), ends)
		for _, fresh := range []bool{true, false} {
			path := filepath.Join(dir, "to")
			if !fresh {
				put(t, path, []byte(strings.Repeat("x", len(ends))))
			}
			from, errFrom := os.Open(filepath.Join(dir, "from"))
			to, errTo := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
			if err := errors.Join(errFrom, errTo); err != nil {
				t.Fatal(err)
			}
			if err := newCopier(new(Progress)).chunks(t.Context(), from, to, []int64{0, 1, 2, 3}, fresh); err != nil {
				t.Fatal(err)
			}
			from.Close()
			to.Close()
			if got, _ := os.ReadFile(path); string(got) != string(ends) {
				t.Errorf("%d bytes, fresh %v: the copy is another", len(ends), fresh)
			}
		}
	}
}

// TestMoveHoldsWriters checks that nobody writes while a move switches over.
func TestMoveHoldsWriters(t *testing.T) {
	l := lay(8, "t/a", 20)
	d := open(t, Options{Dir: t.TempDir(), Layout: l})
	d.gate.Lock()
	if done, err := d.TryWrite(0, 0, [][]byte{make([]byte, 8)}); done || err != nil {
		t.Errorf("try write = %v, %v", done, err)
	}
	written := make(chan error)
	go func() { written <- d.Write(0, 0, [][]byte{make([]byte, 8)}) }()
	select {
	case err := <-written:
		t.Error("a write came through:", err)
	case <-time.After(20 * time.Millisecond):
		d.gate.Unlock()
		if err := <-written; err != nil {
			t.Error(err)
		}
	}
}

// TestMoveTakesSpare moves what a torrent has of a file that is not wanted, and of
// files that are not complete.
func TestMoveTakesSpare(t *testing.T) {
	l := lay(8, "t/a", 12, "t/b", 22, "t/c", 10)
	disks(t, func(t *testing.T, from, to string) {
		data := content(l)
		o := Options{Dir: from, Layout: l, Key: moveKey, Skip: []int{1}, Policy: suffix}
		d := open(t, o)
		writePieces(t, d, data, 0, 1)
		move(t, d, to)
		if got := names(t, to); got != "."+moveKey+".piecewise t/a.part" {
			t.Errorf("files: %s", got)
		}
		checkReadsPiece(t, d, data, 0, 1)
		writePieces(t, d, data, 4, 5)
		if err := errors.Join(d.Sync(), d.Complete(d.Have())); err != nil {
			t.Fatal(err)
		}
		o.Dir, o.Names, o.Have = to, d.Names(), d.Have()
		checkReadsPiece(t, open(t, o), data, 0, 1, 4)
		if entries, err := os.ReadDir(from); err != nil || len(entries) > 0 {
			t.Errorf("the old folder holds %v, %v", entries, err)
		}
	})
}
