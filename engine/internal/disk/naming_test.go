//go:build linux

package disk

import (
	"os"
	"path/filepath"
	"testing"
)

// TestNaming gives names the short way, which leaves to the longer one all that is not
// a file of its own under a free name.
func TestNaming(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	for _, path := range []string{"a.part", "t/b.part", "t/c.part", "u/d.part", "t/taken", "../" + filepath.Base(out) + "/e.part"} {
		put(t, filepath.Join(dir, path), []byte(path))
	}
	for link, to := range map[string]string{"t/link.part": "c.part", "v": "u", "w": out} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "t/folder.part"), 0o777); err != nil {
		t.Fatal(err)
	}
	var n naming
	defer n.close()
	for _, c := range []struct {
		from, base string
		want       bool
	}{
		{"a.part", "a", true},
		{"a.part", "a", false},
		{"t/b.part", "b", true},
		{"t/c.part", "taken", false},
		{"t/link.part", "link", false},
		{"t/folder.part", "folder", false},
		{"u/d.part", "d", true},
		{"none/x.part", "x", false},
		{"v/d", "x", false},
		{"w/e.part", "e", false},
		{"t/c.part", "c", true},
	} {
		if got := n.rename(place{dir, filepath.FromSlash(c.from)}, c.base); got != c.want {
			t.Errorf("%s to %s: %v", c.from, c.base, got)
		}
	}
	for path, want := range map[string]string{"a": "a.part", "t/b": "t/b.part", "t/c": "t/c.part", "u/d": "u/d.part", "t/taken": "t/taken"} {
		if got, err := os.ReadFile(filepath.Join(dir, path)); string(got) != want {
			t.Errorf("%s holds %q, %v", path, got, err)
		}
	}
}
