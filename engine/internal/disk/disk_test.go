package disk

import (
	"bytes"
	"errors"
	"go/build"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"piecewise/engine/internal/plane"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		allowed := !strings.HasPrefix(path, "piecewise/") || path == "piecewise/engine/internal/plane" || path == "piecewise/engine/internal/advice"
		if strings.HasPrefix(path, "fyne.io/") || path == "github.com/anacrolix/torrent" || !allowed {
			t.Errorf("disk must not import %s", path)
		}
	}
}

// lay makes a layout of files given as name and length; a name that begins with
// "pad" is a pad file.
func lay(pieceLength int64, files ...any) Layout {
	l := Layout{PieceLength: pieceLength}
	for i := 0; i < len(files); i += 2 {
		name, length := files[i].(string), int64(files[i+1].(int))
		l.Files = append(l.Files, File{Path: strings.Split(name, "/"), Length: length, Offset: l.Length, Pad: strings.HasPrefix(name, "pad")})
		l.Length += length
	}
	l.Pieces = int((l.Length + pieceLength - 1) / pieceLength)
	return l
}

func open(t testing.TB, o Options) *Torrent {
	t.Helper()
	d, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// write stores one block and returns how much of it was stored.
func write(d *Torrent, piece int, b []byte, begin int64) (int, error) {
	if err := d.Write(piece, begin, [][]byte{b}); err != nil {
		return 0, err
	}
	return len(b), nil
}

// content is a torrent's bytes: noise, but zeros where a pad file is.
func content(l Layout) []byte {
	data := make([]byte, l.Length)
	noise := rand.NewChaCha8([32]byte{1})
	for _, f := range l.Files {
		if !f.Pad {
			noise.Read(data[f.Offset : f.Offset+f.Length])
		}
	}
	return data
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func files(t testing.TB, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var layouts = map[string]Layout{
	"one file":            lay(16, "a", 40),
	"one byte":            lay(16, "a", 1),
	"exact pieces":        lay(16, "a", 32),
	"empty torrent":       lay(16, "t/a", 0),
	"files in a piece":    lay(64, "t/a", 5, "t/b", 7, "t/c/d", 9),
	"files across pieces": lay(8, "t/a", 13, "t/b", 30, "t/c", 1),
	"empty files":         lay(8, "t/e", 0, "t/a", 9, "t/f", 0, "t/g/h", 0, "t/b", 9, "t/i", 0),
	"pads":                lay(16, "t/a", 10, "pad/6", 6, "t/b", 20, "pad/12", 12, "t/c", 3),
	"pad at the end":      lay(16, "t/a", 10, "pad/6", 6),
}

// TestWriteRead writes all blocks in random order, some twice, and compares
// reads at random ranges with a plain slice.
func TestWriteRead(t *testing.T) {
	for name, l := range layouts {
		t.Run(name, func(t *testing.T) {
			dir, data := filepath.Join(t.TempDir(), "new", "folder"), content(l)
			d := open(t, Options{Dir: dir, Layout: l})
			for _, p := range rand.Perm(l.Pieces) {
				start := int64(p) * l.PieceLength
				piece := data[start:min(start+l.PieceLength, l.Length)]
				for _, b := range rand.Perm((len(piece) + 4) / 5) {
					block := piece[b*5 : min(b*5+5, len(piece))]
					if n, err := write(d, p, block, int64(b*5)); n != len(block) || err != nil {
						t.Fatalf("write = %d, %v", n, err)
					}
				}
			}
			if err := d.Finish(); err != nil {
				t.Fatal(err)
			}
			if err := d.Sync(); err != nil {
				t.Fatal(err)
			}
			checkReads(t, d, data)
			checkFiles(t, dir, l, data)
		})
	}
}

func checkReads(t *testing.T, d *Torrent, data []byte) {
	t.Helper()
	for range 200 {
		off := rand.IntN(len(data) + 1)
		b := bytes.Repeat([]byte{0xff}, rand.IntN(len(data)+3))
		want := data[off:min(off+len(b), len(data))]
		n, err := d.ReadAt(b, int64(off))
		if !bytes.Equal(b[:n], want) {
			t.Fatalf("read %d at %d: wrong bytes", len(b), off)
		}
		if wantErr := n < len(b); (err == io.EOF) != wantErr || !wantErr && err != nil {
			t.Fatalf("read %d at %d = %d, %v", len(b), off, n, err)
		}
	}
}

func checkFiles(t *testing.T, dir string, l Layout, data []byte) {
	t.Helper()
	found := files(t, dir)
	for _, f := range l.Files {
		name := strings.Join(f.Path, "/")
		got, ok := found[name]
		if ok == f.Pad || ok && got != string(data[f.Offset:f.Offset+f.Length]) {
			t.Errorf("%s: there %v, %d bytes", name, ok, len(got))
		}
		delete(found, name)
	}
	if len(found) > 0 {
		t.Errorf("strange files: %v", found)
	}
}

func TestMissingFileReads(t *testing.T) {
	d := open(t, Options{Dir: t.TempDir(), Layout: lay(16, "t/a", 4, "t/b", 20)})
	if _, err := write(d, 0, []byte("abcd"), 0); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 10)
	n, err := d.ReadAt(b, 0)
	if n != 4 || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("read over a missing file = %d, %v", n, err)
	}
	if _, err := write(d, 0, []byte("ef"), 4); err != nil {
		t.Fatal(err)
	}
	if n, err = d.ReadAt(b, 0); n != 6 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read over a short file = %d, %v", n, err)
	}
}

