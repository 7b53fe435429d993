package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestGivenNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("these names cannot be had")
	}
	for _, c := range []struct {
		name   string
		there  string // paths; "a>b" is a link to b, "a=b" another name of b, "a/" a folder
		layout string // safe paths, ":" and the given ones if they differ
		want   string
	}{
		{"nothing there", "", "t/a:t./a t/b:t./b", "map[]"},
		{"all there", "t./a t./b", "t/a:t./a t/b:t./b", "map[0:t./a 1:t./b]"},
		{"some there", "t./b", "t/a:t./a t/b:t./b", "map[1:t./b]"},
		{"the safe one is there", "t/a t./a", "t/a:t./a", "map[]"},
		{"the safe one is incomplete", "t/a.part t./a", "t/a:t./a", "map[]"},
		{"not told apart on all systems", "A a", "A a_(2):a", "map[1:a]"},
		{"one file by two names", "A a=A", "A a_(2):a", "map[]"},
		{"both by one name", "a", "x:a y:a", "map[0:a]"},
		{"the name of another", "a", "x:a a", "map[]"},
		{"of an incomplete other", "a", "a_(2):a A.part", "map[]"},
		{"of another when incomplete", "a.part", "a_(2).part:a.part A", "map[]"},
		{"as if incomplete", "t./a.part.part", "t/a.part.part:t./a.part.part", "map[]"},
		{"suffix of its own", "t./a.part", "t/a.part:t./a.part", "map[0:t./a.part]"},
		{"becomes one with a suffix", "a.part", "a_:a.part", "map[]"},
		{"a folder", "a./", "a:a.", "map[]"},
		{"a link", "b a.>b", "a:a.", "map[]"},
		{"up", "b", "t/_/b:t/../b", "map[]"},
		{"itself", "t/b", "t/_/b:t/./b", "map[]"},
		{"a file where a folder would be", "a a./x", "a_(2):a a/x:a./x", "map[0:a 1:a./x]"},
		{"too long", strings.Repeat("x", 251), "x:" + strings.Repeat("x", 251), "map[]"},
		{"just not", strings.Repeat("x", 250), "x:" + strings.Repeat("x", 250), "map[0:" + strings.Repeat("x", 250) + "]"},
	} {
		dir := t.TempDir()
		for _, path := range strings.Fields(c.there) {
			if err := lie(dir, path); err != nil {
				t.Fatal(c.name, err)
			}
		}
		l := Layout{PieceLength: 8}
		for i, file := range strings.Fields(c.layout) {
			safe, given, ok := strings.Cut(file, ":")
			f := File{Path: strings.Split(safe, "/"), Length: 1, Offset: int64(i)}
			if ok {
				f.Given = strings.Split(given, "/")
			}
			l.Files, l.Length, l.Pieces = append(l.Files, f), l.Length+1, 1
		}
		o := Options{Dir: dir, Layout: l, Key: "key"}
		o.Names = GivenNames(o)
		if got := fmt.Sprint(o.Names); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if _, err := newTable(o, dir); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// lie puts there what the table of TestGivenNames says.
func lie(dir, path string) error {
	if from, to, ok := strings.Cut(path, ">"); ok {
		return os.Symlink(to, filepath.Join(dir, from))
	}
	if from, to, ok := strings.Cut(path, "="); ok {
		return os.Link(filepath.Join(dir, to), filepath.Join(dir, from))
	}
	if folder, ok := strings.CutSuffix(path, "/"); ok {
		return os.Mkdir(filepath.Join(dir, folder), 0o755)
	}
	path = filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("."), 0o644)
}

func TestLiteral(t *testing.T) {
	for name, want := range map[string]bool{"a": true, "a.b": true, "é": true, "a.": false, "a ": false, "a:b": false, "a\x01": false, `a\b`: false} {
		if literal(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
