package disk

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestDrain has the system begin with what was written, of files that are open, once
// there is much of it.
func TestDrain(t *testing.T) {
	if !drains {
		t.Skip("the system cannot be told to begin")
	}
	l := lay(soaked, "a", soaked-1, "b", 1, "c", 10, "d", 10)
	var told []string
	refuse := func(op, path string) error {
		if op == "drain" {
			told = append(told, filepath.Base(path))
		}
		return nil
	}
	dir := t.TempDir()
	d := open(t, Options{Dir: dir, Layout: l, Refuse: refuse})
	write := func(piece int, begin int64, n int) {
		t.Helper()
		if err := d.Write(piece, begin, [][]byte{make([]byte, n)}); err != nil {
			t.Fatal(err)
		}
	}
	write(0, 0, soaked-1)
	if d.Soaked() {
		t.Error("it is time before there is much")
	}
	write(0, soaked-1, 1)
	if !d.Soaked() {
		t.Error("it is not time when there is much")
	}
	d.Drain()
	if want := []string{"a", "b"}; !slices.Equal(told, want) || d.Soaked() {
		t.Errorf("begun with %q, want %q; and again: %v", told, want, d.Soaked())
	}
	told = nil
	write(1, 0, 20)
	handles.forgetFile(d, 2)
	d.Drain()
	if want := []string{"d"}; !slices.Equal(told, want) {
		t.Errorf("begun with %q, want %q: the other one is not open", told, want)
	}
	if err := d.Sync(); err != nil || len(d.dirty) != 0 {
		t.Errorf("what was begun with is not synced: %v, %v left", err, d.dirty)
	}
}
