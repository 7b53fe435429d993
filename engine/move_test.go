package engine

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// otherDisk returns a folder on another file system than that of temporary files.
func otherDisk(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "piecewise-test")
	if err != nil {
		t.Skip("there is no second file system at /dev/shm:", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// fetched is an engine that has a torrent whose files are its own.
func fetched(t *testing.T, sizes map[string]int) (leech *bench, id ID, seed *bench, torrent string) {
	t.Helper()
	from, to := t.TempDir(), t.TempDir()
	torrent = sample(t, from, sizes)
	seed = launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id = seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	leech = launch(t, loopbackConfig(filepath.Join(to, "p"), filepath.Join(to, "files")))
	leech.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	leech.awaitState(id, Seeding)
	return leech, id, seed, torrent
}

func (b *bench) awaitMoved(id ID, dir string) {
	b.t.Helper()
	b.await("the move", func(s *Snapshot) bool { return s.Torrent(id).Dir == dir && s.Torrent(id).Move == nil })
}

func dataOf(b *bench, id ID) string {
	return filepath.Join(b.snap.Torrent(id).Dir, "data")
}

// empty fails if anything is in a folder; one that is not there is empty.
func empty(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		t.Errorf("%s holds %v", dir, entries)
	}
}

// TestMove moves a torrent that seeds, and one that is paused, within a disk and to
// another one, and starts anew in between.
func TestMove(t *testing.T) {
	leech, id, seed, torrent := fetched(t, threeFiles)
	was := leech.snap.Torrent(id).Dir
	source := filepath.Join(seed.snap.Torrent(id).Dir, "data")
	near, far := filepath.Join(t.TempDir(), "new", "place"), filepath.Join(otherDisk(t), "far")
	for _, to := range []string{near, far} {
		ok(t, leech.Move(t.Context(), []ID{id}, to))
		leech.awaitMoved(id, to)
		sameFiles(t, source, dataOf(leech, id))
		empty(t, was)
		if row := leech.snap.Torrent(id); row.State != Seeding || row.Err != "" {
			t.Errorf("after the move it is %v: %s", row.State, row.Err)
		}
		was = to
	}
	third := t.TempDir()
	other := launch(t, loopbackConfig(filepath.Join(third, "p"), third))
	other.add(torrent, AddOptions{Peers: []netip.AddrPort{leech.addr()}})
	seed.stop()
	other.awaitState(id, Seeding)

	ok(t, leech.Pause(t.Context(), id))
	leech.awaitState(id, Stopped)
	ok(t, leech.Move(t.Context(), []ID{id}, near))
	leech.awaitMoved(id, near)
	ok(t, leech.Resume(t.Context(), id))
	leech.awaitState(id, Seeding)
	sameFiles(t, source, dataOf(leech, id))
	empty(t, far)

	leech.stop()
	again := launch(t, leech.cfg)
	again.awaitState(id, Seeding)
	if row := again.snap.Torrent(id); row.Dir != near || row.Have != row.Size {
		t.Errorf("after a start it is in %s and has %d of %d bytes", row.Dir, row.Have, row.Size)
	}
}

// TestMoveRefused has something else at the place of a file.
func TestMoveRefused(t *testing.T) {
	leech, id, seed, _ := fetched(t, threeFiles)
	was, to := leech.snap.Torrent(id).Dir, t.TempDir()
	ok(t, os.MkdirAll(filepath.Join(to, "data"), 0o755))
	ok(t, os.WriteFile(filepath.Join(to, "data", "a.bin"), []byte("mine"), 0o600))
	ok(t, leech.Move(t.Context(), []ID{id}, to))
	leech.await("the notice", func(*Snapshot) bool {
		return slices.ContainsFunc(leech.events, func(e Event) bool {
			return e.Kind == Notice && strings.Contains(e.Text, "a.bin is already there")
		})
	})
	leech.await("the end", func(s *Snapshot) bool { return s.Torrent(id).Move == nil })
	if row := leech.snap.Torrent(id); row.Dir != was || row.State != Seeding {
		t.Errorf("it is %v in %s", row.State, row.Dir)
	}
	sameFiles(t, filepath.Join(seed.snap.Torrent(id).Dir, "data"), dataOf(leech, id))
	if b, _ := os.ReadFile(filepath.Join(to, "data", "a.bin")); string(b) != "mine" {
		t.Errorf("the stranger's file holds %q", b)
	}
	if err := leech.Move(t.Context(), []ID{id}, "relative"); err == nil {
		t.Error("a relative path was taken")
	}
}

// TestMoveOfStrangers moves a torrent whose files were there before it.
func TestMoveOfStrangers(t *testing.T) {
	_, id, seed, _ := fetched(t, threeFiles)
	was, to := seed.snap.Torrent(id).Dir, t.TempDir()
	ok(t, seed.Move(t.Context(), []ID{id}, to))
	seed.awaitMoved(id, to)
	sameFiles(t, filepath.Join(was, "data"), dataOf(seed, id))
	sameFiles(t, dataOf(seed, id), filepath.Join(was, "data"))
	if !slices.ContainsFunc(seed.events, func(e Event) bool { return strings.Contains(e.Text, "they also stay in "+was) }) {
		t.Error("nothing was said of the files that stay")
	}
	paths := must[[]string](t)(seed.Removal(t.Context(), id))
	if len(paths) != 3 || !strings.HasPrefix(paths[0], to) {
		t.Errorf("the copies are not ours: %v", paths)
	}
}

// TestRemoveWhileMoved removes a torrent in the middle of its move.
func TestRemoveWhileMoved(t *testing.T) {
	leech, id, _, _ := fetched(t, map[string]int{"a.bin": 30_000_000})
	was, to := leech.snap.Torrent(id).Dir, otherDisk(t)
	ok(t, leech.Move(t.Context(), []ID{id}, to))
	ok(t, leech.Remove(t.Context(), id, false))
	leech.await("the end", func(s *Snapshot) bool { return s.Torrent(id) == nil })
	leech.await("the removal", func(*Snapshot) bool {
		return slices.ContainsFunc(leech.events, func(e Event) bool { return e.Kind == Removed })
	})
	left := 0
	for _, dir := range []string{was, to} {
		if _, err := os.Stat(filepath.Join(dir, "data", "a.bin")); err == nil {
			left++
		}
	}
	if left != 1 {
		t.Errorf("the file is in %d places", left)
	}
}

// TestMoveGoesOnAfterStart ends the program in the middle of a move.
func TestMoveGoesOnAfterStart(t *testing.T) {
	leech, id, seed, _ := fetched(t, map[string]int{"a.bin": 30_000_000, "b.bin": 20_000_000})
	to := otherDisk(t)
	was := leech.snap.Torrent(id).Dir
	ok(t, leech.Move(t.Context(), []ID{id}, to))
	leech.await("the move to run", func(s *Snapshot) bool {
		m := s.Torrent(id).Move
		return m == nil || m.State != MoveWaiting
	})
	leech.stop()
	again := launch(t, leech.cfg)
	again.awaitState(id, Seeding)
	again.awaitMoved(id, to)
	sameFiles(t, filepath.Join(seed.snap.Torrent(id).Dir, "data"), dataOf(again, id))
	empty(t, was)
}

// TestRename renames the torrent, a file and a folder, and starts anew.
func TestRename(t *testing.T) {
	leech, id, seed, torrent := fetched(t, threeFiles)
	paths := func(m *Meta) (all []string) {
		for _, f := range m.Files {
			all = append(all, strings.Join(f.Path, "/"))
		}
		return all
	}
	file := slices.Index(paths(leech.snap.Torrent(id).Meta), "data/sub/ü.bin")
	ok(t, leech.Rename(t.Context(), id, "  My title "))
	ok(t, leech.RenameFile(t.Context(), id, file, "new: name."))
	ok(t, leech.RenameFolder(t.Context(), id, []string{"data", "sub"}, "folder"))
	ok(t, leech.RenameFolder(t.Context(), id, []string{"data"}, "top"))
	want := []string{"top/a.bin", "top/folder/empty", "top/folder/new_ name"}
	named := func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.Name == "My title" && row.Meta != nil && slices.Equal(slices.Sorted(slices.Values(paths(row.Meta))), want)
	}
	leech.await("the names", named)
	for _, name := range []string{"", "a/b", `a\b`, "empty", "EMPTY", "empty.part", "empty."} {
		if err := leech.RenameFile(t.Context(), id, file, name); err == nil {
			t.Errorf("%q was taken as a name", name)
		}
	}
	dir := leech.snap.Torrent(id).Dir
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		missing := slices.DeleteFunc(slices.Clone(want), func(name string) bool {
			_, err := os.Stat(filepath.Join(dir, name))
			return err == nil
		})
		if len(missing) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("on the disk there is no %v", missing)
		}
	}
	leech.stop()
	again := launch(t, leech.cfg)
	again.awaitState(id, Seeding)
	ok(t, again.Watch(t.Context(), id)) // else nobody needs the names
	again.await("the names", named)
	third := t.TempDir()
	seed.stop()
	other := launch(t, loopbackConfig(filepath.Join(third, "p"), third))
	other.add(torrent, AddOptions{Peers: []netip.AddrPort{again.addr()}})
	other.awaitState(id, Seeding)
	sameFiles(t, filepath.Join(seed.cfg.Dir, "data"), filepath.Join(third, "data"))
}
