package engine

import (
	"context"
	"time"

	"piecewise/engine/internal/store"
)

// Backup is a copy of the list and the settings as they were, without the data of
// torrents.
type Backup struct {
	Name     string // what RestoreBackup wants
	Time     time.Time
	Torrents int
}

const (
	backupTicks = int(time.Hour/time.Second) * ticksASecond // a backup may be due
	backupFirst = 5 * ticksASecond                          // not while the program starts
)

// Backups returns the backups that can be read, the newest first. One is made each day
// on which something has changed; the newest seven are kept. It reads them all from
// the disk.
func (e *Engine) Backups(context.Context) ([]Backup, error) {
	var list []Backup
	for _, b := range store.Backups(e.cfg.Profile) {
		list = append(list, Backup(b))
	}
	return list, nil
}

// RestoreBackup has the next start of the program replace the list and the settings
// by those of a backup. What is replaced is set aside. Torrents that are in both stay
// where they are, with what is verified; of others only that is believed whose files
// have not changed since. It reads the backup from the disk and writes to it.
func (e *Engine) RestoreBackup(_ context.Context, name string) error {
	return store.AskRestore(e.cfg.Profile, name)
}

// backUp makes a backup if one is due.
func (s *state) backUp() {
	st := s.store
	s.keeper.push(func() func(*state) {
		err := st.Backup(time.Now())
		return func(s *state) {
			if err != nil {
				s.log.Error("back up the list", "error", err)
			}
			if err != nil && !s.backupFailed {
				s.emit(Notice, nil, because("No backup of the list could be made", err))
			}
			s.backupFailed = err != nil
		}
	})
}
