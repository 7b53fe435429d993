package admit

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"go/build"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/anacrolix/torrent/bencode"
	"golang.org/x/text/unicode/norm"

	"piecewise/engine/internal/admit/nasty"
)

func TestImports(t *testing.T) {
	for _, dir := range []string{".", "nasty"} {
		pkg, err := build.ImportDir(dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range pkg.Imports {
			library := strings.HasPrefix(path, "github.com/anacrolix/") &&
				path != "github.com/anacrolix/torrent/bencode" && path != "github.com/anacrolix/torrent/metainfo"
			if library || strings.HasPrefix(path, "fyne.io/") || strings.HasPrefix(path, "piecewise/") && path != "piecewise/engine/internal/hash" || path == "os" || path == "net" {
				t.Errorf("%s must not import %s", dir, path)
			}
		}
	}
}

// cases are made once: some are large.
var cases = sync.OnceValue(nasty.Cases)

func TestNasty(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range cases() {
		t.Run(c.Name, func(t *testing.T) {
			if seen[c.Name] {
				t.Error("the name is there twice")
			}
			seen[c.Name] = true
			got, err := Metainfo(c.Raw)
			if c.WantErr != "" {
				checkSentence(t, err, c.WantErr)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkTorrent(t, got)
			var paths []string
			for _, f := range got.Files {
				if !f.Pad {
					paths = append(paths, strings.Join(f.Path, "/"))
				}
			}
			if c.Want != nil && !slices.Equal(paths, c.Want) {
				t.Errorf("paths are\n%q, not\n%q", paths, c.Want)
			}
		})
	}
	if len(seen) < 100 {
		t.Errorf("only %d cases", len(seen))
	}
}

// checkSentence wants an error that can be shown as it is.
func checkSentence(t *testing.T, err error, part string) {
	t.Helper()
	var sentence Error
	if !errors.As(err, &sentence) {
		t.Fatalf("error is %v (%T), not an Error with %q", err, err, part)
	}
	text := string(sentence)
	if !strings.Contains(text, part) {
		t.Errorf("error is %q, not one with %q", text, part)
	}
	if len(text) > 300 || !strings.HasSuffix(text, ".") || !unicode.IsUpper(rune(text[0])) ||
		!utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		t.Errorf("not a plain sentence: %q", text)
	}
}

// checkTorrent wants all that a Torrent promises.
func checkTorrent(t *testing.T, got *Torrent) {
	t.Helper()
	v2 := sha256.Sum256(got.InfoBytes)
	id := sha1.Sum(got.InfoBytes)
	if got.V2 && !got.Hybrid {
		id = [20]byte(v2[:])
	}
	if got.ID != id || got.HashV2 != [32]byte{} != got.V2 || got.V2 && got.HashV2 != v2 {
		t.Error("the ID is not the hash of the info dictionary")
	}
	var offset, size int64
	var paths [][]string
	for i, f := range got.Files {
		if f.Offset != offset || f.Length < 0 {
			t.Fatalf("file %d has offset %d and length %d after %d bytes", i, f.Offset, f.Length, offset)
		}
		offset += f.Length
		if !f.Pad {
			size += f.Length
			paths = append(paths, f.Path)
		}
	}
	if offset != got.Length || size != got.Size || size <= 0 {
		t.Errorf("files have %d and %d bytes, the torrent %d and %d", offset, size, got.Length, got.Size)
	}
	if want := (got.Length + got.PieceLength - 1) / got.PieceLength; int64(got.Pieces()) != want || got.Pieces() != got.Info.NumPieces() {
		t.Errorf("%d pieces, in the library %d, not %d", got.Pieces(), got.Info.NumPieces(), want)
	}
	checkPaths(t, paths)
	for _, tier := range got.Trackers {
		for _, tracker := range tier {
			u, err := url.Parse(tracker)
			if err != nil || u.User != nil || strings.Contains(tracker, " ") || !slices.Contains([]string{"http", "https", "udp"}, u.Scheme) {
				t.Errorf("tracker %q got through", tracker)
			}
		}
	}
}

// checkPaths wants safe paths, all different and none inside another. It folds
// names in a way of its own.
func checkPaths(t *testing.T, paths [][]string) {
	t.Helper()
	files := map[string]bool{}
	folders := map[string]string{}
	for _, path := range paths {
		if len(path) == 0 {
			t.Fatal("a file without a path")
		}
		for i, name := range path {
			checkElement(t, name)
			if i > 0 {
				given := strings.Join(path[:i], "/")
				folded := foldSimply(given)
				if other, ok := folders[folded]; ok && other != given {
					t.Errorf("folders %q and %q are the same on some file systems", given, other)
				}
				folders[folded] = given
			}
		}
		full := strings.Join(path, "/")
		if len(full) > maxPath {
			t.Errorf("path of %d bytes", len(full))
		}
		for _, form := range []string{full, full + partSuffix} {
			if files[foldSimply(form)] {
				t.Errorf("%q is there twice", form)
			}
			files[foldSimply(form)] = true
		}
	}
	for folder := range folders {
		if files[folder] {
			t.Errorf("%q is a file and a folder", folder)
		}
	}
}

func foldSimply(s string) string {
	return norm.NFC.String(strings.ToLower(strings.ToUpper(norm.NFC.String(s))))
}

func checkElement(t *testing.T, name string) {
	t.Helper()
	switch {
	case name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\<>:\"|?*\x00"):
		t.Errorf("unsafe name %q", name)
	case len(name)+len(partSuffix) > 255 || !utf8.ValidString(name):
		t.Errorf("name of %d bytes %q", len(name), name)
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		t.Errorf("name with control characters %q", name)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		t.Errorf("name ends in a dot or blank: %q", name)
	}
	device, _, _ := strings.Cut(strings.ToLower(name), ".")
	if slices.Contains([]string{"con", "prn", "aux", "nul", "com1", "com9", "lpt1", "lpt9"}, strings.TrimRight(device, " ")) {
		t.Errorf("name of a device %q", name)
	}
}

