package advice

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
)

// TestReadAt reads files on a disk and in memory, in memory that is swapped out too, and
// behind their end.
func TestReadAt(t *testing.T) {
	want := make([]byte, window+window/2)
	rand.NewChaCha8([32]byte{}).Read(want)
	for _, dir := range []string{t.TempDir(), "/dev/shm"} {
		for _, swapped := range []bool{false, true} {
			f, err := os.CreateTemp(dir, "piecewise-advice")
			if err != nil {
				t.Skip(err)
			}
			defer os.Remove(f.Name())
			defer f.Close()
			if _, err := f.Write(want); err != nil {
				t.Fatal(err)
			}
			a := New(f, int64(len(want)))
			a.swapped.Store(swapped)
			got := make([]byte, len(want))
			for at := 0; at < len(got); at += small {
				if n, err := a.ReadAt(got[at:at+small], int64(at)); n != small || err != nil {
					t.Fatalf("%s: %d bytes at %d, %v", f.Name(), n, at, err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: wrong bytes", f.Name())
			}
			if n, err := a.ReadAt(got[:100], int64(len(want)-10)); n != 10 || !errors.Is(err, io.EOF) {
				t.Errorf("%s: %d bytes at the end, %v", f.Name(), n, err)
			}
			a.Close()
		}
	}
}
