package engine

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/anacrolix/torrent/bencode"

	"piecewise/engine/internal/disk"
)

// treeOf returns the names and contents below a folder.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	ok(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var content []byte
			content, err = os.ReadFile(path)
			tree[path] = string(content)
		}
		return err
	}))
	return tree
}

// TestDataUnderItsOwnNames has files whose names are made safe on the disk under those that
// they have: they are verified, added and seeded where they are, and nothing is renamed.
func TestDataUnderItsOwnNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the file systems of other systems do not have all of these names")
	}
	for _, c := range []struct {
		root  string
		files []string // none: root is the file
	}{
		{"R.E.M.", []string{"a", "sub/b"}},
		{"src", []string{"Makefile", "makefile", "sub./MAKEFILE", "sub/x"}},
		{"dos", []string{"CON", "nul.txt", "aux/x", "a:b", `a\b`}},
		{"blanks ", []string{"a ", "b"}},
		{"unseen", []string{"\u202ex", "a\nb"}},
		{"R.E.M.", nil},
	} {
		dir := t.TempDir()
		for i, name := range append(c.files, "") {
			path := filepath.Join(dir, c.root, name)
			if name == "" && c.files != nil {
				break
			}
			ok(t, errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, slices.Repeat([]byte(name+"."), 40_000+i), 0o644)))
		}
		before := treeOf(t, dir)
		for _, format := range []Format{FormatV1, FormatV2, FormatHybrid} {
			made := makeOf(t, filepath.Join(dir, c.root), format)
			plain := must[*Source](t)(read(strings.NewReader(string(made.Raw)), "it"))
			if bad, err := Verify(t.Context(), plain, dir, nil); bad > 0 || err != nil {
				t.Errorf("%q, format %d: %d pieces are bad, %v", c.root, format, bad, err)
				continue
			}
			if n, err := FilesThere(plain.Meta, dir); n != len(plain.Meta.Files) || err != nil {
				t.Errorf("%q, format %d: %d files are there, %v", c.root, format, n, err)
			}
			src, at, err := made.Source()
			if err != nil || at != dir {
				t.Errorf("%q, format %d: to be seeded in %q, %v", c.root, format, at, err)
				continue
			}
			if format == FormatV1 {
				seedsThere(t, plain, dir, "Checked")
				seedsThere(t, src, dir, "have not changed")
			}
		}
		if after := treeOf(t, dir); len(after) != len(before) {
			t.Errorf("%q: there is %d files, not %d", c.root, len(after), len(before))
		} else {
			for path, content := range before {
				if after[path] != content {
					t.Errorf("%q was changed", path)
				}
			}
		}
	}
}

// seedsThere has a torrent seed what is in dir, also after the program was started again.
func seedsThere(t *testing.T, src *Source, dir, says string) {
	t.Helper()
	cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir())
	b := launch(t, cfg)
	id := must[ID](t)(b.Add(t.Context(), src, AddOptions{Dir: dir}))
	b.awaitState(id, Seeding)
	if log := logOf(b, id); !strings.Contains(log, says) {
		t.Errorf("%q: the log is %q", src.Name, log)
	}
	for _, f := range b.snap.Torrent(id).Meta.Files {
		if path := strings.Join(f.Path, "/"); strings.ContainsAny(path, "\u202e\n") {
			t.Errorf("it is shown as %q", path)
		}
	}
	b.stop()
	b = launch(t, cfg)
	b.awaitState(id, Seeding)
	b.stop()
}

// given makes a torrent of files with these paths, each of one byte.
func given(t testing.TB, root string, paths ...[]string) (*Source, error) {
	t.Helper()
	var files []any
	for _, path := range paths {
		files = append(files, map[string]any{"length": 1, "path": path})
	}
	raw := bencode.MustMarshal(map[string]any{"info": map[string]any{
		"files": files, "name": root, "piece length": 16 << 10, "pieces": strings.Repeat("x", 20),
	}})
	return read(strings.NewReader(string(raw)), "it")
}

// TestDataWithRawNames has names that are not UTF-8, of which torrents of others are made.
func TestDataWithRawNames(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"x\xff", "x\xfe"} {
		path := filepath.Join(dir, "t\x80", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte("."), 0o644)); err != nil {
			t.Skip(err) // not all file systems have such names
		}
	}
	src := must[*Source](t)(given(t, "t\x80", []string{"x\xff"}, []string{"x\xfe"}, []string{"x\xfd"}))
	if n, err := FilesThere(src.Meta, dir); n != 2 || err != nil {
		t.Errorf("%d files are there, %v", n, err)
	}
	b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
	id := must[ID](t)(b.Add(t.Context(), src, AddOptions{Dir: dir}))
	b.await("a check", func(s *Snapshot) bool { return s.Torrent(id) != nil && s.Torrent(id).State == Downloading })
	if log := logOf(b, id); !strings.Contains(log, "are there already") {
		t.Errorf("the log is %q", log)
	}
	for _, f := range b.snap.Torrent(id).Meta.Files {
		if path := strings.Join(f.Path, "/"); !utf8.ValidString(path) {
			t.Errorf("it is shown as %q", path)
		}
	}
}

