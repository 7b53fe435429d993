package filetree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"piecewise/engine"
)

// drawing returns the rows of a tree, one a line.
func drawing(t *Tree) string {
	var b strings.Builder
	for row := range t.Len() {
		n := t.Node(row)
		mark := [...]string{"[ ]", "[-]", "[x]"}[t.Checked(n)]
		fmt.Fprintf(&b, "%s%s %s %d\n", strings.Repeat("  ", t.Depth(n)), mark, t.Name(n), t.Size(n))
	}
	return b.String()
}

func TestTree(t *testing.T) {
	tree := NewTree(meta(album...).Files)
	if got, want := drawing(tree), "[x] album 6000\n  [x] extra 3000\n  [x] one.flac 1500\n  [x] two.flac 1500\n"; got != want {
		t.Errorf("at the start:\n%swant\n%s", got, want)
	}
	tree.SetAllOpen(true)
	tree.SetFileChecked(3, false)
	want := "[-] album 6000\n  [-] extra 3000\n    [x] cover.png 1500\n    [ ] notes.txt 1500\n  [x] one.flac 1500\n  [x] two.flac 1500\n"
	if got := drawing(tree); got != want {
		t.Errorf("all open:\n%swant\n%s", got, want)
	}
	if files, bytes := tree.Wanted(); files != 3 || bytes != 4500 {
		t.Errorf("%d files and %d bytes are wanted, want 3 and 4500", files, bytes)
	}
	if got := tree.Files(1); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("files of extra: %v, want 1 and 3", got)
	}
	if _, _, ok := tree.Run(1); ok {
		t.Error("files 1 and 3 count as a run")
	}
	if first, end, ok := tree.Run(0); first != 0 || end != 4 || !ok {
		t.Errorf("run of the top folder: %d, %d, %v", first, end, ok)
	}
}

func TestEmptyTree(t *testing.T) {
	tree := NewTree(nil)
	if files, bytes := tree.Wanted(); tree.Len() != 0 || files != 0 || bytes != 0 {
		t.Errorf("%d rows, %d files, %d bytes of nothing", tree.Len(), files, bytes)
	}
}

// FuzzTree checks the sums of any tree against its files, counted one by one.
func FuzzTree(f *testing.F) {
	f.Add("a/b/c a/b/d a/e f", uint64(0b1010))
	f.Add("a a/b a", uint64(1))
	f.Add("x/a y/b x/c y/d", uint64(7))
	f.Fuzz(func(t *testing.T, paths string, toggles uint64) {
		files := meta(strings.Fields(paths)...).Files
		tree := NewTree(files)
		tree.SetAllOpen(true)
		if tree.Len() != len(tree.nodes) {
			t.Fatalf("%d rows of %d nodes", tree.Len(), len(tree.nodes))
		}
		for i := 0; i < 64 && len(tree.nodes) > 0; i += 8 {
			tree.Toggle(int(toggles>>i&255) % len(tree.nodes))
		}
		seen := make([]bool, len(files))
		for n := range tree.nodes {
			checkNode(t, tree, files, n)
			if !tree.Folder(n) {
				seen[tree.Files(n)[0]] = true
			}
		}
		if slices.Contains(seen, false) {
			t.Errorf("files in the tree: %v", seen)
		}
	})
}

func checkNode(t *testing.T, tree *Tree, files []engine.File, n int) {
	t.Helper()
	size, on := int64(0), 0
	below := tree.Files(n)
	for _, f := range below {
		size += files[f].Length
		if tree.FileChecked(f) {
			on++
		}
	}
	want := Some
	switch on {
	case 0:
		want = Off
	case len(below):
		want = On
	}
	if tree.Size(n) != size || tree.Checked(n) != want {
		t.Errorf("node %d: size %d and check %d, want %d and %d", n, tree.Size(n), tree.Checked(n), size, want)
	}
	if p := tree.Parent(n); p >= 0 && (p >= n || int(tree.nodes[p].end) < int(tree.nodes[n].end)) {
		t.Errorf("node %d is not below its parent %d", n, p)
	}
}

// many returns n files in folders of 100.
func many(n int) []engine.File {
	files := make([]engine.File, n)
	for i := range files {
		files[i] = engine.File{
			Path:   []string{"torrent", fmt.Sprintf("disc %d", i/1000), fmt.Sprintf("folder %d", i/100), fmt.Sprintf("file %d.bin", i)},
			Length: 1 << 20, Offset: int64(i) << 20,
		}
	}
	return files
}

func BenchmarkTree(b *testing.B) {
	for _, n := range []int{1_000, 50_000} {
		files := many(n)
		tree := NewTree(files)
		b.Run(fmt.Sprintf("new/%d", n), func(b *testing.B) {
			for b.Loop() {
				NewTree(files)
			}
		})
		b.Run(fmt.Sprintf("toggle/%d", n), func(b *testing.B) {
			for b.Loop() {
				tree.Toggle(0)
			}
		})
		b.Run(fmt.Sprintf("open-all/%d", n), func(b *testing.B) {
			for b.Loop() {
				tree.SetAllOpen(true)
			}
		})
	}
}

// TestRenamedTree gives files of a tree other names: what was open stays open.
func TestRenamedTree(t *testing.T) {
	files := func(names ...string) (out []engine.File) {
		for _, name := range names {
			out = append(out, engine.File{Path: strings.Split(name, "/"), Length: 5})
		}
		return out
	}
	v := NewView(Format{})
	v.SetMeta(&engine.Meta{PieceLength: 1, Files: files("t/a", "t/sub/b", "t/sub/c")})
	sub := 1
	v.tree.SetOpen(sub, true)
	v.rows.Select(sub)
	v.SetMeta(&engine.Meta{PieceLength: 1, Files: files("t/a", "t/new/b", "t/new/c")})
	if !v.tree.IsOpen(sub) || v.tree.Name(sub) != "new" || len(v.Selected()) != 2 {
		t.Errorf("folder %q is open: %v, selected %v", v.tree.Name(sub), v.tree.IsOpen(sub), v.Selected())
	}
	if e := v.tree.entry(sub); e.Name != "new" || strings.Join(e.Folder, "/") != "t/new" {
		t.Errorf("its entry is %+v", e)
	}
	if e := v.tree.entry(sub + 2); e.Name != "c" || e.Folder != nil || e.File != 2 {
		t.Errorf("the entry of c is %+v", e)
	}
	var asked []Entry
	v.OnRename = func(e Entry) { asked = append(asked, e) }
	v.rows.OnTypedKey(&fyne.KeyEvent{Name: fyne.KeyF2})
	if len(asked) != 1 || asked[0].Name != "new" {
		t.Errorf("F2 asks for %+v", asked)
	}
	v.SetMeta(&engine.Meta{PieceLength: 1, Files: files("x/a", "x/b")})
	if len(v.Selected()) != 0 {
		t.Error("another torrent has something selected")
	}
}
