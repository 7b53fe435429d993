//go:build unix

package disk

import (
	"path/filepath"
	"syscall"
	"testing"
)

// TestPipe has a named pipe in the place of a file: to open it would block.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a"), 0o600); err != nil {
		t.Skip(err)
	}
	l := lay(8, "a", 8)
	if _, err := Open(Options{Dir: dir, Layout: l}); err == nil {
		t.Error("a pipe was taken for our file")
	}
	d := open(t, Options{Dir: dir, Layout: l, Foreign: []int{0}})
	if _, err := d.ReadAt(make([]byte, 8), 0); err == nil {
		t.Error("read a pipe")
	}
}