// sample is a sound torrent in all its entries.
func sample() map[string]any {
	return map[string]any{
		"announce":      "http://127.0.0.1:9/ignored",
		"announce-list": [][]string{{"UDP://Tracker.example:80/announce", "http://a.example/x?key=1"}, {}, {"ftp://a.example/", "http://a.example/x?key=1"}},
		"comment":       "two\nlines\x1b[0m",
		"created by":    "someone\n",
		"creation date": 1_000_000_000,
		"info": map[string]any{
			"name": "sample", "piece length": 4, "pieces": strings.Repeat("h", 40), "private": 1,
			"files": []any{
				map[string]any{"length": 3, "path": []string{"a", "b.txt"}},
				map[string]any{"length": 4, "path": []string{"c"}},
			},
		},
	}
}

func TestMetainfo(t *testing.T) {
	raw := bencode.MustMarshal(sample())
	got, err := Metainfo(raw)
	if err != nil {
		t.Fatal(err)
	}
	checkTorrent(t, got)
	info := bencode.MustMarshal(sample()["info"])
	if !bytes.Equal(got.InfoBytes, info) {
		t.Errorf("info dictionary is %q", got.InfoBytes)
	}
	for i := range raw { // nothing of it may be kept
		raw[i] = 'x'
	}
	if got.Name != "sample" || got.PieceLength != 4 || got.Size != 7 || got.Pieces() != 2 || !got.Private || got.Hybrid {
		t.Errorf("torrent is %+v", got)
	}
	if !bytes.Equal(got.InfoBytes, info) || string(got.Hashes) != strings.Repeat("h", 40) {
		t.Error("the torrent shares memory with the file")
	}
	if got.Comment != "two\nlines[0m" || got.CreatedBy != "someone" || !got.Created.Equal(time.Unix(1_000_000_000, 0)) {
		t.Errorf("comment %q, created by %q at %v", got.Comment, got.CreatedBy, got.Created)
	}
	if want := "[[udp://tracker.example:80/announce http://a.example/x?key=1]]"; fmt.Sprint(got.Trackers) != want {
		t.Errorf("trackers are %v", got.Trackers)
	}
	if len(got.Dropped) != 1 || !strings.Contains(got.Dropped[0], "ftp://a.example/") {
		t.Errorf("dropped %q", got.Dropped)
	}
	if want := "[{[sample a b.txt] 3 0 false false []} {[sample c] 4 3 false false []}]"; fmt.Sprint(got.Files) != want {
		t.Errorf("files are %v", got.Files)
	}
}

func TestPrivate(t *testing.T) {
	for _, c := range []struct {
		private any
		want    bool
	}{{nil, false}, {0, false}, {1, true}, {2, true}, {"1", true}, {"", false}} {
		all := sample()
		delete(all["info"].(map[string]any), "private")
		if c.private != nil {
			all["info"].(map[string]any)["private"] = c.private
		}
		got, err := Metainfo(bencode.MustMarshal(all))
		if err != nil || got.Private != c.want {
			t.Errorf("private %v gives %v, %v", c.private, got, err)
		}
	}
}

func TestInfo(t *testing.T) {
	info := bencode.MustMarshal(sample()["info"])
	got, err := Info(info, sha1.Sum(info))
	if err != nil {
		t.Fatal(err)
	}
	checkTorrent(t, got)
	_, err = Info(info, [20]byte{1})
	checkSentence(t, err, "not that of this torrent")
	for raw, part := range map[string]string{
		"": "cut short", "le": "not an info dictionary", "de": "not say", "d1:a": "cut short",
		string(info) + "x": "not an info dictionary", "i1e": "not an info dictionary",
	} {
		_, err := Info([]byte(raw), sha1.Sum([]byte(raw)))
		checkSentence(t, err, part)
	}
}

