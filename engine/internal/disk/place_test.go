package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func names(t testing.TB, dir string) string {
	t.Helper()
	return strings.Join(slices.Sorted(maps.Keys(files(t, dir))), " ")
}

// TestRename renames files that are there and one that is not, and opens the torrent
// again with what it says about them.
func TestRename(t *testing.T) {
	l := lay(8, "t/a", 5, "t/sub/b", 12, "pad", 3, "t/later", 9, "t/c", 1)
	dir, data := t.TempDir(), content(l)
	d := open(t, Options{Dir: dir, Layout: l})
	if _, err := write(d, 0, data[:8], 0); err != nil {
		t.Fatal(err)
	}
	err := d.Rename(map[int]string{0: "t/sub/x", 1: "t/new/deep/b", 3: "t/soon"})
	if err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "t/new/deep/b t/sub/x" {
		t.Errorf("files: %s", got)
	}
	if err := d.Rename(map[int]string{0: "y"}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "t/sub")); err == nil {
		t.Error("an empty folder was left")
	}
	for p := range l.Pieces {
		if _, err := write(d, p, data[p*8:min(p*8+8, len(data))], 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	checkReads(t, d, data)
	if got := names(t, dir); got != "t/c t/new/deep/b t/soon y" {
		t.Errorf("files: %s", got)
	}
	again := open(t, Options{Dir: dir, Layout: l, Names: d.Names(), Have: d.Have()})
	checkReads(t, again, data)
	if got := again.Path(1); got != filepath.Join(dir, "t/new/deep/b") {
		t.Errorf("path: %s", got)
	}
	if mine := Ours(Options{Dir: dir, Layout: l, Names: again.Names()}); len(mine) != 4 {
		t.Errorf("ours: %v", mine)
	}
}

func TestRenameRefuses(t *testing.T) {
	l := lay(8, "t/a", 8, "t/b", 8, "pad", 8, "t/x.part", 8)
	dir, data := t.TempDir(), content(l)
	put(t, filepath.Join(dir, "t/theirs"), []byte("keep"))
	put(t, filepath.Join(dir, "t/b"), []byte("keep"))
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	d := open(t, Options{Dir: dir, Layout: l, Foreign: []int{1}})
	if _, err := write(d, 0, data[:8], 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file  int
		to    string
		exist bool
	}{
		{0, "t/theirs", true},
		{0, "t/b", true},
		{0, "../a", false},
		{0, "/a", false},
		{0, "t//a", false},
		{0, "", false},
		{0, "t/a.part", false},
		{0, "t/theirs/a", true},
		{0, "out/a", false},
		{3, "t/x", false},
		{2, "t/pad", false},
		{4, "t/d", false},
		{-1, "t/d", false},
	} {
		err := d.Rename(map[int]string{c.file: c.to})
		if err == nil || errors.Is(err, fs.ErrExist) != c.exist {
			t.Errorf("rename %d to %q: %v", c.file, c.to, err)
		}
	}
	if err := d.Rename(map[int]string{0: "t/q", 1: "t/q"}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("two files were given one name: %v", err)
	}
	os.Remove(filepath.Join(dir, "out"))
	if got := files(t, dir); got["t/a"] != string(data[:8]) || got["t/theirs"] != "keep" || got["t/b"] != "keep" || len(got) != 3 {
		t.Errorf("files: %q", got)
	}
	if _, err := d.ReadAt(make([]byte, 8), 0); err != nil || len(d.Names()) > 0 {
		t.Errorf("after refusals: %v, %v", err, d.Names())
	}
}

// TestRenameTwin renames to names that the file itself has already: just before a
// crash, or on a file system that does not see the difference.
func TestRenameTwin(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "a.part"), []byte("abc"))
	if err := os.Link(filepath.Join(dir, "a.part"), filepath.Join(dir, "a")); err != nil {
		t.Skip(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	settled := 0
	if err := renameNew(root, "a.part", "a", func() { settled++ }); err != nil || settled != 1 {
		t.Errorf("renamed %d times, %v", settled, err)
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("files: %s", got)
	}
}

func TestNamesRefused(t *testing.T) {
	l := lay(8, "t/a", 8, "pad", 8, "t/b", 8)
	for _, names := range []map[int]string{
		{0: "../x"}, {0: "/x"}, {0: ""}, {0: "t/./x"}, {1: "x"}, {3: "x"}, {-1: "x"}, {0: "t/b"}, {0: "x", 2: "x"}, {0: "x", 2: "x.part"},
	} {
		if _, err := Open(Options{Dir: t.TempDir(), Layout: l, Names: names}); err == nil {
			t.Errorf("opened with %v", names)
		}
	}
}

// TestSetDir moves the whole folder, as a move within a disk does.
func TestSetDir(t *testing.T) {
	l := lay(8, "t/a", 12, "t/b", 12)
	dir, data := t.TempDir(), content(l)
	d := open(t, Options{Dir: filepath.Join(dir, "old"), Layout: l})
	if _, err := write(d, 0, data[:8], 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "old"), filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	if err := d.SetDir(filepath.Join(dir, "new")); err != nil {
		t.Fatal(err)
	}
	for p := range l.Pieces {
		if _, err := write(d, p, data[p*8:min(p*8+8, len(data))], 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	checkReads(t, d, data)
	if got := names(t, dir); got != "new/t/a new/t/b" {
		t.Errorf("files: %s", got)
	}
}

// TestRenameWhileBusy has readers and writers at work while all files get new names
// again and again.
func TestRenameWhileBusy(t *testing.T) {
	var list []any
	for i := range 12 {
		list = append(list, fmt.Sprintf("t/%d", i), 100)
	}
	l := lay(64, list...)
	d, data := open(t, Options{Dir: t.TempDir(), Layout: l}), content(l)
	for p := range l.Pieces {
		if _, err := write(d, p, data[p*64:min(p*64+64, len(data))], 0); err != nil {
			t.Fatal(err)
		}
	}
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for worker := range 2 {
		busy.Go(func() {
			got := make([]byte, 64)
			for n := worker; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				handles.forgetFile(d, n%12)
				p := n % l.Pieces
				want := data[p*64 : min(p*64+64, len(data))]
				if _, err := d.ReadAt(got[:len(want)], int64(p)*64); err != nil || !bytes.Equal(got[:len(want)], want) {
					t.Errorf("piece %d: %v", p, err)
					return
				}
				if _, err := write(d, p, want, 0); err != nil {
					t.Errorf("piece %d: %v", p, err)
					return
				}
				if err := d.Sync(); n%32 == 0 && err != nil {
					t.Errorf("sync: %v", err)
				}
			}
		})
	}
	for round := range 30 {
		to := map[int]string{}
		for i := range 12 {
			to[i] = fmt.Sprintf("t%d/%d", round, i)
		}
		if err := d.Rename(to); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	busy.Wait()
	if got := len(files(t, d.Dir())); got != 12 {
		t.Errorf("%d files", got)
	}
	checkReads(t, d, data)
}

// TestNamesOfAnotherVersion has two layouts of the same files, as two versions of the
// program with different rules for safe names make them.
func TestNamesOfAnotherVersion(t *testing.T) {
	old, now := lay(8, "t/a_", 8, "t/b", 12), lay(8, "t/a", 8, "t/b", 12)
	old.Files[0].Given, now.Files[0].Given = []string{"x"}, []string{"x"}
	dir, data := t.TempDir(), content(old)
	d := open(t, Options{Dir: dir, Layout: old, Policy: suffix})
	writePieces(t, d, data, 0, 1)
	if err := errors.Join(d.Sync(), d.Complete(d.Have())); err != nil {
		t.Fatal(err)
	}
	if got := d.Names(); len(got) != 2 || got[0] != "t/a_" || got[1] != "t/b.part" {
		t.Errorf("names: %v", got)
	}
	next := open(t, Options{Dir: dir, Layout: now, Policy: suffix, Names: d.Names(), Have: d.Have()})
	checkReadsPiece(t, next, data, 0, 1)
	writePieces(t, next, data, 2)
	if err := errors.Join(next.Sync(), next.Complete(next.Have())); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != "t/a_ t/b" {
		t.Errorf("files: %s", got)
	}
	if got := next.Names(); len(got) != 1 || got[0] != "t/a_" {
		t.Errorf("names: %v", got)
	}
}
