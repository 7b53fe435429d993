package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/shelf"
)

// shelved makes a profile with a long list, and the configuration to run it.
func shelved(t testing.TB, s shelf.Shelf) (Config, []ID) {
	t.Helper()
	cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir())
	hashes, err := s.Make(cfg.Profile, cfg.Dir)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]ID, len(hashes))
	for i, h := range hashes {
		ids[i] = h
	}
	return cfg, ids
}

func metainfoPath(cfg Config, id ID) string {
	return filepath.Join(cfg.Profile, "torrents", id.String()+".torrent")
}

// newest reads updates for a while of fake time and returns the last row of id.
func newest(t *testing.T, e *Engine, id ID) *Torrent {
	t.Helper()
	time.Sleep(2 * time.Second)
	synctest.Wait()
	return (<-e.Updates()).Snapshot.Torrent(id)
}

// TestListNeedsNoMetainfo has the list shown though all metainfo is damaged, which
// is only seen when somebody looks.
func TestListNeedsNoMetainfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: 3, Pieces: 10, Paused: true})
		for _, id := range ids {
			ok(t, os.WriteFile(metainfoPath(cfg, id), []byte("damaged"), 0o600))
		}
		e, stop := serveAs(t, &fakeControl{}, cfg)
		defer stop()
		row := newest(t, e, ids[1])
		if row.State != Stopped || row.Name != shelf.Name(1) || row.Size != 10*16<<10 || row.Have != row.Size || !row.Done() || row.Pieces.Len() != 10 {
			t.Errorf("%+v", row)
		}
		ok(t, e.Watch(t.Context(), ids[1]))
		if row = newest(t, e, ids[1]); row.State != Faulted || row.Err != lostMetainfo {
			t.Errorf("%+v", row)
		}
		ok(t, e.Resume(t.Context(), ids[2]))
		if row = newest(t, e, ids[2]); row.State != Faulted || row.Err != lostMetainfo {
			t.Errorf("%+v", row)
		}
	})
}

// TestMetainfoIsReadWhenNeeded looks at a torrent, and away again.
func TestMetainfoIsReadWhenNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: 2, Pieces: 10, Paused: true})
		e, stop := serveAs(t, &fakeControl{}, cfg)
		defer stop()
		if row := newest(t, e, ids[0]); row.Meta != nil {
			t.Fatal("nobody needs the metainfo, yet it was read")
		}
		ok(t, e.Watch(t.Context(), ids[0]))
		time.Sleep(time.Minute)
		row := newest(t, e, ids[0])
		if row.Meta == nil || len(row.Meta.Files) != 1 || row.State != Stopped || !row.Done() {
			t.Fatalf("%+v", row)
		}
		ok(t, e.Watch(t.Context(), ids[1]))
		time.Sleep(time.Minute)
		if row := newest(t, e, ids[0]); row.Meta != nil || !row.Done() || row.State != Stopped {
			t.Errorf("nobody looks any more: %+v", row)
		}
		if row := newest(t, e, ids[1]); row.Meta == nil {
			t.Error("it was not read")
		}
	})
}

// TestCommandsReadMetainfo gives commands that need the metainfo to torrents of
// which it was not read.
func TestCommandsReadMetainfo(t *testing.T) {
	cfg, ids := shelved(t, shelf.Shelf{Torrents: 4, Pieces: 10, Paused: true})
	b := launch(t, cfg)
	ok(t, b.SetPriority(t.Context(), ids[0], []int{0}, Skip))
	b.await("nothing is wanted", func(s *Snapshot) bool { return s.Torrent(ids[0]).Wanted == 0 })
	if err := b.SetPriority(t.Context(), ids[0], []int{1}, Skip); err == nil {
		t.Error("there is no second file, and nobody says so")
	}
	if paths, err := b.Removal(t.Context(), ids[1]); err != nil || len(paths) != 1 || filepath.Base(paths[0]) != shelf.Name(1) {
		t.Errorf("%v, %v", paths, err)
	}
	ok(t, os.Remove(filepath.Join(cfg.Dir, shelf.Name(2))))
	ok(t, b.Recheck(t.Context(), ids[2]))
	b.await("the check", func(s *Snapshot) bool { row := s.Torrent(ids[2]); return row.State == Stopped && row.Have == 0 })
	if link, err := b.Magnet(t.Context(), ids[3]); err != nil || !strings.Contains(link, ids[3].String()) {
		t.Errorf("%q, %v", link, err)
	}
	ok(t, b.Remove(t.Context(), ids[3], false))
	if err := b.SetPriority(t.Context(), ids[3], []int{0}, Skip); err != ErrNotFound {
		t.Errorf("it is gone: %v", err)
	}
	b.stop()

	again := launch(t, cfg)
	again.await("the list", func(s *Snapshot) bool { return len(s.Torrents) == 3 })
	if row := again.snap.Torrent(ids[0]); row.Wanted != 0 || row.Size == 0 {
		t.Errorf("the choice is forgotten: %+v", row)
	}
	if row := again.snap.Torrent(ids[2]); row.Have != 0 || row.Wanted != row.Size {
		t.Errorf("the check is forgotten: %+v", row)
	}
}

// TestOutlineOfOldRecords starts with a list whose records do not have one.
func TestOutlineOfOldRecords(t *testing.T) {
	cfg, ids := shelved(t, shelf.Shelf{Torrents: 2, Pieces: 10, Paused: true, Old: true})
	for range 2 { // the second time they have
		b := launch(t, cfg)
		b.await("the list", func(s *Snapshot) bool { return len(s.Torrents) == 2 })
		if row := b.snap.Torrent(ids[1]); row.Size != 10*16<<10 || !row.Done() || row.State != Stopped {
			t.Errorf("%+v", row)
		}
		b.stop()
	}
	ok(t, os.Remove(metainfoPath(cfg, ids[0])))
	b := launch(t, cfg)
	b.await("the list", func(s *Snapshot) bool { return len(s.Torrents) == 2 })
	if row := b.snap.Torrent(ids[0]); row.State != Stopped {
		t.Errorf("its metainfo was needed at the start: %+v", row)
	}
}
