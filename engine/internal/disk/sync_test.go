package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSyncOfMany syncs so many files that they are synced together: each is, and one
// that fails is told and stays to be synced.
func TestSyncOfMany(t *testing.T) {
	var files []any
	for i := range 3 * manyFiles {
		files = append(files, fmt.Sprintf("d%d/f%d", i%3, i), 10)
	}
	l := lay(64, files...)
	var mu sync.Mutex
	synced, bad := map[string]int{}, ""
	refuse := func(op, path string) error {
		mu.Lock()
		defer mu.Unlock()
		if op == "sync" {
			synced[filepath.Base(path)]++
			if bad != "" && strings.HasSuffix(path, bad) {
				return fs.ErrInvalid
			}
		}
		return nil
	}
	d := open(t, Options{Dir: t.TempDir(), Layout: l, Refuse: refuse})
	write := func() {
		t.Helper()
		if err := d.Write(0, 0, [][]byte{content(l)}); err != nil {
			t.Fatal(err)
		}
	}
	write()
	if err := d.Sync(); err != nil {
		t.Fatal(err)
	}
	if len(synced) != len(l.Files) || len(d.dirty) != 0 || len(d.folders) != 0 {
		t.Errorf("%d of %d files were synced, %d are left with %d folders", len(synced), len(l.Files), len(d.dirty), len(d.folders))
	}
	write()
	bad = "f7"
	if err := d.Sync(); !errors.Is(err, fs.ErrInvalid) || !strings.Contains(err.Error(), "f7") {
		t.Errorf("a file that cannot be synced: %v", err)
	}
	if !d.dirty[7] {
		t.Error("it does not count as dirty")
	}
}

// TestOpenBeneath opens what must not be opened: only a regular file that no link
// leads to is.
func TestOpenBeneath(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(outside, "f"), nil, 0o600))
	must(os.MkdirAll(filepath.Join(dir, "folder"), 0o700))
	must(os.WriteFile(filepath.Join(dir, "folder", "f"), []byte("x"), 0o600))
	for link, target := range map[string]string{"out": outside, "file": filepath.Join(outside, "f"), "in": "folder", "infile": "folder/f"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	for _, name := range []string{"out/f", "file", "infile", "in/f", "folder", "none", "../" + filepath.Base(outside) + "/f", filepath.Join(outside, "f")} {
		if f := openBeneath(place{dir, name}, os.O_RDONLY); f != nil {
			t.Errorf("opened %s", name)
			f.Close()
		}
	}
	for _, name := range []string{"out/new", "folder/f", "missing/new", "file"} {
		if f := openBeneath(place{dir, name}, toCreate); f != nil {
			t.Errorf("made %s", name)
			f.Close()
		}
	}
	f, err := openAt(place{dir, filepath.Join("folder", "f")}, os.O_RDONLY)
	must(err)
	must(f.Close())
}

// TestSyncFound syncs what others have put there, few files and many, and says which one
// cannot be.
func TestSyncFound(t *testing.T) {
	for _, n := range []int{3, manyFiles} {
		var files []any
		for i := range n {
			files = append(files, fmt.Sprint("f", i), 100)
		}
		l := lay(64, files...)
		dir := t.TempDir()
		for i := range l.Files {
			if i > 0 { // the first one is not there
				put(t, filepath.Join(dir, l.name(i)), make([]byte, 100))
			}
		}
		asked := 0
		var mu sync.Mutex
		d := open(t, Options{Dir: dir, Layout: l, Foreign: []int{1}, Refuse: func(op, path string) error {
			mu.Lock()
			defer mu.Unlock()
			if op == "sync" {
				asked++
				if path == filepath.Join(dir, l.name(1)) {
					return fs.ErrInvalid
				}
			}
			return nil
		}})
		err := d.SyncFound()
		if whole := asked == 0 && err == nil && n >= manyFiles; whole {
			continue
		}
		if asked != n-1 || !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("of %d files %d were synced, %v", n, asked, err)
		}
	}
}
