package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"

	"piecewise/engine/internal/plane"
)

// info returns the layout as the library knows it, with a multiple-file list.
func info(l Layout) *metainfo.Info {
	v := &metainfo.Info{Name: "t", PieceLength: l.PieceLength, Pieces: make([]byte, 20*l.Pieces)}
	for _, f := range l.Files {
		v.Files = append(v.Files, metainfo.FileInfo{Length: f.Length, Path: f.Path})
	}
	return v
}

func library(t *testing.T, d *Torrent) *storage.Torrent {
	t.Helper()
	s, err := storage.NewClient(d.Storage()).OpenTorrent(t.Context(), info(d.layout), metainfo.Hash{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLibraryStorage(t *testing.T) {
	l := lay(16, "t/a", 10, "pad/6", 6, "t/b", 37)
	data := content(l)
	have := plane.MakeBits(l.Pieces)
	d := open(t, Options{Dir: t.TempDir(), Layout: l, Have: have})
	have.Set(1) // Have was copied
	s, v := library(t, d), info(l)
	for i := range l.Pieces {
		p := s.Piece(v.Piece(i))
		want := data[i*16 : min(i*16+16, len(data))]
		if c := p.Completion(); !c.Ok || c.Complete || c.Err != nil {
			t.Errorf("completion of missing piece %d: %+v", i, c)
		}
		if _, err := p.WriteAt(want, 0); err == nil || p.MarkComplete() == nil {
			t.Errorf("the library wrote piece %d", i)
		}
		if _, err := write(d, i, want, 0); err != nil {
			t.Fatal(err)
		}
		d.Verified(i)
		got := make([]byte, len(want))
		if n, err := p.ReadAt(got, 0); n != len(want) || err != nil || !bytes.Equal(got, want) {
			t.Errorf("read piece %d = %d, %v", i, n, err)
		}
		if c := p.Completion(); !c.Complete {
			t.Errorf("completion of piece %d: %+v", i, c)
		}
	}
	if !d.Have().All() {
		t.Errorf("have %d pieces", d.Have().Count())
	}
	if s.Close() != nil {
		t.Error("close failed")
	}
	if _, err := d.ReadAt(make([]byte, 1), 0); err != nil {
		t.Errorf("the library's Close closed the files: %v", err)
	}
}

func TestLibraryStorageOfAnotherTorrent(t *testing.T) {
	d := open(t, Options{Dir: t.TempDir(), Layout: lay(16, "a", 40)})
	for _, other := range []Layout{lay(8, "a", 40), lay(16, "a", 60)} {
		if _, err := d.Storage().OpenTorrent(t.Context(), info(other), metainfo.Hash{}); err == nil {
			t.Errorf("%d pieces of %d bytes were accepted", other.Pieces, other.PieceLength)
		}
	}
}

// TestSyncTriesAgain makes a sync fail by taking a written file away.
func TestSyncTriesAgain(t *testing.T) {
	dir := t.TempDir()
	d := open(t, Options{Dir: dir, Layout: lay(8, "a", 8)})
	if _, err := write(d, 0, []byte("12345678"), 0); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a")
	handles.forget(d)
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Sync(); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("sync of a file that is away: %v", err)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if err := d.Sync(); err != nil || len(d.dirty) > 0 {
		t.Errorf("sync = %v, %d files left", err, len(d.dirty))
	}
}

// FuzzBlocks writes one block into a layout cut by the fuzzer and compares the
// whole torrent with a slice.
func FuzzBlocks(f *testing.F) {
	f.Add([]byte{3, 0, 5, 0x80 | 4}, uint8(3), uint8(1), uint8(2))
	f.Add([]byte{0, 0, 0}, uint8(1), uint8(0), uint8(0))
	f.Add([]byte{16}, uint8(15), uint8(0), uint8(15))
	f.Fuzz(func(t *testing.T, lengths []byte, pieceLength, piece, begin uint8) {
		var list []any
		for i, n := range lengths[:min(len(lengths), 12)] {
			name := "f/" + string(rune('a'+i))
			if n&0x80 != 0 {
				name = "pad/" + name
			}
			list = append(list, name, int(n&0x7f))
		}
		l := lay(int64(pieceLength)+1, list...)
		d := open(t, Options{Dir: t.TempDir(), Layout: l})
		off := int64(piece)*l.PieceLength + int64(begin)
		data, model := content(l), make([]byte, l.Length)
		end := min(off+l.PieceLength-int64(begin), l.Length)
		if off > end || begin > pieceLength {
			return
		}
		if _, err := write(d, int(piece), data[off:end], int64(begin)); err != nil {
			t.Fatal(err)
		}
		copy(model[off:end], data[off:end])
		got := make([]byte, end-off)
		if n, err := d.ReadAt(got, off); n != len(got) || err != nil || !bytes.Equal(got, model[off:end]) {
			t.Fatalf("read back %d: %v", n, err)
		}
		for name, content := range files(t, d.Dir()) {
			for i, f := range l.Files {
				if filepath.ToSlash(l.name(i)) == name && content != string(model[f.Offset:f.Offset+int64(len(content))]) {
					t.Errorf("%s differs", name)
				}
			}
		}
	})
}

func BenchmarkWriteBlock(b *testing.B) {
	l := lay(1<<20, "t/a", 1<<26)
	d := open(b, Options{Dir: b.TempDir(), Layout: l})
	block := make([]byte, 16<<10)
	b.SetBytes(int64(len(block)))
	i := 0
	for b.Loop() {
		if _, err := write(d, i/64%l.Pieces, block, int64(i%64)<<14); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkOpenHandle(b *testing.B) {
	l := lay(16<<10, "torrent/with/folders/a", 16<<10)
	d := open(b, Options{Dir: b.TempDir(), Layout: l})
	if _, err := write(d, 0, make([]byte, 16<<10), 0); err != nil {
		b.Fatal(err)
	}
	one := make([]byte, 1)
	for b.Loop() {
		handles.forget(d)
		if _, err := d.ReadAt(one, 0); err != nil {
			b.Fatal(err)
		}
	}
}
