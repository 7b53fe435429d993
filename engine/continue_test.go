package engine

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asTheyAre tells all there is to tell of the files below a folder, so that no change
// goes unseen.
func asTheyAre(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info := must[fs.FileInfo](t)(d.Info())
		data := must[[]byte](t)(os.ReadFile(path))
		fmt.Fprintf(&all, "%s %v %d %x\n", path, info.ModTime(), len(data), sha1.Sum(data))
		return nil
	})
	must[any](t)(nil, err)
	return all.String()
}

// halves is a torrent of three files, its seed, and another folder in which each is as
// another client has left it: cut short, with a hole, and with some bytes behind its end.
func halves(t *testing.T) (seed *bench, torrent, dir string) {
	t.Helper()
	from, dir := t.TempDir(), t.TempDir()
	sizes := map[string]int{"a": 256 << 10, "b": 256 << 10, "c": 256 << 10}
	torrent = sample(t, from, sizes)
	seed = launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	seed.awaitState(seed.add(torrent, AddOptions{}), Seeding)
	must[any](t)(nil, os.MkdirAll(filepath.Join(dir, "data"), 0o755))
	for name := range sizes {
		data := must[[]byte](t)(os.ReadFile(filepath.Join(from, "data", name)))
		switch name {
		case "a":
			data, name = data[:100<<10], "a.part"
		case "b":
			clear(data[64<<10 : 128<<10])
		case "c":
			data = append(data, "and more"...)
			clear(data[:1])
		}
		path := filepath.Join(dir, "data", name)
		must[any](t)(nil, os.WriteFile(path, data, 0o644))
		long := time.Now().Add(-time.Hour)
		must[any](t)(nil, os.Chtimes(path, long, long))
	}
	return seed, torrent, dir
}

// wholeHalves checks that all is there, and what was behind the end of a file too.
func wholeHalves(t *testing.T, seed *bench, torrent, dir string) {
	t.Helper()
	if got := listing(t, filepath.Join(dir, "data")); got != "a b c" {
		t.Errorf("in the end there is %s", got)
	}
	for _, name := range []string{"a", "b", "c"} {
		want := must[[]byte](t)(os.ReadFile(filepath.Join(filepath.Dir(torrent), "data", name)))
		if name == "c" {
			want = append(want, "and more"...)
		}
		if got := must[[]byte](t)(os.ReadFile(filepath.Join(dir, "data", name))); !bytes.Equal(got, want) {
			t.Errorf("%s is wrong in the end", name)
		}
	}
}

