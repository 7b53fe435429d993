package test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What `piecewise create --json` tells.
type created struct {
	InfoHash, InfoHashV2 string
	Pieces, TorrentSize  int
}

// create makes a torrent of path with the program under test.
func create(t *testing.T, path string, args ...string) (torrent string, told created) {
	t.Helper()
	torrent = filepath.Join(t.TempDir(), "the.torrent")
	code, out, errs := Run(t, slices.Concat([]string{"create", path, "-o", torrent, "--json"}, args)...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var raw struct {
		InfoHash    string `json:"infohash"`
		InfoHashV2  string `json:"infohash_v2"`
		Pieces      int
		TorrentSize int `json:"torrent_size"`
	}
	if err := json.Unmarshal([]byte(out), &raw); err != nil {
		t.Fatal(err)
	}
	return torrent, created(raw)
}

// odd are files of all kinds: empty, alike, executable, hidden, with names that
// are sorted in several ways, of sizes around the bounds of blocks and pieces.
func odd(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "odd files")
	files := map[string]int{
		"zero": 0, "a-b": 5, "a/b": 16 << 10, "a/0": 0, "a.b": 16<<10 + 1, "ab": 3, "B": 40_000, ".hidden": 9, "é": 3, "e\u0301": 4,
		"日本語/ファイル": 70_000, "piece": 64 << 10, "pieces": 3 * 64 << 10, "run": 100, "sub/deep/er/x": 200_001, "sub.txt": 7, "z-zero": 0,
	}
	for path, size := range files {
		path = filepath.Join(root, path)
		data := bytes.Repeat([]byte(path), size/len(path)+1)[:size]
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"alike 1", "alike 2"} {
		if err := os.WriteFile(filepath.Join(root, name), make([]byte, 150_000), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(root, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

// date is what differs between two torrents that were made at different times.
var date = regexp.MustCompile(`13:creation datei\d+e`)

// TestCreateAsLibtorrent compares the whole .torrent file with that of libtorrent,
// byte for byte.
func TestCreateAsLibtorrent(t *testing.T) {
	t.Parallel()
	root := odd(t)
	one := filepath.Join(t.TempDir(), "folder of one")
	if err := os.MkdirAll(one, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(one, "only.bin"), make([]byte, 50_000), 0o644); err != nil {
		t.Fatal(err)
	}
	const comment, creator = "a comment", "Piecewise 0.1.0"
	options, err := json.Marshal(map[string]any{
		"sorted": true, "private": true, "comment": comment, "creator": creator,
		"trackers":  [][]string{{"http://a.example/announce", "http://b.example/announce"}, {"udp://c.example:80/announce"}},
		"web_seeds": []string{"http://w.example/", "http://x.example/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ours := []string{
		"--private", "--comment", comment, "--tracker", "http://a.example/announce,http://b.example/announce",
		"--tracker", "udp://c.example:80/announce", "--web-seed", "http://w.example/", "--web-seed", "http://x.example/",
	}
	for _, path := range []string{root, one, filepath.Join(root, "sub.txt"), filepath.Join(root, "pieces"), filepath.Join(root, "run"), filepath.Join(root, "a.b")} {
		for _, version := range []string{"v1", "v2", "hybrid"} {
			for _, length := range []int{16 << 10, 64 << 10, 1 << 20} {
				t.Run(fmt.Sprint(filepath.Base(path), ", ", version, ", ", length), func(t *testing.T) {
					for _, with := range []bool{false, true} {
						theirs, plain := []string{`{"sorted": true, "creator": "` + creator + `"}`}, []string(nil)
						if with {
							theirs, plain = []string{string(options)}, ours
						}
						compareWithLibtorrent(t, path, version, length, theirs[0], plain)
					}
				})
			}
		}
	}
}

func compareWithLibtorrent(t *testing.T, path, version string, length int, options string, args []string) {
	t.Helper()
	said, err := Command(t, t.TempDir(), "/usr/bin/python3", script("libtorrent_create.py"), version, fmt.Sprint(length), path, options).Output()
	if err != nil {
		t.Fatalf("make a %s torrent (apt-get install python3-libtorrent): %v", version, err)
	}
	var made struct {
		Torrent string
		Pieces  int
	}
	if err := json.Unmarshal(said, &made); err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(made.Torrent)
	if err != nil {
		t.Fatal(err)
	}
	file, told := create(t, path, slices.Concat(args, []string{"--format", version, "--piece-size", fmt.Sprint(length)})...)
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := date.ReplaceAll(got, nil), date.ReplaceAll(want, nil); !bytes.Equal(a, b) || len(b) == len(want) {
		same := 0
		for same < min(len(a), len(b)) && a[same] == b[same] {
			same++
		}
		t.Errorf("at byte %d we have %.60q, libtorrent has %.60q", same, a[same:], b[same:])
	}
	if told.Pieces != made.Pieces || told.TorrentSize != len(got) {
		t.Errorf("it tells %+v, libtorrent makes %d pieces", told, made.Pieces)
	}
}

// TestCreatedDownloads moves what we have made from us to libtorrent and from
// libtorrent to us.
func TestCreatedDownloads(t *testing.T) {
	t.Parallel()
	for _, d := range contents(t) {
		for _, version := range []string{"v1", "v2", "hybrid"} {
			m := &made{Data: d}
			var told created
			m.torrent, told = create(t, filepath.Join(d.Dir, d.Name), "--format", version, "--piece-size", fmt.Sprint(d.length))
			m.v1, m.v2 = told.InfoHash, told.InfoHashV2
			s := source{"torrent", m.torrent, m.first()}
			t.Run("to libtorrent: "+version+", "+d.Name, func(t *testing.T) { toLibtorrent(t, m, s) })
			t.Run("from libtorrent: "+version+", "+d.Name, func(t *testing.T) { fromLibtorrent(t, m, s) })
		}
	}
}

// TestCreateInterrupted leaves nothing behind when it is interrupted or killed.
func TestCreateInterrupted(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	big, err := os.Create(filepath.Join(dir, "big"))
	if err != nil {
		t.Fatal(err)
	}
	if err := big.Truncate(200 << 30); err != nil { // sparse: minutes to hash, no room on the disk
		t.Fatal(err)
	}
	big.Close()
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 130}, {syscall.SIGKILL, -1}} {
		p := Start(t, Command(t, t.TempDir(), Binary, "create", big.Name(), "-o", filepath.Join(out, "a.torrent")), nil)
		Poll(t, 20*time.Second, "it hashes", func() bool { return strings.Contains(p.Log(), "a .torrent of") })
		time.Sleep(100 * time.Millisecond) // for it to be in the middle
		at := time.Now()
		p.Signal(t, c.signal)
		if code := p.Wait(t, 20*time.Second); code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.signal, code, c.code)
		}
		t.Logf("%v: ended after %v", c.signal, time.Since(at))
		if entries, err := os.ReadDir(out); err != nil || len(entries) != 0 {
			t.Errorf("%v: there are %v, %v", c.signal, entries, err)
		}
	}
}