func TestLimits(t *testing.T) {
	hashes := func(n int) string { return strings.Repeat("h", 20*n) }
	info := func(length int64, pieceLength, pieces int) []byte {
		return bencode.MustMarshal(map[string]any{"info": map[string]any{
			"name": "a", "length": length, "piece length": pieceLength, "pieces": hashes(pieces),
		}})
	}
	_, err := Metainfo(info(MaxPieces+1, 1, MaxPieces+1))
	checkSentence(t, err, "too many pieces")
	_, err = Metainfo(append(info(1, 1, 1), make([]byte, MaxMetainfo)...))
	checkSentence(t, err, "too large")
	const pieces = 1 << 18 // of 2¹⁴ blocks each
	_, err = Metainfo(info(MaxPieceLength*(pieces-1), MaxPieceLength, pieces-1))
	if err != nil {
		t.Errorf("2³² blocks less 2¹⁴: %v", err)
	}
	_, err = Metainfo(info(MaxPieceLength*pieces, MaxPieceLength, pieces))
	checkSentence(t, err, "too large")
	if _, err = Metainfo(info(MaxPieces, 1, MaxPieces)); err != nil {
		t.Errorf("%d pieces: %v", MaxPieces, err)
	}
}

func TestEntries(t *testing.T) {
	p := parser{raw: []byte("l1:ae"), values: maxValues - 1}
	checkSentence(t, p.value(), "too many entries")
	var sorted, unsorted strings.Builder
	for i := range maxUnsorted + 10 {
		fmt.Fprintf(&sorted, "6:%06di0e", i)
		fmt.Fprintf(&unsorted, "6:%06di0e", 999999-i)
	}
	_, err := Metainfo([]byte("d" + unsorted.String() + "e"))
	checkSentence(t, err, "large dictionary that is not sorted")
	_, err = Metainfo([]byte("d" + sorted.String() + "0:i0ee"))
	checkSentence(t, err, "large dictionary that is not sorted")
	_, err = Metainfo([]byte("d" + sorted.String() + "e"))
	checkSentence(t, err, "no info dictionary")
}

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		lengths []int64
		want    float64
	}{
		{[]int64{10}, 3},
		{[]int64{4, 4, 2}, 1 + 2 + 3},
		{[]int64{1, 1, 1, 1, 5}, 1 + 5 + 5},
		{[]int64{0, 0, 9}, 9},
	} {
		torrent := Torrent{PieceLength: 4}
		for _, n := range c.lengths {
			torrent.Files = append(torrent.Files, File{Length: n, Offset: torrent.Length})
			torrent.Length += n
		}
		if got := layout(&torrent); got != c.want {
			t.Errorf("files of %v: %v steps, not %v", c.lengths, got, c.want)
		}
	}
	huge := Torrent{PieceLength: 1, Length: 1 << 20, Size: 1 << 20, Hashes: make([]byte, 20<<20)}
	huge.Files = append(make([]File, MaxFiles-1), File{Length: 1 << 20})
	checkSentence(t, (*info)(nil).checkCounts(&huge), "too many files and pieces together")
}

func TestGuard(t *testing.T) {
	for _, f := range []func() error{
		func() error { panic("boom") },
		func() error { panic(errors.New("boom")) },
		func() error { var list []int; i := 5; _ = list[i]; return nil },
		func() error { return errors.New("boom") },
	} {
		if guard(f) == nil {
			t.Error("no error")
		}
	}
	if err := guard(func() error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestMemory makes sure that a file cannot cost many times its size.
func TestMemory(t *testing.T) {
	for _, c := range cases() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Metainfo(c.Raw)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20+50*uint64(len(c.Raw)) {
			t.Errorf("%s: %d bytes for %d", c.Name, used, len(c.Raw))
		}
	}
}

// many is a torrent of n files in n/100 folders.
func many(n int) []byte {
	files := make([]any, n)
	for i := range files {
		files[i] = map[string]any{"length": 1000, "path": []string{fmt.Sprintf("folder %d", i/100), fmt.Sprintf("Šample File %d.txt", i)}}
	}
	pieces := (n*1000 + 1<<18 - 1) >> 18
	return bencode.MustMarshal(map[string]any{"info": map[string]any{
		"name": "many", "piece length": 1 << 18, "files": files, "pieces": strings.Repeat("h", 20*pieces),
	}})
}

func BenchmarkMetainfo50000Files(b *testing.B) {
	raw := many(50_000)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Metainfo(raw); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMetainfoSameName has 50,000 files of one name, which all need a number.
func BenchmarkMetainfoSameName(b *testing.B) {
	entry := "d6:lengthi1e4:pathl1:aee"
	raw := []byte("d4:infod5:filesl" + strings.Repeat(entry, 50_000) + "e4:name1:n12:piece lengthi65536e6:pieces20:" + strings.Repeat("h", 20) + "ee")
	for b.Loop() {
		if _, err := Metainfo(raw); err != nil {
			b.Fatal(err)
		}
	}
}