func TestForeignIsNeverWritten(t *testing.T) {
	dir, l := t.TempDir(), lay(8, "t/theirs", 12, "t/ours", 12)
	put(t, filepath.Join(dir, "t/theirs"), []byte("012345678901tail"))
	there, _, err := Existing(Options{Dir: dir, Layout: l})
	if err != nil || !slices.Equal(there, []int{0}) {
		t.Fatalf("Existing = %v, %v", there, err)
	}
	var told []error
	d := open(t, Options{Dir: dir, Layout: l, Foreign: there, OnError: func(err error) { told = append(told, err) }})
	if _, err := write(d, 1, []byte("8901oooo"), 0); err != nil {
		t.Errorf("a piece that agrees with the foreign file: %v", err)
	}
	for range 2 {
		_, err = write(d, 1, []byte("xxxxoooo"), 0)
		var foreign *ForeignError
		if !errors.As(err, &foreign) || foreign.File != 0 || foreign.New {
			t.Errorf("write into a foreign file: %v", err)
		}
	}
	if len(told) != 1 {
		t.Errorf("OnError told %d times", len(told))
	}
	got := files(t, dir)
	if got["t/theirs"] != "012345678901tail" || got["t/ours"] != "oooo" {
		t.Errorf("files: %q", got)
	}
}

func TestStrangerAppears(t *testing.T) {
	for name, appear := range map[string]func(path string){
		"file":          func(p string) { os.WriteFile(p, []byte("theirs"), 0o644) },
		"folder":        func(p string) { os.Mkdir(p, 0o755) },
		"link":          func(p string) { os.Symlink("elsewhere", p) },
		"dangling link": func(p string) { os.Symlink("/nowhere/at/all", p) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, filepath.Join(dir, "elsewhere"), []byte("keep"))
			d := open(t, Options{Dir: dir, Layout: lay(8, "a", 8)})
			appear(filepath.Join(dir, "a"))
			_, err := write(d, 0, []byte("12345678"), 0)
			var foreign *ForeignError
			if !errors.As(err, &foreign) || !foreign.New {
				t.Fatalf("write = %v", err)
			}
			if data, _ := os.ReadFile(filepath.Join(dir, "elsewhere")); string(data) != "keep" {
				t.Errorf("wrote through a link")
			}
			if data, err := os.ReadFile(filepath.Join(dir, "a")); err == nil && name == "file" && string(data) != "theirs" {
				t.Errorf("changed the file: %q", data)
			}
		})
	}
}

func TestLinksNeverLeadOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	put(t, filepath.Join(outside, "secret"), []byte("keepkeep"))
	link := filepath.Join(t.TempDir(), "link")
	for _, err := range []error{
		os.Symlink(outside, filepath.Join(dir, "t")),
		os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "a")),
		os.Symlink(dir, link),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(Options{Dir: dir, Layout: lay(8, "t/secret", 8)}); err == nil {
		t.Error("opened a torrent behind a link that leads out")
	}
	if _, err := Open(Options{Dir: dir, Layout: lay(8, "a", 8)}); err == nil {
		t.Error("opened a torrent whose file is a link")
	}
	foreign := open(t, Options{Dir: dir, Layout: lay(8, "a", 8), Foreign: []int{0}})
	if n, err := foreign.ReadAt(make([]byte, 8), 0); n > 0 || err == nil {
		t.Error("read through a link that leads out")
	}
	d := open(t, Options{Dir: link, Layout: lay(8, "b/c", 8)})
	if _, err := write(d, 0, []byte("12345678"), 0); err != nil {
		t.Errorf("the save folder itself may be a link: %v", err)
	}
	if got := files(t, outside); len(got) != 1 || got["secret"] != "keepkeep" {
		t.Errorf("outside: %q", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "file"), []byte("x"))
	put(t, filepath.Join(dir, "t/short"), make([]byte, 17))
	os.Mkdir(filepath.Join(dir, "folder"), 0o755)
	gap := lay(8, "a", 8, "b", 8)
	gap.Files[1].Offset++
	for name, o := range map[string]Options{
		"save folder is a file": {Dir: filepath.Join(dir, "file"), Layout: lay(8, "a", 8)},
		"file is a folder":      {Dir: dir, Layout: lay(8, "folder", 8)},
		"folder is a file":      {Dir: dir, Layout: lay(8, "file/a", 8)},
		"climbs out":            {Dir: dir, Layout: lay(8, "../a", 8)},
		"empty element":         {Dir: dir, Layout: lay(8, "t//a", 8)},
		"gap":                   {Dir: dir, Layout: gap},
		"no piece length":       {Dir: dir, Layout: Layout{}},
		"verified but missing":  {Dir: dir, Layout: lay(8, "a", 8), Have: plane.FullBits(1)},
		"verified but short":    {Dir: dir, Layout: lay(8, "t/short", 18), Have: plane.FullBits(3)},
		"folder gone":           {Dir: filepath.Join(dir, "gone"), Layout: lay(8, "a", 8), Have: plane.FullBits(1)},
	} {
		d, err := Open(o)
		if err == nil {
			t.Errorf("%s: opened", name)
			d.Close()
		}
		var missing *MissingError
		if want := o.Have.Count() > 0; errors.As(err, &missing) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := plane.MakeBits(3)
	two.Set(0)
	two.Set(1)
	open(t, Options{Dir: dir, Layout: lay(8, "t/short", 18), Have: two})
}

func TestSaveFolderGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "disk")
	os.Mkdir(dir, 0o755)
	var told error
	d := open(t, Options{Dir: dir, Layout: lay(8, "a", 8), OnError: func(err error) { told = err }})
	os.Remove(dir)
	if _, err := write(d, 0, []byte("x"), 0); err == nil || told == nil {
		t.Errorf("write = %v, told %v", err, told)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made again")
	}
}

func TestClosed(t *testing.T) {
	d := open(t, Options{Dir: t.TempDir(), Layout: lay(8, "a", 8, "b", 0), OnError: func(err error) { t.Error(err) }})
	if _, err := write(d, 0, []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	d.Close()
	_, write := write(d, 0, []byte("x"), 0)
	_, read := d.ReadAt(make([]byte, 1), 0)
	for i, err := range []error{write, read, d.Sync(), d.Finish()} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("call %d after Close: %v", i, err)
		}
	}
	if got := files(t, d.Dir()); len(got) != 1 {
		t.Errorf("files after Close: %q", got)
	}
	handles.mu.Lock()
	defer handles.mu.Unlock()
	for k := range handles.byKey {
		if k.torrent == d {
			t.Error("a handle is still open")
		}
	}
}

