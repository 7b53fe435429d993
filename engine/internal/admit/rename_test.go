package admit

import (
	"maps"
	"strings"
	"testing"
)

func pathsOf(names ...string) (paths [][]string) {
	for _, name := range names {
		paths = append(paths, strings.Split(name, "/"))
	}
	return paths
}

func TestRename(t *testing.T) {
	paths := pathsOf("t/a", "t/b.txt", "t/sub/a", "t/sub/c/d", "t/ſub2/x")
	for _, tt := range []struct {
		file   int    // -1: the folder
		folder string //
		name   string
		want   map[int]string // nil: refused
	}{
		{0, "", "new", map[int]string{0: "t/new"}},
		{0, "", "  new . ", map[int]string{0: "t/new"}},
		{0, "", "a", map[int]string{}},
		{0, "", "A", map[int]string{0: "t/A"}},
		{0, "", "con", map[int]string{0: "t/_con"}},
		{0, "", "a:b\u202e", map[int]string{0: "t/a_b"}},
		{0, "", "..", map[int]string{0: "t/_"}},
		{0, "", "x\x00y", map[int]string{0: "t/x_y"}},
		{2, "", "c", nil},
		{0, "", "SUB", nil},
		{0, "", "B.TXT", nil},
		{1, "", "a.part", nil},
		{0, "", "b.txt.part", nil},
		{0, "", "", nil},
		{0, "", "  ", nil},
		{0, "", "../up", nil},
		{0, "", `a\b`, nil},
		{0, "", strings.Repeat("x", 300), map[int]string{0: "t/" + strings.Repeat("x", maxElement)}},
		{9, "", "x", nil},
		{-1, "t/sub", "other", map[int]string{2: "t/other/a", 3: "t/other/c/d"}},
		{-1, "t/sub", "a", nil},
		{-1, "t/sub/c", "a", nil},
		{-1, "t", "top", map[int]string{0: "top/a", 1: "top/b.txt", 2: "top/sub/a", 3: "top/sub/c/d", 4: "top/ſub2/x"}},
		{-1, "t/sub", "\u017fub2", nil},
		{-1, "t/sub", "SUB2", nil},
		{-1, "t/nowhere", "x", nil},
		{-1, "t/a", "x", nil},
		{-1, "", "x", nil},
	} {
		var got map[int][]string
		var err error
		if tt.file >= 0 {
			got, err = RenameFile(paths, tt.file, tt.name)
		} else {
			got, err = RenameFolder(paths, strings.FieldsFunc(tt.folder, func(r rune) bool { return r == '/' }), tt.name)
		}
		joined := map[int]string{}
		for i, path := range got {
			joined[i] = strings.Join(path, "/")
		}
		if (err != nil) != (tt.want == nil) || err == nil && !maps.Equal(joined, tt.want) {
			t.Errorf("%d %q to %q = %v, %v; want %v", tt.file, tt.folder, tt.name, joined, err, tt.want)
		}
	}
}

// FuzzRename checks that no name leads anywhere else or makes two files one.
func FuzzRename(f *testing.F) {
	for _, name := range []string{"a", "..", "con", "ﬁ", "a\u0301", strings.Repeat("é", 200), "x.part"} {
		f.Add(name, 1)
	}
	f.Fuzz(func(t *testing.T, name string, file int) {
		paths := pathsOf("t/fi", "t/á", "t/sub/x", "t/y")
		got, err := RenameFile(paths, file, name)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for i, path := range paths {
			if now, ok := got[i]; ok {
				path = now
				if len(path) != len(paths[i]) || safeName(path[len(path)-1]) != path[len(path)-1] {
					t.Fatalf("%q became %q", name, path)
				}
			}
			if key := fold(strings.Join(path, "/")); seen[key] {
				t.Fatalf("%q makes two files %q", name, key)
			} else {
				seen[key] = true
			}
		}
	})
}

// TestRenameBesideTwins has files whose names only some file systems tell apart, as they
// are found on others: what is not renamed may stay as it is.
func TestRenameBesideTwins(t *testing.T) {
	paths := pathsOf("t/Makefile", "t/makefile", "t/a")
	if got, err := RenameFile(paths, 2, "b"); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	if got, err := RenameFile(paths, 2, "MAKEFILE"); err == nil {
		t.Errorf("a third one: %v", got)
	}
	if got, err := RenameFile(paths, 1, "MAKEFILE"); err == nil {
		t.Errorf("one of them: %v", got)
	}
}

func TestPlain(t *testing.T) {
	for name, want := range map[string]bool{"R.E.M./é 日本": true, "a\n": false, "\u202ea": false, "a\xff": false} {
		if Plain(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
