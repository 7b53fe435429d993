package engine

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// downloaded makes a profile below dir with a torrent that was downloaded from a
// seed, which goes on, and ended in order.
func downloaded(t *testing.T) (seed *bench, id ID, dir string) {
	t.Helper()
	from, dir := t.TempDir(), t.TempDir()
	torrent := sample(t, from, threeFiles)
	seed = launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id = seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	leech := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	leech.awaitState(id, Seeding)
	leech.stop()
	return seed, id, dir
}

// logged awaits a line of the torrent's log.
func (b *bench) logged(id ID, part string) {
	b.t.Helper()
	if err := b.Watch(b.t.Context(), id); err != nil {
		b.t.Fatal(err)
	}
	b.await("log "+part, func(s *Snapshot) bool {
		return s.Detail != nil && s.Detail.ID == id && slices.ContainsFunc(s.Detail.Log, func(l LogLine) bool { return strings.Contains(l.Text, part) })
	})
}

func (b *bench) noticed(part string) {
	b.t.Helper()
	b.await("notice "+part, func(*Snapshot) bool {
		return slices.ContainsFunc(b.events, func(e Event) bool { return e.Kind == Notice && strings.Contains(e.Text, part) })
	})
}

// TestEditedBehindOurBack changes a file while the program is closed: its pieces, and
// no others, are hashed again, the torrent says so, and downloads what was spoiled.
func TestEditedBehindOurBack(t *testing.T) {
	seed, id, dir := downloaded(t)
	path := filepath.Join(dir, "data", "a.bin") // has pieces 0 to 9
	b := must[[]byte](t)(os.ReadFile(path))
	b[100_000] ^= 1
	f := must[*os.File](t)(os.OpenFile(path, os.O_WRONLY, 0))
	must[int](t)(f.WriteAt(b[100_000:100_001], 100_000))
	must[any](t)(nil, f.Close())

	again := launch(t, loopbackConfig(filepath.Join(dir, "p"), ""))
	again.noticed(`"data/a.bin" was changed by another program; checked: 9 of 10 pieces are right.`)
	again.logged(id, "was changed by another program")
	again.awaitState(id, Downloading)
	if row := again.snap.Torrent(id); row.Size-row.Have != 32<<10 {
		t.Errorf("%d of %d bytes are believed", row.Have, row.Size)
	}
	must[any](t)(nil, again.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
	again.awaitState(id, Seeding)
	sameFiles(t, filepath.Join(seed.snap.Torrent(id).Dir, "data"), filepath.Join(dir, "data"))
	again.stop()

	last := launch(t, loopbackConfig(filepath.Join(dir, "p"), "")) // our own writes are nobody else's
	last.awaitState(id, Seeding)
	for _, e := range last.events {
		t.Errorf("unexpected event %+v", e)
	}
}

// TestEditedWhilePaused touches two files of a torrent that is stopped, and resumes it.
func TestEditedWhilePaused(t *testing.T) {
	_, id, dir := downloaded(t)
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), ""))
	b.awaitState(id, Seeding)
	must[any](t)(nil, b.Pause(t.Context(), id))
	b.awaitState(id, Stopped)
	for _, name := range []string{"a.bin", "sub/ü.bin"} {
		now := time.Now()
		must[any](t)(nil, os.Chtimes(filepath.Join(dir, "data", name), now, now))
	}
	must[any](t)(nil, b.Resume(t.Context(), id))
	b.noticed("2 files were changed by another program; checked: 13 of 13 pieces are right.")
	b.awaitState(id, Seeding)
}

// TestReplacedBehindOurBack puts a file of the user's in the place of one of ours: it
// stays as it is.
func TestReplacedBehindOurBack(t *testing.T) {
	seed, id, dir := downloaded(t)
	path, precious := filepath.Join(dir, "data", "a.bin"), bytes.Repeat([]byte("precious"), 40_000)
	must[any](t)(nil, os.WriteFile(path+".new", precious, 0o644))
	must[any](t)(nil, os.Rename(path+".new", path))
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), ""))
	must[any](t)(nil, b.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
	b.noticed("was changed by another program")
	b.awaitState(id, Faulted)
	b.stop()
	if got := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(got, precious) {
		t.Error("a stranger's file was changed")
	}
}

// TestPutThereWhilePaused puts a file where ours is to be, while the torrent, which
// has never run, is stopped.
func TestPutThereWhilePaused(t *testing.T) {
	from, dir := t.TempDir(), t.TempDir()
	torrent := sample(t, from, threeFiles)
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	seed.awaitState(seed.add(torrent, AddOptions{}), Seeding)
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), dir))
	id := b.add(torrent, AddOptions{Paused: true, Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(id, Stopped)
	b.stop()
	path, precious := filepath.Join(dir, "data", "a.bin"), bytes.Repeat([]byte("precious"), 40_000)
	must[any](t)(nil, os.MkdirAll(filepath.Dir(path), 0o755))
	must[any](t)(nil, os.WriteFile(path, precious, 0o644))
	b = launch(t, loopbackConfig(filepath.Join(dir, "p"), ""))
	must[any](t)(nil, b.Resume(t.Context(), id))
	b.awaitState(id, Faulted)
	b.stop()
	if got := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(got, precious) {
		t.Error("a stranger's file was changed")
	}
}

// TestGoneBehindOurBack takes all files away, as with their disk, and brings them back.
func TestGoneBehindOurBack(t *testing.T) {
	_, id, dir := downloaded(t)
	data := filepath.Join(dir, "data")
	must[any](t)(nil, os.Rename(data, data+".away"))
	b := launch(t, loopbackConfig(filepath.Join(dir, "p"), ""))
	b.awaitState(id, Faulted)
	if row := b.snap.Torrent(id); row.Have != row.Size {
		t.Errorf("%d of %d bytes are believed once they are back", row.Have, row.Size)
	}
	must[any](t)(nil, os.Rename(data+".away", data))
	must[any](t)(nil, b.Resume(t.Context(), id))
	b.awaitState(id, Seeding)
	must[any](t)(nil, os.RemoveAll(data))
	must[any](t)(nil, b.Pause(t.Context(), id))
	b.awaitState(id, Stopped)
	must[any](t)(nil, b.Recheck(t.Context(), id)) // the user says that they are lost
	b.await("check", func(s *Snapshot) bool { row := s.Torrent(id); return row.State == Stopped && row.Have == 0 })
}
