package engine

import (
	"bytes"
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

// TestSkippedLeavesNothing skips a file that shares pieces with its neighbours, goes
// on after a new start, serves those pieces, wants the file after all, and skips
// one in a torrent that is removed.
func TestSkippedLeavesNothing(t *testing.T) {
	from, to, third := t.TempDir(), t.TempDir(), t.TempDir()
	torrent := sample(t, from, map[string]int{"a": 50 << 10, "b": 100 << 10, "c": 50 << 10, "d": 0})
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)

	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), filepath.Join(to, "in")))
	skip := map[int]Priority{1: Skip, 3: Skip}
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}, Priorities: skip})
	leech.awaitState(id, Seeding)
	spare := "." + id.String() + ".piecewise"
	if got := listing(t, filepath.Join(to, "in")); got != spare+" data/a data/c" {
		t.Errorf("with skipped files: %s", got)
	}
	leech.stop()
	leech = launch(t, loopbackConfig(filepath.Join(to, "p"), ""))
	leech.awaitState(id, Seeding)

	other := launch(t, loopbackConfig(filepath.Join(third, "p"), filepath.Join(third, "in")))
	other.add(torrent, AddOptions{Peers: []netip.AddrPort{leech.addr()}, Priorities: skip})
	other.awaitState(id, Seeding)
	sameContent(t, filepath.Join(from, "data", "c"), filepath.Join(third, "in", "data", "c"))
	if err := other.Remove(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	awaitListing(t, filepath.Join(third, "in"), "data/a data/c")

	if err := leech.Recheck(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	leech.snap = nil
	leech.awaitState(id, Seeding)
	if err := leech.SetPriority(t.Context(), id, []int{1, 3}, Normal); err != nil {
		t.Fatal(err)
	}
	if err := leech.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}); err != nil {
		t.Fatal(err)
	}
	leech.await("all files", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.Wanted == row.Size && row.State == Seeding
	})
	awaitListing(t, filepath.Join(to, "in"), "data/a data/b data/c data/d")
	sameFiles(t, filepath.Join(from, "data"), filepath.Join(to, "in", "data"))
	row := leech.snap.Torrent(id)
	if row.Downloaded > row.Size {
		t.Errorf("downloaded %d of %d bytes", row.Downloaded, row.Size)
	}
}

func sameContent(t *testing.T, want, got string) {
	t.Helper()
	a, b := must[[]byte](t)(os.ReadFile(want)), must[[]byte](t)(os.ReadFile(got))
	if !bytes.Equal(a, b) {
		t.Errorf("%s differs", got)
	}
}

// TestIncompleteFolder downloads in one folder and seeds from another; what is in that
// one already is used there.
func TestIncompleteFolder(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	torrent := sample(t, from, threeFiles)
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	leech := launch(t, loopbackConfig(filepath.Join(to, "p"), filepath.Join(to, "final")))
	leech.await("settings", func(s *Snapshot) bool { return s.Settings.Dir != "" })
	v := leech.snap.Settings
	v.Incomplete = filepath.Join(to, "incomplete")
	if err := leech.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	id := leech.add(torrent, AddOptions{})
	leech.await("its folder", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.State == Downloading && row.Dir == v.Incomplete && row.Final == v.Dir
	})
	leech.stop()
	leech = launch(t, loopbackConfig(filepath.Join(to, "p"), ""))
	seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	if err := leech.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}); err != nil {
		t.Fatal(err)
	}
	leech.await("final folder", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.State == Seeding && row.Dir == v.Dir && row.Final == "" && row.Move == nil
	})
	sameFiles(t, filepath.Join(from, "data"), filepath.Join(v.Dir, "data"))
	if got := listing(t, v.Incomplete); got != "" {
		t.Errorf("left behind: %s", got)
	}
	if err := leech.Remove(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	leech.await("removal", func(s *Snapshot) bool { return s.Torrent(id) == nil })
	leech.add(torrent, AddOptions{Dir: v.Dir})
	leech.awaitState(id, Seeding)
	if row := leech.snap.Torrent(id); row.Dir != v.Dir || row.Final != "" {
		t.Errorf("what is there is to be used in %s: %s", v.Dir, row.Dir)
	}
}
