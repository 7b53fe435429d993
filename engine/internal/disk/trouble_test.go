package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"piecewise/engine/internal/plane"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Kind
	}{
		{syscall.EACCES, Denied},
		{refused("write", "/a", &fs.PathError{Op: "write", Path: "/a", Err: syscall.EACCES}), Denied},
		{fs.ErrPermission, Denied},
		{&ForeignError{Path: "/a"}, Foreign},
		{fmt.Errorf("open: %w", &GoneError{Dir: "/a"}), Gone},
		{&MissingError{Path: "/a"}, Changed},
		{refused("read", "/a", io.ErrUnexpectedEOF), Changed},
		{refused("open", "/a", fs.ErrNotExist), Changed},
		{errors.New("what"), Unknown},
		{ErrClosed, Unknown},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%v is %d, not %d", c.err, got, c.want)
		}
	}
}

func TestSentences(t *testing.T) {
	busy := refused("write", "/data/a", errors.New("text file busy"))
	for _, c := range []struct {
		trouble Trouble
		want    string
		heals   bool
		serves  bool
	}{
		{Trouble{Kind: Full, Writing: true, Need: 1_300_000_000, Free: 100_000_000}, "The disk of /data is full: 1.20 GB are missing. It goes on by itself when there is room.", true, true},
		{Trouble{Kind: Full, Writing: true, Need: 10, Free: 100}, "The disk of /data is full. It goes on by itself when there is room.", true, true},
		{Trouble{Kind: ReadOnly, Writing: true}, "The disk of /data is read-only. It goes on by itself when it can be written again.", true, true},
		{Trouble{Kind: Denied, Writing: true}, "/data/a may not be written. It goes on by itself when that is allowed again.", true, true},
		{Trouble{Kind: Denied}, "/data/a may not be read. It goes on by itself when that is allowed again.", true, false},
		{Trouble{Kind: Gone}, "Its files in /data are gone, perhaps with their disk. It goes on by itself when they are back; a recheck begins anew without them.", true, false},
		{Trouble{Kind: Busy, Writing: true, Err: busy}, "/data/a could not be written: text file busy. It is tried again by itself.", true, true},
		{Trouble{Kind: Failing, Writing: true, Err: busy}, "The disk of /data is failing: /data/a could not be written (text file busy). It is tried again by itself.", true, false},
		{Trouble{Kind: TooLarge, Writing: true}, "The disk of /data cannot hold a file as large as /data/a. Choose another folder.", false, false},
		{Trouble{Kind: Changed}, "/data/a was cut short or removed by another program, so its data is checked.", false, false},
		{Trouble{Kind: Foreign, Writing: true, Err: &ForeignError{Path: "/data/a", New: true}}, "/data/a was put there by another program and is not overwritten. Move it away or choose another folder, then resume.", false, false},
		{Trouble{Kind: Unknown, Err: errors.New("open /data/a: not a file")}, "Its data could not be read: open /data/a: not a file.", false, false},
	} {
		c.trouble.Dir, c.trouble.Path = "/data", "/data/a"
		if got := c.trouble.Sentence(); got != c.want {
			t.Errorf("%q\nnot %q", got, c.want)
		}
		if c.trouble.Heals() != c.heals || c.trouble.Readable() != c.serves {
			t.Errorf("%q: heals %v, serves %v", c.want, c.trouble.Heals(), c.trouble.Readable())
		}
	}
}

