package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const spareName = ".abc.piecewise"

// TestSpare skips the second of three files, wants it later, and looks what there is.
func TestSpare(t *testing.T) {
	l := lay(8, "t/a", 12, "t/b", 22, "t/c", 10, "t/empty", 0)
	dir, data := t.TempDir(), content(l)
	o := Options{Dir: dir, Layout: l, Key: "abc", Skip: []int{1, 3}, Policy: suffix}
	d := open(t, o)
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	writePieces(t, d, data, 0, 1, 4, 5)
	if err := errors.Join(d.Sync(), d.Complete(d.Have())); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != spareName+" t/a t/c" {
		t.Errorf("files: %s", got)
	}
	checkReadsPiece(t, d, data, 0, 1, 4)
	o.Have = d.Have()
	d = open(t, o)
	checkReadsPiece(t, d, data, 0, 1, 4)
	if _, err := Open(Options{Dir: dir, Layout: l, Have: o.Have}); !errors.As(err, new(*MissingError)) {
		t.Errorf("without the spare: %v", err)
	}
	if mine := Ours(o); len(mine) != 2 {
		t.Errorf("ours: %v", mine)
	}
	d.SetSkip(nil)
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); got != spareName+" t/a t/b.part t/c t/empty" {
		t.Errorf("files: %s", got)
	}
	checkReadsPiece(t, d, data, 0, 1, 4)
	writePieces(t, d, data, 2, 3)
	if err := d.Complete(d.Have()); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, l, data)
}

// TestSpareIsNotOurs has files in the place of the spare, and one in the place of a
// file that is to be made of it.
func TestSpareIsNotOurs(t *testing.T) {
	l := lay(8, "a", 12, "b", 12)
	data := content(l)
	for name, appear := range map[string]func(path string){
		"file":   func(path string) { os.WriteFile(path, []byte("theirs"), 0o644) },
		"folder": func(path string) { os.Mkdir(path, 0o755) },
		"link":   func(path string) { os.Symlink("elsewhere", path) },
	} {
		for _, early := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				put(t, filepath.Join(dir, "elsewhere"), []byte("keep"))
				if early {
					appear(filepath.Join(dir, spareName))
				}
				o := Options{Dir: dir, Layout: l, Key: "abc", Skip: []int{1}}
				d := open(t, o)
				if !early {
					appear(filepath.Join(dir, spareName))
				}
				writePieces(t, d, data, 0, 1)
				checkReadsPiece(t, d, data, 0, 1)
				if err := RemoveSpare(o); err != nil {
					t.Error(err)
				}
				if _, err := os.Lstat(filepath.Join(dir, spareName)); err != nil {
					t.Errorf("it is gone: %v", err)
				}
				if keep, _ := os.ReadFile(filepath.Join(dir, "elsewhere")); string(keep) != "keep" {
					t.Errorf("wrote through a link: %q", keep)
				}
			})
		}
	}
	dir := t.TempDir()
	d := open(t, Options{Dir: dir, Layout: l, Key: "abc", Skip: []int{1}})
	writePieces(t, d, data, 0, 1)
	put(t, filepath.Join(dir, "b"), []byte("theirs"))
	d.SetSkip(nil)
	if err := d.Finish(); !errors.As(err, new(*ForeignError)) {
		t.Errorf("finish: %v", err)
	}
	if got := names(t, dir); got != spareName+" a b" {
		t.Errorf("files: %s", got)
	}
	checkReadsPiece(t, d, data, 0, 1)
}

func TestRemoveSpare(t *testing.T) {
	l := lay(8, "a", 12, "b", 12)
	dir, data := t.TempDir(), content(l)
	o := Options{Dir: dir, Layout: l, Key: "abc", Skip: []int{1}}
	d := open(t, o)
	writePieces(t, d, data, 0, 1)
	d.Close()
	other := o
	other.Key = "abd"
	if err := errors.Join(RemoveSpare(other), RemoveSpare(Options{Dir: dir, Layout: l})); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); got != spareName+" a" {
		t.Errorf("files: %s", got)
	}
	if err := errors.Join(RemoveSpare(o), RemoveSpare(o)); err != nil {
		t.Error(err)
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("files: %s", got)
	}
	for _, key := range []string{"a/b", "../x", "\x00", strings.Repeat("x", 65)} {
		if _, err := Open(Options{Dir: dir, Layout: l, Key: key}); err == nil {
			t.Errorf("opened with the key %q", key)
		}
	}
}

// world is a torrent's files, and what is known of them without looking.
type world struct {
	t       *testing.T
	o       Options
	d       *Torrent
	data    []byte
	written []bool // per byte of the torrent
	skip    []bool // per file
	may     []bool // per file: it may be there
}

func newWorld(t *testing.T, l Layout) *world {
	w := &world{
		t: t, data: content(l), written: make([]bool, l.Length), skip: make([]bool, len(l.Files)), may: make([]bool, len(l.Files)),
		o: Options{Dir: t.TempDir(), Layout: l, Key: "abc", Policy: suffix, Have: bits(l.Pieces)},
	}
	w.open()
	return w
}

func (w *world) open() { w.d = open(w.t, w.o) }

