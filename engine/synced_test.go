package engine

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/store"
)

// TestSlowDiskIsRecordedLater has a disk that does not end its sync: what another one
// has is recorded meanwhile, and what was synced late by the next call.
func TestSlowDiskIsRecordedLater(t *testing.T) {
	st, _, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	answer, holds := make(chan struct{}), atomic.Bool{}
	holds.Store(true)
	layout := disk.Layout{
		Files:       []disk.File{{Path: []string{"file"}, Length: 32}},
		PieceLength: 16, Length: 32, Pieces: 2,
	}
	var batch []entry
	names := map[*disk.Torrent]string{}
	for i, name := range []string{"slow", "fast"} {
		d, err := disk.Open(disk.Options{Dir: t.TempDir(), Layout: layout, Refuse: func(op, _ string) error {
			if op == "sync" && name == "slow" && holds.Load() {
				<-answer
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		names[d] = name
		batch = append(batch, entry{t: &torrent{}, rec: store.Record{ID: [20]byte{byte(i)}, Pieces: 2}, disk: d})
	}
	syncs := &syncer{diskOf: func(d *disk.Torrent) string { return names[d] }}
	have := func(piece int) {
		t.Helper()
		for i, e := range batch {
			if err := e.disk.Write(piece, 0, [][]byte{make([]byte, 16)}); err != nil {
				t.Fatal(err)
			}
			e.disk.Verified(piece)
			batch[i].unsynced = false
		}
	}
	recorded := func(what string, slow, fast string, unsynced bool) {
		t.Helper()
		if err := syncs.writeSoon(st, batch); err != nil {
			t.Fatal(err)
		}
		got := map[byte]string{}
		records, err := st.Records()
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			got[r.ID[0]] = string(r.Have)
		}
		if got[0] != slow || got[1] != fast || batch[0].unsynced != unsynced || batch[1].unsynced {
			t.Errorf("%s: recorded %q, to be recorded %v and %v", what, got, batch[0].unsynced, batch[1].unsynced)
		}
	}
	have(0)
	recorded("a slow disk", "", "\x80", true)
	have(1)
	recorded("it is still slow", "", "\xc0", true)
	holds.Store(false)
	close(answer)
	select {
	case <-syncs.under["slow"].done:
	case <-time.After(time.Minute):
		t.Fatal("the round does not end")
	}
	recorded("it has answered", "\x80", "\xc0", true)
	batch[0].unsynced = false
	recorded("all is well", "\xc0", "\xc0", false)
}

// TestSlowDiskHoldsUpNoStart has a disk that does not end the sync before a torrent is
// started there, moved or renamed: torrents on others are started and recorded.
func TestSlowDiskHoldsUpNoStart(t *testing.T) {
	from, to, slow := t.TempDir(), t.TempDir(), t.TempDir()
	seed := launch(t, loopbackConfig(filepath.Join(from, "p"), from))
	var torrents []string
	for _, name := range []string{"x", "y"} {
		dir := filepath.Join(from, name)
		ok(t, os.Mkdir(dir, 0o755))
		torrents = append(torrents, sample(t, dir, map[string]int{name: 100_000, "empty": 0}))
		seed.awaitState(seed.add(torrents[len(torrents)-1], AddOptions{Dir: dir}), Seeding)
	}
	answer, asked := make(chan struct{}), make(chan struct{})
	var once sync.Once
	cfg := loopbackConfig(filepath.Join(to, "p"), to)
	cfg.refuse = func(op, path string) error {
		if op == "sync" && strings.HasPrefix(path, slow) {
			once.Do(func() { close(asked) })
			<-answer
		}
		return nil
	}
	b := launch(t, cfg)
	defer close(answer)
	held := b.add(torrents[0], AddOptions{Dir: slow})
	select {
	case <-asked:
	case <-time.After(patience):
		t.Fatal("the slow disk was not asked")
	}
	id := b.add(torrents[1], AddOptions{Peers: []netip.AddrPort{seed.addr()}})
	b.awaitState(id, Seeding)
	if row := b.snap.Torrent(held); row.State != Starting {
		t.Errorf("the other one is %v", row.State)
	}
	ok(t, b.Move(t.Context(), []ID{id}, filepath.Join(to, "elsewhere")))
	b.await("the move", func(s *Snapshot) bool { return s.Torrent(id).Move == nil && s.Torrent(id).Dir != to })
}
