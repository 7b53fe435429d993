package test

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Data is generated content and its torrent.
type Data struct {
	Name   string            // of the torrent
	Dir    string            // the folder that has its files
	Hash   [20]byte          // the info hash
	Size   int64             // bytes of all files
	Pieces int               // number of them
	Sums   map[string]string // SHA-256 of each file, by its path below Dir
	Pads   map[string]string // the same of pad files, which some clients take for files (BEP 47)
	info   string            // the bencoded info dictionary
	layers string            // what follows it in the .torrent file: the piece layers (BEP 52)
	length int               // of a piece
}

// File is a file to be generated.
type File struct {
	Path   string // below the torrent's folder, with slashes; "" for the only file
	Length int
}

// Foreign are files with names in many scripts and shapes, and an empty one.
var Foreign = []File{
	{"пример/файл.bin", 300_000},
	{"例え/日本語 中文.bin", 250_001},
	{"مثال/ملف.bin", 100_000},
	{"🎞 film/🎬.bin", 400_000},
	{"Cafe\u0301 (decomposed).bin", 65_536},
	{"caf\u00e9 (composed).bin", 1},
	{"deep/er/and/deeper/still/a file with spaces.bin", 70_000},
	{"empty.bin", 0},
	{"a'quote & more; #1.bin", 999_999},
	{"한국어.bin", 123_456},
	{"ไทย/ภาษา.bin", 77_777},
}

// Make generates a torrent with one file without a path, or with a folder of
// files. The content follows from the name, so the same call makes the same data.
func Make(t testing.TB, name string, pieceLength int, files ...File) *Data {
	t.Helper()
	d := &Data{Name: name, Dir: t.TempDir(), Sums: map[string]string{}, length: pieceLength}
	all := d.generate(t, files)
	var list strings.Builder
	for _, f := range files {
		elements := ""
		for _, e := range strings.Split(f.Path, "/") {
			elements += bencode(e)
		}
		fmt.Fprintf(&list, "d6:lengthi%de4:pathl%see", f.Length, elements)
	}
	var sums []byte
	for piece := range slices.Chunk(all, pieceLength) {
		sum := sha1.Sum(piece)
		sums = append(sums, sum[:]...)
		d.Pieces++
	}
	what := "5:filesl" + list.String() + "e"
	if len(files) == 1 && files[0].Path == "" {
		what = fmt.Sprintf("6:lengthi%de", d.Size)
	}
	d.info = fmt.Sprintf("d%s4:name%s12:piece lengthi%de6:pieces%se", what, bencode(name), pieceLength, bencode(string(sums)))
	d.Hash = sha1.Sum([]byte(d.info))
	return d
}

// generate writes the files and returns all that is in them.
func (d *Data) generate(t testing.TB, files []File) []byte {
	t.Helper()
	noise := rand.NewChaCha8(sha256.Sum256([]byte(d.Name)))
	var all []byte
	for _, f := range files {
		content := make([]byte, f.Length)
		_, _ = noise.Read(content) // never fails
		all = append(all, content...)
		path := filepath.Join(d.Name, f.Path)
		d.Sums[path] = d.write(t, path, content)
	}
	d.Size = int64(len(all))
	return all
}

// write writes a file and returns its SHA-256.
func (d *Data) write(t testing.TB, path string, content []byte) string {
	t.Helper()
	full := filepath.Join(d.Dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, content, 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func bencode(s string) string { return fmt.Sprintf("%d:%s", len(s), s) }

// Torrent writes the .torrent file with one tracker, or none, and returns its path.
func (d *Data) Torrent(t testing.TB, tracker string) string {
	t.Helper()
	text := "d"
	if tracker != "" {
		text += "8:announce" + bencode(tracker)
	}
	path := filepath.Join(t.TempDir(), "the.torrent")
	if err := os.WriteFile(path, []byte(text+"4:info"+d.info+d.layers+"e"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Magnet returns the magnet link with one tracker, or none.
func (d *Data) Magnet(tracker string) string {
	link := "magnet:?xt=urn:btih:" + d.ID() + "&dn=" + url.QueryEscape(d.Name)
	if tracker != "" {
		link += "&tr=" + url.QueryEscape(tracker)
	}
	return link
}

// ID returns the info hash as --json prints it.
func (d *Data) ID() string { return hex.EncodeToString(d.Hash[:]) }

// Compare fails the test unless dir has the same files with the same SHA-256, and
// no others.
func (d *Data) Compare(t testing.TB, dir string) {
	t.Helper()
	d.compare(t, Sums(t, dir))
}

// CompareContent is Compare for a client that may not make empty files, as
// Transmission 3 does not, and may write pad files.
func (d *Data) CompareContent(t testing.TB, dir string) {
	t.Helper()
	got := Sums(t, dir)
	maps.DeleteFunc(got, func(path, sum string) bool { return d.Pads[path] == sum })
	delete(got, strings.ToUpper(d.ID())+".meta") // what rtorrent keeps of a magnet link
	nothing := sha256.Sum256(nil)
	for path, sum := range d.Sums {
		if _, ok := got[path]; !ok && sum == hex.EncodeToString(nothing[:]) {
			got[path] = sum
		}
	}
	d.compare(t, got)
}

func (d *Data) compare(t testing.TB, got map[string]string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(got)) {
		if d.Sums[path] == "" {
			t.Errorf("there is a file %q that is not in the torrent", path)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(d.Sums)) {
		if got[path] != d.Sums[path] {
			t.Errorf("%q has SHA-256 %q, want %q", path, got[path], d.Sums[path])
		}
	}
}

// Sums returns the SHA-256 of every file below dir, by its path there.
func Sums(t testing.TB, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		sums[name] = Sum(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// Sum returns the SHA-256 of a file in hexadecimal.
func Sum(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