// TestContinueInFilesOfOthers adds a torrent where another client has left its files.
// Without being told to, it changes nothing, whatever else is asked of it; then only
// what is missing is fetched.
func TestContinueInFilesOfOthers(t *testing.T) {
	seed, torrent, dir := halves(t)
	before := asTheyAre(t, filepath.Join(dir, "data"))
	unchanged := func(when string) {
		t.Helper()
		if now := asTheyAre(t, filepath.Join(dir, "data")); now != before {
			t.Fatalf("%s they were changed:\n%s%s", when, before, now)
		}
	}
	cfg := loopbackConfig(filepath.Join(dir, "p"), dir)
	b := launch(t, cfg)
	id := b.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(id, Faulted)
	row := b.snap.Torrent(id)
	if !row.InTheWay || row.Err != `3 files are there already, with other content or not complete, and were left as they are (the first is "data/a"). `+
		`Continue in the files that are there, or move them away and resume.` {
		t.Errorf("%v %q", row.InTheWay, row.Err)
	}
	missing := row.Wanted - row.Have
	unchanged("when it was added")
	for _, ask := range []func() error{
		func() error { return b.Resume(t.Context(), id) },
		func() error { return b.Recheck(t.Context(), id) },
	} {
		n := len(b.told(Fault))
		must[any](t)(nil, ask())
		b.await("the fault again", func(s *Snapshot) bool { return len(b.told(Fault)) > n })
		b.awaitState(id, Faulted)
	}
	unchanged("when it was resumed and checked")
	b.stop()
	b = launch(t, cfg)
	b.await("the fault", func(s *Snapshot) bool { return s.Torrent(id) != nil && s.Torrent(id).InTheWay })
	unchanged("after a new start")

	must[any](t)(nil, b.Continue(t.Context(), id))
	must[any](t)(nil, b.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
	b.awaitState(id, Seeding)
	wholeHalves(t, seed, torrent, dir)
	if got := b.snap.Torrent(id).Downloaded; got < missing || got > missing+32<<10 {
		t.Errorf("%d bytes were downloaded, %d were missing", got, missing)
	}
	if err := b.Continue(t.Context(), id); err == nil {
		t.Error("it would continue in files that are complete")
	}
	b.stop()
	b = launch(t, cfg) // our own writes are nobody else's
	b.awaitState(id, Seeding)
	for _, e := range b.events {
		t.Errorf("unexpected event %+v", e)
	}
}

// TestAddToContinue agrees when the torrent is added, also if the program ends meanwhile;
// that does not hold for what comes later.
func TestAddToContinue(t *testing.T) {
	seed, torrent, dir := halves(t)
	cfg := loopbackConfig(filepath.Join(dir, "p"), dir)
	b := launch(t, cfg)
	id := b.add(torrent, AddOptions{Continue: true, Paused: true})
	b.awaitState(id, Stopped)
	b.stop()
	b = launch(t, cfg)
	must[any](t)(nil, b.AddPeers(t.Context(), id, []netip.AddrPort{seed.addr()}))
	must[any](t)(nil, b.Resume(t.Context(), id))
	b.awaitState(id, Seeding)
	wholeHalves(t, seed, torrent, dir)

	path := filepath.Join(dir, "data", "b")
	must[any](t)(nil, b.Pause(t.Context(), id))
	b.awaitState(id, Stopped)
	must[any](t)(nil, os.WriteFile(path+".new", make([]byte, 256<<10), 0o644))
	must[any](t)(nil, os.Rename(path+".new", path))
	must[any](t)(nil, b.Resume(t.Context(), id))
	b.awaitState(id, Faulted)
	if got := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(got, make([]byte, 256<<10)) {
		t.Error("a file that came later was changed")
	}
}

// TestContinueSparesOtherNames does not write to a file that is another one as well.
func TestContinueSparesOtherNames(t *testing.T) {
	seed, torrent, dir := halves(t)
	twin := filepath.Join(dir, "twin")
	if err := os.Link(filepath.Join(dir, "data", "b"), twin); err != nil {
		t.Skip("no hard links here")
	}
	before := asTheyAre(t, dir)
	b := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), dir))
	id := b.add(torrent, AddOptions{Continue: true, Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(id, Faulted)
	if row := b.snap.Torrent(id); !row.InTheWay || !strings.Contains(row.Err, "hard links") {
		t.Errorf("%v %q", row.InTheWay, row.Err)
	}
	if now := asTheyAre(t, dir); now != before {
		t.Errorf("they were changed:\n%s%s", before, now)
	}
	must[any](t)(nil, os.Remove(twin))
	must[any](t)(nil, b.Continue(t.Context(), id))
	b.awaitState(id, Seeding)
	wholeHalves(t, seed, torrent, dir)
}

// someOf is a torrent whose first file was downloaded, and of the second the half, that
// was then removed from the list, and its seed, which has all.
func someOf(t *testing.T, cfg Config, add AddOptions) (seed *bench, id ID, torrent string) {
	t.Helper()
	from, half := t.TempDir(), t.TempDir()
	torrent = sample(t, from, map[string]int{"a": 64 << 10, "b": 96 << 10, "c": 40 << 10})
	must[any](t)(nil, os.MkdirAll(filepath.Join(half, "data"), 0o755))
	for name, size := range map[string]int{"a": 64 << 10, "b": 64 << 10} {
		data := must[[]byte](t)(os.ReadFile(filepath.Join(from, "data", name)))
		must[any](t)(nil, os.WriteFile(filepath.Join(half, "data", name), data[:size], 0o644))
	}
	some := launch(t, loopbackConfig(filepath.Join(half, "p"), half))
	id = some.add(torrent, AddOptions{Priorities: map[int]Priority{1: Skip, 2: Skip}})
	some.awaitState(id, Seeding)
	leech := launch(t, cfg)
	add.Peers = []netip.AddrPort{some.addr()}
	leech.add(torrent, add)
	leech.await("4 pieces", func(s *Snapshot) bool { return s.Torrent(id).Have == 128<<10 })
	must[any](t)(nil, leech.Remove(t.Context(), id, false))
	leech.await("removal", func(s *Snapshot) bool { return s.Torrent(id) == nil })
	leech.stop()
	some.stop()
	seed = launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	seed.awaitState(seed.add(torrent, AddOptions{}), Seeding)
	return seed, id, torrent
}

// TestAddedAgain removes a torrent, keeps its files, and adds it again: it goes on with
// what is ours without hashing it. The files can go to the trash with it later.
func TestAddedAgain(t *testing.T) {
	for _, incomplete := range []bool{false, true} {
		t.Run(fmt.Sprint("incomplete folder ", incomplete), func(t *testing.T) {
			dir, log := t.TempDir(), logged{}
			cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), dir)
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			at := dir
			if incomplete {
				at = t.TempDir()
				b := launch(t, cfg)
				b.addr()
				b.change(func(v *Settings) { v.Incomplete = at })
				b.stop()
			}
			seed, id, torrent := someOf(t, cfg, AddOptions{})
			if got := listing(t, filepath.Join(at, "data")); got != "a b.part" {
				t.Fatalf("after the removal there is %s", got)
			}
			b := launch(t, cfg)
			b.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
			b.awaitState(id, Seeding)
			b.await("no move", func(s *Snapshot) bool { return s.Torrent(id).Move == nil && s.Torrent(id).Dir == dir })
			sameFiles(t, filepath.Join(filepath.Dir(torrent), "data"), filepath.Join(dir, "data"))
			if got := b.snap.Torrent(id).Downloaded; got != 72<<10 {
				t.Errorf("%d bytes were downloaded again", got)
			}
			if n := log.count("Checked:"); n > 0 {
				t.Error("all was hashed")
			}
			if paths := must[[]string](t)(b.Removal(t.Context(), id)); len(paths) != 3 {
				t.Errorf("ours are %q", paths)
			}
		})
	}
}

