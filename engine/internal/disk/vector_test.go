package disk

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// TestVectoredWrite writes pieces in random runs of random buffers, over borders
// of files, and compares what is on disk.
func TestVectoredWrite(t *testing.T) {
	l := lay(100, "a", 30, "empty", 0, "b/c", 170, "pad", 30, "d", 7, "e", 250)
	data := content(l)
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		dir := t.TempDir()
		d := open(t, Options{Dir: dir, Layout: l})
		for piece := range l.Pieces {
			begin := int64(0)
			end := min(l.PieceLength, l.Length-int64(piece)*l.PieceLength)
			for begin < end {
				run := 1 + r.Int64N(end-begin)
				at := int64(piece)*l.PieceLength + begin
				if err := d.Write(piece, begin, cutUp(r, data[at:at+run])); err != nil {
					t.Fatal(err)
				}
				begin += run
			}
		}
		if err := d.Finish(); err != nil {
			t.Fatal(err)
		}
		checkFiles(t, dir, l, data)
	}
}

func cutUp(r *rand.Rand, b []byte) (bufs [][]byte) {
	for len(b) > 0 {
		n := 1 + r.IntN(len(b))
		bufs, b = append(bufs, bytes.Clone(b[:n])), b[n:]
	}
	return bufs
}

func TestVectorCut(t *testing.T) {
	v := vector{[]byte("ab"), []byte("cde"), []byte("f")}
	for n := range 7 {
		first, rest := v.cut(n)
		if got := string(first.join(6)) + "|" + string(rest.join(6)); got != "abcdef"[:n]+"|"+"abcdef"[n:] {
			t.Errorf("cut at %d: %s", n, got)
		}
	}
}

func TestVectoredWriteOutOfRange(t *testing.T) {
	l := lay(100, "a", 150)
	d := open(t, Options{Dir: t.TempDir(), Layout: l})
	for _, c := range []struct {
		piece int
		begin int64
		n     int
	}{{-1, 0, 1}, {0, -1, 1}, {2, 0, 1}, {1, 40, 20}} {
		if err := d.Write(c.piece, c.begin, [][]byte{make([]byte, c.n)}); err == nil {
			t.Errorf("wrote %+v", c)
		}
	}
}

// TestTryWrite has somebody else write to one of two files.
func TestTryWrite(t *testing.T) {
	l := lay(100, "a", 50, "b", 50)
	data, dir := content(l), t.TempDir()
	d := open(t, Options{Dir: dir, Layout: l})
	if done, err := d.TryWrite(0, 0, [][]byte{data[:40]}); !done || err != nil {
		t.Fatalf("nobody else writes: %v, %v", done, err)
	}
	h, err := d.acquire(0, true)
	if err != nil {
		t.Fatal(err)
	}
	h.writing.Lock()
	if done, err := d.TryWrite(0, 40, [][]byte{data[40:]}); done || err != nil {
		t.Errorf("somebody writes to the first file: %v, %v", done, err)
	}
	if done, err := d.TryWrite(0, 60, [][]byte{data[60:]}); !done || err != nil {
		t.Errorf("nobody writes to the second file: %v, %v", done, err)
	}
	h.writing.Unlock()
	handles.release(h)
	if err := d.Write(0, 40, [][]byte{data[40:]}); err != nil {
		t.Fatal(err)
	}
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	checkFiles(t, dir, l, data)
}

// TestVectoredRead reads random runs into random buffers, over borders of files and from
// what is not in files, and what is not there.
func TestVectoredRead(t *testing.T) {
	l := lay(100, "a", 30, "empty", 0, "b/c", 170, "pad", 30, "d", 7, "e", 250)
	data, dir := content(l), t.TempDir()
	d := open(t, Options{Dir: dir, Layout: l})
	if err := d.Write(0, 0, [][]byte{data}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		from := r.IntN(len(data))
		want := data[from : from+1+r.IntN(len(data)-from)]
		bufs := cutUp(r, make([]byte, len(want)))
		for _, b := range bufs {
			b[0] = 1 // what is in a buffer before counts for nothing
		}
		if err := d.Read(bufs, int64(from)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(vector(bufs).join(0), want) {
			t.Fatalf("%d bytes from %d on are wrong", len(want), from)
		}
	}
	if err := d.Read([][]byte{make([]byte, 1), make([]byte, 1)}, l.Length-1); !errors.Is(err, fs.ErrInvalid) {
		t.Errorf("read behind the end: %v", err)
	}
	if err := os.Truncate(filepath.Join(dir, "e"), 100); err != nil {
		t.Fatal(err)
	}
	if err := d.Read([][]byte{make([]byte, 90), make([]byte, 20)}, l.Length-250); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read a file that was cut: %v", err)
	}
}

// TestVectoredReadOfSpare reads what a skipped file has in the spare into many buffers.
func TestVectoredReadOfSpare(t *testing.T) {
	l := lay(100, "a", 150, "b", 50)
	data := content(l)
	d := open(t, Options{Dir: t.TempDir(), Layout: l, Key: "abc", Skip: []int{0}})
	if err := d.Write(1, 0, [][]byte{data[100:]}); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		bufs := cutUp(r, make([]byte, 100))
		if err := d.Read(bufs, 100); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(vector(bufs).join(0), data[100:]) {
			t.Fatal("wrong bytes")
		}
	}
}