// TestHostileNamesFindNothing has files where the names of a torrent would lead.
func TestHostileNamesFindNothing(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "save")
	ok(t, os.MkdirAll(filepath.Join(dir, "t", "sub"), 0o755))
	for _, path := range []string{"x", "save/y", "save/t/z", "save/t/sub/z"} {
		ok(t, os.WriteFile(filepath.Join(outside, path), []byte("."), 0o644))
	}
	if err := os.Symlink("../..", filepath.Join(dir, "t", "out.")); err != nil {
		t.Skip(err)
	}
	ok(t, os.Symlink(filepath.Join(outside, "x"), filepath.Join(dir, "t", "link.")))
	ok(t, os.Symlink("z", filepath.Join(dir, "t", "near.")))
	for _, c := range []struct {
		root string
		path []string
	}{
		{"t", []string{"..", "..", "x"}},
		{"t", []string{"..", "y"}},
		{"t", []string{"sub", "..", "z"}},
		{"t", []string{"../../x"}},
		{"t", []string{"sub/z"}},
		{"t", []string{filepath.Join(outside, "x")}},
		{"t", append([]string{"/"}, strings.Split(outside+"/x", "/")...)},
		{"t", []string{"out.", "x"}},
		{"t", []string{"link."}},
		{"t", []string{"near."}},
		{"t", []string{"z\x00"}},
		{"..", []string{"x"}},
		{".", []string{"y"}},
		{"../save", []string{"y"}},
		{outside, []string{"x"}},
		{"t/sub", []string{"z"}},
	} {
		src := must[*Source](t)(given(t, c.root, c.path))
		if n, err := FilesThere(src.Meta, dir); n != 0 || err != nil {
			t.Errorf("%q, %q: %d files are there, %v", c.root, c.path, n, err)
		}
	}
}

// FuzzGivenPath takes files line by line, their path elements between slashes, and has all
// of them on the disk that the system lets have these names: none is found that is not below
// the folder, nor one for two files.
func FuzzGivenPath(f *testing.F) {
	f.Add("a\nA\na.\na /x\na.part\nA/x\n./a", "R.E.M.")
	f.Add("../../x\n/etc/passwd\nCON.txt\nc:\\x\n\u202ea\nnul", "..")
	f.Add("../x\n\xff\n\xfe/x\nx ", "save")
	f.Add("y.part\n./y\n./Y\ny\n./y.part", "t.")
	f.Fuzz(func(t *testing.T, list, root string) {
		outside := t.TempDir()
		dir := filepath.Join(outside, "save")
		ok(t, errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(filepath.Join(outside, "x"), nil, 0o644)))
		within := must[*os.Root](t)(os.OpenRoot(dir))
		defer within.Close()
		var paths [][]string
		for line := range strings.SplitSeq(list, "\n") {
			paths = append(paths, strings.Split(line, "/"))
			path := filepath.Join(root, filepath.FromSlash(line))
			if within.MkdirAll(filepath.Dir(path), 0o755) == nil {
				_ = within.WriteFile(path, []byte("."), 0o644) // not all names can be had
			}
		}
		src, err := given(t, root, paths...)
		if err != nil || len(paths) > 100 {
			return
		}
		checkGiven(t, within, src.Meta)
	})
}

func checkGiven(t *testing.T, dir *os.Root, m *Meta) {
	t.Helper()
	l := layoutOf(m)
	names := disk.GivenNames(disk.Options{Dir: dir.Name(), Layout: l})
	var found []os.FileInfo
	for i, f := range l.Files {
		name, other := names[i]
		if !other {
			name = strings.Join(f.Path, "/")
		}
		for _, element := range strings.Split(name, "/") {
			if element == "" || element == "." || element == ".." {
				t.Errorf("file %d is %q", i, name)
			}
		}
		info, err := dir.Lstat(name) // which never leaves the folder
		if other && (err != nil || !info.Mode().IsRegular()) {
			t.Errorf("file %d is said to be %q: %v", i, name, err)
		}
		if err == nil {
			if slices.ContainsFunc(found, func(f os.FileInfo) bool { return os.SameFile(f, info) }) {
				t.Errorf("file %d, %q, is another one too", i, name)
			}
			found = append(found, info)
		}
	}
	d, err := disk.Open(disk.Options{Dir: dir.Name(), Layout: l, Names: names})
	if err == nil {
		_ = d.Close() // nothing was written
	} else if strings.Contains(err.Error(), "check") {
		t.Error(err)
	}
}
