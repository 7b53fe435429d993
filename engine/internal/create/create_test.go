package create

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"go/build"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/admit"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if strings.Contains(path, "anacrolix") || strings.Contains(path, "fyne") || path == "piecewise/engine" {
			t.Errorf("create must not import %s", path)
		}
	}
}

// noise is data that no other call gives.
func noise(n int) []byte {
	b := make([]byte, n)
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], rand.Uint64())
	rand.NewChaCha8(seed).Read(b)
	return b
}

// tree writes files of these sizes below a folder of this name.
func tree(t testing.TB, name string, files map[string]int) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), name)
	for path, size := range files {
		put(t, filepath.Join(root, filepath.FromSlash(path)), noise(size))
	}
	return root
}

func put(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func look(t testing.TB, path string, ignore ...string) *Files {
	t.Helper()
	f, err := Look(t.Context(), path, ignore, "")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// names are the paths of files, with slashes.
func names(f *Files) []string {
	var all []string
	for _, file := range f.List {
		all = append(all, strings.Join(file.Path, "/"))
	}
	return all
}

func TestLookIsInOrder(t *testing.T) {
	want := []string{".hidden", "A", "a/0", "a/b", "a/é", "a-b", "a.b", "ab", "b", "e\u0301", "zz-empty", "é"}
	files := map[string]int{}
	for i, name := range want {
		files[name] = i
	}
	f := look(t, tree(t, "dir", files))
	if got := names(f); !slices.Equal(got, want) {
		t.Errorf("the files are %q, want %q", got, want)
	}
	if f.Name != "dir" || f.Single || f.Size != 66 {
		t.Errorf("found %+v", f)
	}
}

func TestLookLeavesOut(t *testing.T) {
	root := tree(t, "dir", map[string]int{
		"a": 1, ".DS_Store": 1, "sub/thumbs.DB": 1, "sub/b.part": 1, "sub/b.parts": 1, "lost+found/x": 1, "sub/skip/c": 1, "skip": 1, "._a": 1,
	})
	for link, to := range map[string]string{"file": "a", "folder": "sub", "out": "/etc", "loop": ".", "nowhere": "nothing"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	f := look(t, root, append(slices.Clone(Ignored), "sub/skip/")...)
	if got := names(f); !slices.Equal(got, []string{"a", "skip", "sub/b.parts"}) {
		t.Errorf("the files are %q", got)
	}
	links := 0
	for _, l := range f.Left {
		if l.Why == Link {
			links++
		}
	}
	if links != 5 || f.LeftCount != 11 || len(f.Left) != 11 {
		t.Errorf("left out are %v", f.Left)
	}
	if f := look(t, root); len(f.List) != 9 {
		t.Errorf("without patterns the files are %q", names(f))
	}
}

func TestLookLeavesItsOutput(t *testing.T) {
	root := tree(t, "dir", map[string]int{"a": 1, "a.torrent": 1})
	f, err := Look(t.Context(), root, nil, filepath.Join(root, "a.torrent"))
	if err != nil || !slices.Equal(names(f), []string{"a"}) {
		t.Errorf("%v, %v", f, err)
	}
}

func TestLookFollowsALinkThatIsNamed(t *testing.T) {
	root := tree(t, "dir", map[string]int{"a": 5})
	for to, want := range map[string]string{root: "a", filepath.Join(root, "a"): "link"} {
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
		if f := look(t, link); f.Name != "link" || !slices.Equal(names(f), []string{want}) {
			t.Errorf("%s: %+v", to, f)
		}
	}
}

func TestLookRefuses(t *testing.T) {
	root := tree(t, "dir", map[string]int{"empty/a": 0, "pad/.pad/7": 1, "utf/\xff": 1, "ok/a": 1})
	if err := os.Mkdir(filepath.Join(root, "none"), 0o755); err != nil {
		t.Fatal(err)
	}
	for path, part := range map[string]string{
		"empty": "no data", "empty/a": "no data", "none": "no data", "pad": "fills up pieces", "utf": "not UTF-8", "utf/\xff": "not UTF-8", "nothing": "no such file",
	} {
		_, err := Look(t.Context(), filepath.Join(root, path), nil, "")
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Look(t.Context(), "/", nil, ""); err == nil || !strings.Contains(err.Error(), "no name") {
		t.Errorf("/: %v", err)
	}
	for _, pattern := range []string{"", "/", "[", "a["} {
		if _, err := Look(t.Context(), filepath.Join(root, "ok"), []string{pattern}, ""); err == nil {
			t.Errorf("the pattern %q was taken", pattern)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Look(ctx, root, nil, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAutomatic(t *testing.T) {
	for size, want := range map[int64]int64{
		1: 16 << 10, 32 << 20: 16 << 10, 32<<20 + 1: 32 << 10, 700 << 20: 512 << 10, 1 << 30: 512 << 10, 4 << 30: 2 << 20, 30 << 30: 16 << 20, 1 << 45: 16 << 20,
	} {
		if got := Automatic(size); got != want {
			t.Errorf("%d bytes: pieces of %d, want %d", size, got, want)
		}
	}
}

func TestMakeV1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	data := noise(40_000)
	put(t, path, data)
	made, err := look(t, path).Make(t.Context(), Options{
		PieceLength: 16 << 10, Private: true, Source: "src", Comment: "c", CreatedBy: "me", Created: time.Unix(1e9, 0),
		Trackers: [][]string{{"http://a/", "http://b/"}, {"udp://c:1"}}, WebSeeds: []string{"http://w/"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var hashes []byte
	for piece := range slices.Chunk(data, 16<<10) {
		sum := sha1.Sum(piece)
		hashes = append(hashes, sum[:]...)
	}
	info := "d6:lengthi40000e4:name5:a.bin12:piece lengthi16384e6:pieces60:" + string(hashes) + "7:privatei1e6:source3:srce"
	want := "d8:announce9:http://a/13:announce-listll9:http://a/9:http://b/el9:udp://c:1ee7:comment1:c10:created by2:me13:creation datei1000000000e4:info" +
		info + "8:url-list9:http://w/e"
	if string(made.Raw) != want || made.V1 != sha1.Sum([]byte(info)) || made.V2 != [32]byte{} || made.Pieces != 3 {
		t.Errorf("made %q", made.Raw)
	}
}

func TestTrackers(t *testing.T) {
	for _, c := range []struct {
		tiers [][]string
		want  string
	}{
		{nil, "d"},
		{[][]string{{}}, "d"},
		{[][]string{{}, {"a"}}, "d8:announce1:a"},
		{[][]string{{"a"}, {}, {"b"}}, "d8:announce1:a13:announce-listll1:ael1:bee"},
		{[][]string{{"a", "b"}}, "d8:announce1:a13:announce-listll1:a1:bee"},
	} {
		if got := string(trackers([]byte("d"), c.tiers)); got != c.want {
			t.Errorf("%q: %s, want %s", c.tiers, got, c.want)
		}
	}
}

func TestMakeRefuses(t *testing.T) {
	f := look(t, tree(t, "dir", map[string]int{"a": 1 << 20, strings.Repeat("d/", 58) + "x": 1}))
	flat := look(t, tree(t, "dir", map[string]int{"a": 1 << 20}))
	for name, c := range map[string]struct {
		f    *Files
		o    Options
		part string
	}{
		"too deep":     {f, Options{}, "too deep"},
		"short pieces": {flat, Options{PieceLength: 8 << 10}, "power of two"},
		"long pieces":  {flat, Options{PieceLength: 512 << 20}, "power of two"},
		"odd pieces":   {flat, Options{PieceLength: 48 << 10}, "power of two"},
		"negative":     {flat, Options{PieceLength: -16384}, "power of two"},
		"tracker":      {flat, Options{Trackers: [][]string{{"ftp://a/"}}}, "only http, https and udp"},
		"no tracker":   {flat, Options{Trackers: [][]string{{""}}}, "it is empty"},
		"web seed":     {flat, Options{WebSeeds: []string{"a"}}, "web seed"},
		"comment":      {flat, Options{Comment: "\xff"}, "UTF-8"},
		"many pieces":  {&Files{Name: "a", Single: true, Size: 1 << 40, List: []File{{Path: []string{"a"}, Length: 1 << 40}}}, Options{PieceLength: 16 << 10}, "pieces, more than"},
	} {
		if _, err := c.f.Make(t.Context(), c.o, nil); err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file that is not any more what was found is told by name.
func TestMakeNotices(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"gone":    os.Remove,
		"longer":  func(path string) error { return os.WriteFile(path, make([]byte, 200_000), 0o644) },
		"shorter": func(path string) error { return os.Truncate(path, 5) },
		"touched": func(path string) error { return os.Chtimes(path, time.Now(), time.Unix(1e9, 0)) },
		"a link": func(path string) error {
			return errors.Join(os.Rename(path, path+"2"), os.Symlink("b2", path))
		},
		"a folder": func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o755)) },
	} {
		for _, file := range []string{"b", "empty"} {
			root := tree(t, "dir", map[string]int{"a": 100_000, "b": 100_000, "empty": 0})
			f := look(t, root)
			path := filepath.Join(root, file)
			if file == "empty" && name == "shorter" {
				continue
			}
			if err := change(path); err != nil {
				t.Fatal(err)
			}
			_, err := f.Make(t.Context(), Options{}, nil)
			var changed *ChangedError
			if !errors.As(err, &changed) || changed.Path != path || changed.Gone != (name == "gone") {
				t.Errorf("%s, %s: %v", file, name, err)
			}
			if f.Unchanged(t.Context()) {
				t.Errorf("%s, %s: unchanged", file, name)
			}
		}
	}
}

// So is one that changes while it is read.
func TestMakeNoticesMeanwhile(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shorter": func(path string) error { return os.Truncate(path, 5) },
		"touched": func(path string) error { return os.Chtimes(path, time.Now(), time.Unix(1e9, 0)) },
		"gone":    os.Remove,
	} {
		root := tree(t, "dir", map[string]int{"a": 8 << 20})
		path := filepath.Join(root, "a")
		first := true
		_, err := look(t, root).Make(t.Context(), Options{}, func(int64) {
			if first {
				first = false
				if err := change(path); err != nil {
					t.Error(err)
				}
			}
		})
		var changed *ChangedError
		if !errors.As(err, &changed) || changed.Path != path || changed.Gone != (name == "gone") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMakeCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := look(t, tree(t, "dir", map[string]int{"a": 8 << 20, "b": 1}))
	if _, err := f.Make(ctx, Options{}, func(int64) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// A folder that is swapped for a link does not lead out.
func TestMakeStaysInside(t *testing.T) {
	root := tree(t, "dir", map[string]int{"sub/a": 5})
	f := look(t, root)
	outside := filepath.Join(t.TempDir(), "outside")
	sub := filepath.Join(root, "sub")
	if err := errors.Join(os.Rename(sub, outside), os.Symlink(outside, sub)); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Make(t.Context(), Options{}, nil); err == nil || !strings.Contains(err.Error(), "escapes") {
		t.Errorf("what is outside was read: %v", err)
	}
}

func TestTorrentSize(t *testing.T) {
	f := look(t, tree(t, "dir", map[string]int{"a": 100_000, "b/c": 16 << 10, "empty": 0, "x": 1 << 20}))
	for _, format := range []Format{V1, V2, Hybrid} {
		for _, length := range []int64{16 << 10, 64 << 10, 4 << 20} {
			o := Options{Format: format, PieceLength: length, Comment: "c", Trackers: [][]string{{"http://a/"}}}
			made, err := f.Make(t.Context(), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.TorrentSize(o); got != int64(len(made.Raw)) || made.Pieces != f.Pieces(format, length) {
				t.Errorf("format %d, pieces of %d: %d bytes and %d pieces were told, it has %d and %d",
					format, length, got, f.Pieces(format, length), len(made.Raw), made.Pieces)
			}
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.torrent")
	if err := Write(path, []byte("one"), false); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("two"), false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("the second time the error is %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "one" {
		t.Errorf("it holds %q, %v", b, err)
	}
	if err := place(path, path, false); !errors.Is(err, fs.ErrExist) { // as if it came in between
		t.Errorf("it was replaced: %v", err)
	}
	if err := Write(path, []byte("three"), true); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); string(b) != "three" {
		t.Errorf("with force it holds %q, %v", b, err)
	}
	if err := Write(filepath.Join(dir, "no", "a"), nil, true); err == nil || strings.Count(err.Error(), "no/a") != 1 {
		t.Errorf("where there is no folder: %v", err)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

func TestProgress(t *testing.T) {
	f := look(t, tree(t, "dir", map[string]int{"a": 3 << 20, "b": 5}))
	var last int64
	made, err := f.Make(t.Context(), Options{Format: Hybrid}, func(done int64) { // the race detector proves that calls do not overlap
		if done < last || done > f.Size {
			t.Errorf("%d after %d of %d", done, last, f.Size)
		}
		last = done
	})
	if err != nil || last == 0 {
		t.Errorf("%d were told, %v", last, err)
	}
	if _, err := admit.Metainfo(made.Raw); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(made.Raw, []byte("12:piece layers")) {
		t.Error("a hybrid has no layers")
	}
}
