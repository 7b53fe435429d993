package engine

import (
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listing tells the files below a folder, by slash path.
func listing(t testing.TB, dir string) string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

// awaitListing waits until the files below a folder are the ones that are wanted.
func awaitListing(t testing.TB, dir, want string) {
	t.Helper()
	for end := time.Now().Add(patience); listing(t, dir) != want; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("there is %s, not %s", listing(t, dir), want)
		}
	}
}

// TestPartSuffix downloads from a seed that has not all, goes on after a new start,
// and gets the rest from another one.
func TestPartSuffix(t *testing.T) {
	from, half, to := t.TempDir(), t.TempDir(), t.TempDir()
	torrent := sample(t, from, map[string]int{"a": 64 << 10, "b": 96 << 10})
	for name, size := range map[string]int{"a": 64 << 10, "b": 64 << 10} {
		data := must[[]byte](t)(os.ReadFile(filepath.Join(from, "data", name)))
		if err := os.MkdirAll(filepath.Join(half, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(half, "data", name), data[:size], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	some := launch(t, loopbackConfig(filepath.Join(half, "p"), half))
	id := some.add(torrent, AddOptions{Priorities: map[int]Priority{1: Skip}})
	some.awaitState(id, Seeding)

	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{some.addr()}})
	leech.await("4 pieces", func(s *Snapshot) bool { return s.Torrent(id).Have == 128<<10 })
	awaitListing(t, filepath.Join(to, "data"), "a b.part")
	leech.stop()

	leech = launch(t, loopbackConfig(filepath.Join(to, "p"), ""))
	leech.awaitState(id, Downloading)
	if got := listing(t, filepath.Join(to, "data")); got != "a b.part" || leech.snap.Torrent(id).Have != 128<<10 {
		t.Errorf("after a new start: %s, %+v", got, leech.snap.Torrent(id))
	}
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	if err := leech.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}); err != nil {
		t.Fatal(err)
	}
	leech.awaitState(id, Seeding)
	if got := listing(t, filepath.Join(to, "data")); got != "a b" {
		t.Errorf("when it seeds: %s", got)
	}
	sameFiles(t, filepath.Join(from, "data"), filepath.Join(to, "data"))
}
