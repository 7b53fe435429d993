package engine

import (
	"path/filepath"
	"testing"
	"time"

	"piecewise/engine/internal/store"
)

// TestRestoreBackup backs a list up, removes a torrent, and has it back at the next
// start, with its data, which is believed without a check.
func TestRestoreBackup(t *testing.T) {
	_, id, dir := downloaded(t)
	profile := filepath.Join(dir, "p")
	b := launch(t, loopbackConfig(profile, ""))
	b.awaitState(id, Seeding)
	backup := b.backup()
	if backup.Torrents != 1 {
		t.Errorf("%+v", backup)
	}
	must[any](t)(nil, b.Remove(t.Context(), id, false))
	b.await("removal", func(s *Snapshot) bool { return s.Torrent(id) == nil })
	must[any](t)(nil, b.RestoreBackup(t.Context(), backup.Name))
	b.stop()

	again := launch(t, loopbackConfig(profile, ""))
	again.awaitState(id, Seeding)
	again.noticed("1 torrent. What was there before was kept as")
	if row := again.snap.Torrent(id); row.Have != row.Size || row.Dir != dir {
		t.Errorf("%+v", row)
	}
}

// backup awaits the first backup, and takes updates meanwhile.
func (b *bench) backup() Backup {
	b.t.Helper()
	look, late := time.NewTicker(50*time.Millisecond), time.After(patience)
	defer look.Stop()
	for {
		select {
		case u := <-b.Updates():
			b.snap, b.events = u.Snapshot, append(b.events, u.Events...)
		case <-look.C:
			if list := must[[]Backup](b.t)(b.Backups(b.t.Context())); len(list) == 1 {
				return list[0]
			}
		case <-late:
			b.t.Fatal("there is no backup")
		}
	}
}

// TestNoBackup cannot make a backup, and says so once.
func TestNoBackup(t *testing.T) {
	dir := t.TempDir()
	s := newState(New(Config{Profile: filepath.Join(dir, "p")}))
	st, _, err := store.Open(s.cfg.Profile)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s.store = st
	must[any](t)(nil, st.Close()) // which makes every use of it fail
	for range 2 {
		s.backUp()
		j := s.keeper.todo[0]
		s.keeper.sent()
		j()(s)
	}
	if n := len(s.next.Events); n != 1 || s.next.Events[0].Kind != Notice {
		t.Errorf("%d events: %+v", n, s.next.Events)
	}
}
