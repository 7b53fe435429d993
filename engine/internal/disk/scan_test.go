package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestScan reads a torrent of more files than stay open, in pieces and twice, and
// compares with what ReadAt gives; one file is missing and one is cut short.
func TestScan(t *testing.T) {
	var files []any
	for i := range 3 * scanHandles {
		files = append(files, fmt.Sprint("f", i), 10+i)
		if i%5 == 0 {
			files = append(files, fmt.Sprint("pad", i), 7)
		}
	}
	l := lay(64, files...)
	data, dir := content(l), t.TempDir()
	d := open(t, Options{Dir: dir, Layout: l})
	if err := d.Write(0, 0, [][]byte{data}); err != nil {
		t.Fatal(err)
	}
	missing, short := l.Files[3], l.Files[8]
	if err := errors.Join(os.Remove(filepath.Join(dir, missing.Path[0])), os.Truncate(filepath.Join(dir, short.Path[0]), 1)); err != nil {
		t.Fatal(err)
	}
	s := d.Scan()
	defer s.Close()
	for range 2 {
		for off := int64(0); off < l.Length; off += 50 {
			got, want := make([]byte, 60), make([]byte, 60)
			n, err := s.ReadAt(got, off)
			m, wantErr := d.ReadAt(want, off)
			if n != m || !bytes.Equal(got[:n], want[:m]) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
				t.Fatalf("at %d: %d, %v; want %d, %v", off, n, err, m, wantErr)
			}
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("at %d: %v", off, err)
			}
		}
	}
	if n := s.open.recent.Len(); n > scanHandles {
		t.Errorf("%d files are open", n)
	}
	if _, err := s.ReadAt(make([]byte, 1), missing.Offset); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}