// reopen opens the files anew, with or without a record of their names.
func (w *world) reopen(recorded bool) {
	w.do(w.d.Sync())
	w.o.Have, w.o.Names = w.d.Have(), nil
	if recorded {
		w.o.Names = w.d.Names()
	}
	w.d.Close()
	w.o.Skip = w.skips()
	w.open()
}

func (w *world) do(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) skips() []int {
	var files []int
	for i, skip := range w.skip {
		if skip {
			files = append(files, i)
		}
	}
	return files
}

// put writes the bytes of a piece from one to another, at most to its end.
func (w *world) put(piece int, from, to int64) {
	l := w.o.Layout
	start := int64(piece) * l.PieceLength
	to = min(to, l.PieceLength, l.Length-start)
	if from >= to {
		return
	}
	_, err := write(w.d, piece, w.data[start+from:start+to], from)
	w.do(err)
	for i, f := range l.Files {
		first, end := max(f.Offset, start+from), min(f.Offset+f.Length, start+to)
		inside := start >= f.Offset && start+l.PieceLength <= f.Offset+f.Length
		w.may[i] = w.may[i] || first < end && (!w.skip[i] || inside)
	}
	for at := start + from; at < start+to; at++ {
		w.written[at] = true
	}
	if from == 0 && to == min(l.PieceLength, l.Length-start) {
		w.d.Verified(piece)
	}
}

func (w *world) finish() {
	w.do(w.d.Finish())
	w.do(w.d.Sync())
	w.do(w.d.Complete(w.d.Have()))
	for i := range w.may {
		w.may[i] = w.may[i] || !w.skip[i]
	}
}

// check reads all that was written, and looks that nothing is there that may not be.
func (w *world) check() {
	w.t.Helper()
	for i, f := range w.o.Layout.Files { // a read ends at the first file that is not there
		for at := f.Offset; at < f.Offset+f.Length; {
			end := at
			for end < f.Offset+f.Length && w.written[end] {
				end++
			}
			got := make([]byte, end-at)
			if n, err := w.d.ReadAt(got, at); end > at && (n < len(got) || !bytes.Equal(got, w.data[at:end])) {
				w.t.Fatalf("file %d at %d: %d of %d bytes, %v", i, at-f.Offset, n, len(got), err)
			}
			at = end + 1
		}
	}
	found := files(w.t, w.o.Dir)
	delete(found, spareName)
	for i, f := range w.o.Layout.Files {
		name := strings.Join(f.Path, "/")
		_, whole := found[name]
		_, part := found[name+partSuffix]
		if whole && part || (whole || part) && (f.Pad || !w.may[i]) {
			w.t.Fatalf("file %d is there: whole %v, part %v, it may %v", i, whole, part, w.may[i])
		}
		delete(found, name)
		delete(found, name+partSuffix)
	}
	if len(found) > 0 {
		w.t.Fatalf("strange files: %q", found)
	}
}

// FuzzFiles does to a torrent what the program does, in any order, and compares what
// can be read and what is there with what a few slices say.
func FuzzFiles(f *testing.F) {
	f.Add([]byte{12, 22, 10, 0}, uint8(7), []byte{1, 1, 3, 0, 0, 0, 0, 1, 0, 4, 0, 5, 2, 0, 1, 1, 2, 0, 0, 2, 0, 3, 2, 0})
	f.Add([]byte{3, 0x80 | 4, 5, 6}, uint8(15), []byte{1, 0, 1, 2, 0, 0, 3, 0, 2, 0, 5, 0, 0, 1, 2, 0, 4, 0})
	f.Add([]byte{40, 1, 1, 1, 40}, uint8(15), []byte{1, 2, 1, 4, 0, 2, 0, 3, 4, 0, 1, 4, 2, 0, 0, 2, 2, 0, 0, 3, 0, 4, 0, 5, 2, 0, 3, 0})
	f.Add([]byte("01"), byte(31), []byte("11A1"))
	f.Fuzz(func(t *testing.T, lengths []byte, pieceLength uint8, ops []byte) {
		var list []any
		for i, n := range lengths[:min(len(lengths), 12)] {
			name := "f/" + string(rune('a'+i))
			if n&0x80 != 0 {
				name = "pad/" + name
			}
			list = append(list, name, int(n&0x7f))
		}
		l := lay(int64(pieceLength)+1, list...)
		if l.Pieces == 0 {
			return
		}
		w := newWorld(t, l)
		for ops := range slices.Chunk(ops[:min(len(ops), 60)], 2) {
			arg := 0
			if len(ops) > 1 {
				arg = int(ops[1])
			}
			switch ops[0] % 6 {
			case 0:
				w.put(arg%l.Pieces, 0, l.PieceLength)
			case 1:
				i := arg % len(l.Files)
				w.skip[i] = !w.skip[i]
				w.d.SetSkip(w.skips())
			case 2:
				w.finish()
			case 3:
				w.reopen(true)
			case 4:
				w.reopen(false)
			case 5:
				from := int64(arg) % l.PieceLength
				w.put(arg%l.Pieces, from, from+l.PieceLength/2)
			}
			w.check()
		}
	})
}