// TestManyFiles uses more files than the cache holds, from several goroutines.
func TestManyFiles(t *testing.T) {
	var list []any
	for i := range 400 {
		list = append(list, "t/"+string(rune('a'+i%20))+"/"+string(rune('A'+i/20)), 100)
	}
	l := lay(256, list...)
	d, data := open(t, Options{Dir: t.TempDir(), Layout: l}), content(l)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for _, p := range rand.Perm(l.Pieces) {
				start := int64(p) * l.PieceLength
				piece := data[start:min(start+l.PieceLength, l.Length)]
				if _, err := write(d, p, piece, 0); err != nil {
					t.Error(err)
				}
				got := make([]byte, len(piece))
				if _, err := d.ReadAt(got, start); err != nil || !bytes.Equal(got, piece) {
					t.Errorf("piece %d: %v", p, err)
				}
			}
		})
	}
	wait.Wait()
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	if n := len(handles.byKey); n > handles.limit {
		t.Errorf("%d handles are open", n)
	}
	checkReads(t, d, data)
}

// TestSwappedFile puts a link in the place of our file while its handle is closed.
func TestSwappedFile(t *testing.T) {
	dir := t.TempDir()
	d := open(t, Options{Dir: dir, Layout: lay(8, "a", 8)})
	if _, err := write(d, 0, []byte("12345678"), 0); err != nil {
		t.Fatal(err)
	}
	handles.forget(d)
	put(t, filepath.Join(dir, "theirs"), []byte("keep"))
	os.Remove(filepath.Join(dir, "a"))
	if err := os.Symlink("theirs", filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if _, err := write(d, 0, []byte("x"), 0); err == nil {
		t.Error("wrote through a link")
	}
	if n, err := d.ReadAt(make([]byte, 4), 0); err == nil || n > 0 {
		t.Error("read through a link")
	}
	if got := files(t, dir); got["theirs"] != "keep" {
		t.Errorf("files: %q", got)
	}
}

// TestReplacedFile puts another file in the place of ours while its handle is closed:
// it is not written to, and what we had written to ours is not taken for safe, whether or
// not it was synced before.
func TestReplacedFile(t *testing.T) {
	for _, synced := range []bool{true, false} {
		dir := t.TempDir()
		path := filepath.Join(dir, "a")
		if !keepsNumbers(dir) {
			t.Skip("files have no lasting numbers here")
		}
		d := open(t, Options{Dir: dir, Layout: lay(8, "a", 16)})
		if _, err := write(d, 0, []byte("12345678"), 0); err != nil {
			t.Fatal(err)
		}
		if synced {
			if err := d.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		handles.forget(d)
		put(t, filepath.Join(dir, "theirs"), []byte("keep all of this"))
		if err := os.Rename(filepath.Join(dir, "theirs"), path); err != nil {
			t.Fatal(err)
		}
		if _, err := write(d, 1, []byte("x"), 0); KindOf(err) != Changed {
			t.Errorf("writing: %v", err)
		}
		if err := d.Sync(); !synced && KindOf(err) != Changed {
			t.Errorf("Sync: %v", err)
		}
		if got := files(t, dir); got["a"] != "keep all of this" {
			t.Errorf("files: %q", got)
		}
	}
}

// TestHandleInUse drops a handle from the cache while it is in use.
func TestHandleInUse(t *testing.T) {
	c, path := newCache(1), filepath.Join(t.TempDir(), "a")
	put(t, path, []byte("abc"))
	opener := func() (*os.File, error) { return os.Open(path) }
	current := func() bool { return true }
	first, err := c.acquire(key{file: 1}, opener, current)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.acquire(key{file: 1}, opener, current)
	if err != nil || again != first {
		t.Fatalf("the handle was not shared: %v", err)
	}
	second, err := c.acquire(key{file: 2}, opener, current) // drops the first
	if err != nil {
		t.Fatal(err)
	}
	c.release(again)
	if _, err := first.file.Stat(); err != nil {
		t.Errorf("closed while in use: %v", err)
	}
	c.release(first)
	if _, err := first.file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("not closed by its last user: %v", err)
	}
	c.release(second)
	if _, err := second.file.Stat(); err != nil {
		t.Errorf("an idle handle in the cache was closed: %v", err)
	}
	c.forget(nil)
	if _, err := second.file.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("not closed when forgotten: %v", err)
	}
}

func TestFree(t *testing.T) {
	dir := t.TempDir()
	free, err := Free(filepath.Join(dir, "not", "there", "yet"))
	if err != nil || free <= 0 {
		t.Errorf("Free = %d, %v", free, err)
	}
}
