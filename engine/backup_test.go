package engine

import (
	"path/filepath"
	"testing"

	"piecewise/engine/internal/store"
)

// TestRestoreBackup backs a list up, removes a torrent, and has it back at the next
// start, with its data, which is believed without a check.
func TestRestoreBackup(t *testing.T) {
	_, id, dir := downloaded(t)
	profile := filepath.Join(dir, "p")
	b := launch(t, loopbackConfig(profile, ""))
	b.awaitState(id, Seeding)
	b.await("backup", func(*Snapshot) bool { return len(must[[]Backup](t)(b.Backups(t.Context()))) == 1 })
	backup := must[[]Backup](t)(b.Backups(t.Context()))[0]
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
