package admit

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/anacrolix/torrent/bencode"
)

func FuzzMetainfo(f *testing.F) {
	for _, c := range cases() {
		if len(c.Raw) < 4<<10 {
			f.Add(c.Raw)
		}
	}
	f.Add(bencode.MustMarshal(sample()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := Metainfo(raw)
		if err != nil {
			checkSentence(t, err, "")
			return
		}
		checkTorrent(t, got)
		again, err := Info(got.InfoBytes, got.ID)
		if err != nil {
			t.Fatalf("the info dictionary alone: %v", err)
		}
		if !reflect.DeepEqual(got.Files, again.Files) {
			t.Error("the same files get other paths")
		}
	})
}

func FuzzMagnet(f *testing.F) {
	f.Add(digits)
	f.Add(digits32)
	f.Add("magnet:?xt=urn:btih:" + digits + "&dn=a+b&tr=udp%3A%2F%2Fa%3A1&tr=HTTP://[::1]:5/%C3%BC?a=b%26#c&x.pe=1.2.3.4:5&x.pe=[::1]:6")
	f.Add(digitsV2[4:])
	f.Add("magnet:?xt.1=urn:btmh:" + digitsV2 + "&xt.2=urn:btih:" + digits32 + "&dn=%ff%0a&tr=http://u@a/")
	f.Add("magnet:?xt=urn:btih:" + digits + "&so=0,2,4-6,5-9&so=1&xs=http://a/b.torrent&ws=http://a/&x.pe=1.2.3.4:5")
	f.Fuzz(func(t *testing.T, link string) {
		got, err := Magnet(link)
		if err != nil {
			checkSentence(t, err, "")
			return
		}
		again, err := Magnet(got.String())
		if err != nil {
			t.Fatalf("%s: %v", got, err)
		}
		got.Dropped = nil
		if len(got.String()) < maxLink/2 && !reflect.DeepEqual(got, again) {
			t.Errorf("%+v becomes %+v", got, again)
		}
		if again.String() != got.String() {
			t.Errorf("%s becomes %s", got, again)
		}
	})
}

// FuzzPath takes files line by line, their path elements between slashes.
func FuzzPath(f *testing.F) {
	f.Add("a\nA\na (2)\na.part\nA/x", "folder")
	f.Add("../../x\n/etc/passwd\nCON.txt\nc:\\x\n\u202ea\nstraße\nSTRASSE\nﬁ\nFI\ne\u0301\né", "..")
	f.Add(strings.Repeat("x", 300)+"\n"+strings.Repeat("x", 301)+"\n"+strings.Repeat("é", 200)+".mkv", "\xff")
	f.Fuzz(func(t *testing.T, list, root string) {
		names := newNames()
		folder, err := names.folder(saveFolder, root)
		if err != nil {
			t.Fatal(err)
		}
		var paths [][]string
		for line := range strings.SplitSeq(list, "\n") {
			path, _, err := names.place(folder, strings.Split(line, "/"))
			if err != nil {
				checkSentence(t, refuse("The file %s.", err), "")
				continue
			}
			if path[0] != names.paths[folder][0] || len(path) < 2 {
				t.Errorf("%q is not below the folder", path)
			}
			paths = append(paths, path)
		}
		checkPaths(t, paths)
		for _, name := range append(strings.Split(list, "/"), root) {
			safe := safeName(name)
			checkElement(t, safe)
			if safeName(safe) != safe {
				t.Errorf("%q becomes %q, then %q", name, safe, safeName(safe))
			}
			if fold(fold(name)) != fold(name) {
				t.Errorf("%q folds to %q, then to %q", name, fold(name), fold(fold(name)))
			}
		}
	})
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"a", "A"},
		{"é", "e\u0301", "É"},
		{"ß", "ss", "ẞ", "SS"},
		{"ﬁ", "fi", "FI"},
		{"σ", "ς", "Σ"},
		{"K", "\u212a"},
		{"ſ", "s"},
		{"a\u200db", "ab"},
		{"한", "\u1112\u1161\u11ab"},
		{"ΐ", "\u03b9\u0308\u0301"},
		{"և", "եւ"},
		{"ﬅ", "st"},
		{"ﬓ", "մն"},
		{"a\ufe0f", "a"},
		{"ᾳ", "αι"},
	} {
		for _, name := range same[1:] {
			if fold(name) != fold(same[0]) {
				t.Errorf("%q folds to %q, %q to %q", same[0], fold(same[0]), name, fold(name))
			}
		}
	}
	for _, different := range []string{"a b", "x² x2", "a_ a", "ä a", "… ...", "： :", "İ i"} {
		if a, b, _ := strings.Cut(different, " "); fold(a) == fold(b) {
			t.Errorf("%q and %q fold to the same", a, b)
		}
	}
}

func TestNextNumber(t *testing.T) {
	names := newNames()
	for i := range 1000 {
		path, altered, err := names.place(saveFolder, []string{"a.txt"})
		want := fmt.Sprintf("a (%d).txt", i+1)
		if i == 0 {
			want = "a.txt"
		}
		if err != nil || path[0] != want || altered != (i > 0) {
			t.Fatalf("%v, %v, not %s", path, err, want)
		}
	}
}
