package engine

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"piecewise/engine/internal/disk"
)

// TestMovesWaitForEachOther has moves wait for those before them that need one of their
// disks, but not those within a disk, and none for one that was cancelled.
func TestMovesWaitForEachOther(t *testing.T) {
	s := newState(New(Config{}))
	add := func(from, to uint64) *torrent {
		o := s.newTorrent(magnetSource(len(s.order)))
		s.insert(o)
		o.move = &moving{to: "/new", begun: true, recorded: true, devices: [2]uint64{from, to}}
		s.moves = append(s.moves, o)
		return o
	}
	first, second, third := add(1, 2), add(2, 3), add(3, 4)
	elsewhere, within := add(5, 6), add(1, 1)
	last := add(1, 2)
	unrecorded := add(7, 8)
	unrecorded.move.recorded = false
	run := func(want ...*torrent) {
		t.Helper()
		s.startMoves()
		for i, o := range s.order {
			if o.move != nil && (o.move.cancel != nil) != slices.Contains(want, o) {
				t.Errorf("move %d runs: %v", i, o.move.cancel != nil)
			}
		}
		if len(s.movers.todo) != len(want) {
			t.Errorf("%d moves run", len(s.movers.todo))
		}
	}
	end := func(o *torrent) {
		i := slices.Index(s.order, o)
		s.movers.todo = s.movers.todo[1:]
		s.endMove(o, "Moved.")
		if o.move != nil {
			t.Errorf("move %d has not ended", i)
		}
	}
	run(first, elsewhere, within)
	end(first)
	run(second, elsewhere, within)
	ok(t, s.cancelMove(last.id)) // it waits for the second
	if last.move != nil || slices.Contains(s.moves, last) {
		t.Error("a move that waits cannot be cancelled")
	}
	end(second)
	run(third, elsewhere, within)
	ok(t, s.cancelMove(third.id))
	if third.move == nil || third.move.state != MoveCancelled {
		t.Error("a move that runs ends before what it copied is removed")
	}
	unrecorded.move.recorded = true
	run(third, elsewhere, within, unrecorded)
}

// TestManyMoves moves some torrents to another disk at once: they go one after another,
// and one that is removed meanwhile holds up none.
func TestManyMoves(t *testing.T) {
	from, to, far := t.TempDir(), t.TempDir(), otherDisk(t)
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	b := launch(t, loopbackConfig(filepath.Join(to, "p"), to))
	var ids []ID
	folder := func(i int) string { return filepath.Join(from, string(rune('p'+i))) }
	for i := range 4 {
		ok(t, os.Mkdir(folder(i), 0o755))
		torrent := sample(t, folder(i), map[string]int{"a": 3_000_000 + i})
		id := seed.add(torrent, AddOptions{Dir: folder(i)})
		seed.awaitState(id, Seeding)
		b.add(torrent, AddOptions{Dir: filepath.Join(to, string(rune('p'+i))), Peers: []netip.AddrPort{seed.addr()}})
		b.awaitState(id, Seeding)
		ids = append(ids, id)
	}
	for i, id := range ids {
		ok(t, b.Move(t.Context(), []ID{id}, filepath.Join(far, string(rune('p'+i)))))
	}
	ok(t, b.Remove(t.Context(), ids[2], false))
	b.await("all moves", func(s *Snapshot) bool {
		running := 0
		for _, row := range s.Torrents {
			if row.Move != nil && row.Move.State == MoveRunning {
				running++
			}
		}
		if running > 1 {
			t.Errorf("%d moves run at once", running)
		}
		return !slices.ContainsFunc(s.Torrents, func(r *Torrent) bool { return r.Move != nil }) && s.Torrent(ids[2]) == nil
	})
	for i, id := range ids {
		if i == 2 {
			continue
		}
		if row := b.snap.Torrent(id); row.Dir != filepath.Join(far, string(rune('p'+i))) || row.State != Seeding {
			t.Errorf("%d is %v in %s", i, row.State, row.Dir)
		}
		sameFiles(t, filepath.Join(folder(i), "data"), dataOf(b, id))
	}
	places := 0
	for _, dir := range []string{to, far} {
		if _, err := os.Stat(filepath.Join(dir, "r", "data", "a")); err == nil {
			places++
		}
	}
	if places != 1 {
		t.Errorf("the file of the removed torrent is in %d places", places)
	}
}

// TestIncompleteFolderOnOtherDisk downloads on one disk and seeds from another; the
// program ends and starts again in the middle of that.
func TestIncompleteFolderOnOtherDisk(t *testing.T) {
	from, to, fast := t.TempDir(), t.TempDir(), otherDisk(t)
	torrent := sample(t, from, map[string]int{"a": 12_000_000, "b": 9_000_000})
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	id := seed.add(torrent, AddOptions{})
	seed.awaitState(id, Seeding)
	b := launch(t, loopbackConfig(filepath.Join(to, "p"), filepath.Join(to, "final")))
	b.addr()
	b.change(func(v *Settings) { v.Incomplete = fast })
	if must[uint64](t)(disk.Device(to)) == must[uint64](t)(disk.Device(fast)) {
		t.Skip("there is one disk only")
	}
	b.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	b.await("the move", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && (row.Move != nil || row.Final == "" && row.Done())
	})
	b.stop()
	b = launch(t, b.cfg)
	b.await("final folder", func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.State == Seeding && row.Dir == filepath.Join(to, "final") && row.Final == "" && row.Move == nil
	})
	sameFiles(t, filepath.Join(from, "data"), dataOf(b, id))
	empty(t, fast)
	if row := b.snap.Torrent(id); row.Downloaded > row.Size {
		t.Errorf("downloaded %d of %d bytes", row.Downloaded, row.Size)
	}
	if paths := must[[]string](t)(b.Removal(t.Context(), id)); len(paths) != 2 {
		t.Errorf("ours are %q", paths)
	}
}