// What can be asked of a disk is asked anew each time, and leaves nothing behind.
func TestOver(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("12345678"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := lay(8, "a", 8)
	o := Options{Dir: dir, Layout: l, Have: plane.FullBits(l.Pieces), Disk: diskOf(dir)}
	lost := Diagnose(o, 0, &GoneError{Dir: dir})
	enough := Trouble{Kind: Full, Dir: dir, Need: 1}
	free, err := Free(dir)
	if err != nil {
		t.Fatal(err)
	}
	most := Trouble{Kind: Full, Dir: dir, Need: free / 3 * 2}
	all := []Trouble{
		{Kind: ReadOnly, Dir: dir},
		{Kind: Denied, Dir: dir, Path: path},
		{Kind: Denied, Dir: dir, Path: filepath.Join(dir, "sub", "b"), Writing: true},
		{Kind: Failing, Dir: dir, Path: path},
		lost, most, most, enough,
	}
	for i, over := range Over(all, 0) {
		if want := i != 6; over != want { // the first of the two takes the room of both
			t.Errorf("%d: %+v is over: %v", i, all[i], over)
		}
	}
	if over := Over([]Trouble{most}, free); over[0] {
		t.Error("what others need was taken for room")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	all = []Trouble{lost}
	if Over(all, 0)[0] {
		t.Error("a folder that is away is back")
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	if !Over(all, 0)[0] {
		t.Error("a folder that is back is away")
	}
}

// A file that is missing is one thing, a whole disk another.
func TestDiagnose(t *testing.T) {
	dir := t.TempDir()
	l := lay(8, "a", 8, "b", 8)
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("12345678"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{Dir: dir, Layout: l, Have: plane.FullBits(l.Pieces), Disk: diskOf(dir)}
	missing := refused("read", filepath.Join(dir, "a"), fs.ErrNotExist)
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if got := Diagnose(o, 0, missing); got.Kind != Changed || got.Path != filepath.Join(dir, "a") {
		t.Errorf("one file is missing: %+v", got)
	}
	if err := os.Remove(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if got := Diagnose(o, 0, missing); got.Kind != Gone {
		t.Errorf("all files are missing: %+v", got)
	}
	o.Have = plane.Bits{}
	if got := Diagnose(o, 0, missing); got.Kind != Changed {
		t.Errorf("a file that held nothing is missing: %+v", got)
	}
	o.Disk = filepath.Join(dir, "elsewhere")
	if got := Diagnose(o, 0, missing); got.Kind != Gone {
		t.Errorf("another disk: %+v", got)
	}
	if _, err := Open(o); KindOf(err) != Gone {
		t.Errorf("open on another disk: %v", err)
	}
	full := Diagnose(Options{Dir: dir, Layout: l}, 1<<60, refused("write", filepath.Join(dir, "a"), syscall.ENOSPC))
	if runtime.GOOS != "windows" && (full.Kind != Full || full.Free < 0 || !strings.Contains(full.Sentence(), "are missing")) {
		t.Errorf("a full disk: %+v", full)
	}
}

// An error is told once, and again when it was forgiven; what a Sync has lost stays lost.
func TestErrorsAreToldOnce(t *testing.T) {
	var refuse atomic.Value
	refuse.Store("")
	told := 0
	d := open(t, Options{
		Dir: t.TempDir(), Layout: lay(8, "a", 8, "b", 8),
		Refuse: func(op, _ string) error {
			if op == refuse.Load() {
				return syscall.EIO
			}
			return nil
		},
		OnError: func(error) { told++ },
	})
	put := func() error { _, err := write(d, 0, []byte("12345678"), 0); return err }
	refuse.Store("write")
	for range 3 {
		if put() == nil {
			t.Error("it was written")
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	d.Forgive()
	if put() == nil || told != 2 {
		t.Errorf("told %d times after it was forgiven", told)
	}
	refuse.Store("")
	if err := put(); err != nil {
		t.Error(err)
	}
	refuse.Store("sync")
	if d.Sync() == nil {
		t.Error("it was synced")
	}
	refuse.Store("")
	if err := d.Sync(); KindOf(err) != KindOf(syscall.EIO) {
		t.Errorf("the second sync = %v", err)
	}
}

// What is written to a file that was removed or replaced is not on the disk.
func TestSyncOfRemovedFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows removes no open file")
	}
	for _, replaced := range []bool{false, true} {
		dir := t.TempDir()
		d := open(t, Options{Dir: dir, Layout: lay(8, "a", 8)})
		if _, err := write(d, 0, []byte("12345678"), 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(dir, "a")); err != nil {
			t.Fatal(err)
		}
		if replaced {
			if err := os.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := d.Sync(); KindOf(err) != Changed {
			t.Errorf("replaced %v: sync = %v", replaced, err)
		}
	}
}