// TestAddedAgainAfterChanges does so when one of the files was written to by another
// program meanwhile: that one is not ours any more, and what it holds is hashed.
func TestAddedAgainAfterChanges(t *testing.T) {
	dir := t.TempDir()
	cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), dir)
	seed, id, torrent := someOf(t, cfg, AddOptions{})
	path := filepath.Join(dir, "data", "b.part")
	f := must[*os.File](t)(os.OpenFile(path, os.O_WRONLY, 0))
	must[int](t)(f.WriteAt([]byte{1, 2, 3}, 10))
	must[any](t)(nil, f.Close())
	before := must[[]byte](t)(os.ReadFile(path))
	b := launch(t, cfg)
	b.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(id, Faulted)
	if row := b.snap.Torrent(id); !row.InTheWay || !strings.Contains(row.Err, `"data/b"`) || row.Have != 96<<10 {
		t.Errorf("%v %q, %d bytes are believed", row.InTheWay, row.Err, row.Have)
	}
	if after := must[[]byte](t)(os.ReadFile(path)); !bytes.Equal(before, after) {
		t.Error("a file that is not ours any more was changed")
	}
	must[any](t)(nil, b.Continue(t.Context(), id))
	b.awaitState(id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(torrent), "data"), filepath.Join(dir, "data"))
}

// TestAddedAgainElsewhere adds the torrent in another folder: nothing of before counts.
func TestAddedAgainElsewhere(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), dir)
	seed, id, torrent := someOf(t, cfg, AddOptions{})
	before := asTheyAre(t, dir)
	b := launch(t, cfg)
	b.add(torrent, AddOptions{Dir: other, Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(id, Seeding)
	if now := asTheyAre(t, dir); now != before {
		t.Errorf("files in the old folder were changed:\n%s%s", before, now)
	}
	sameFiles(t, filepath.Join(filepath.Dir(torrent), "data"), filepath.Join(other, "data"))
}
