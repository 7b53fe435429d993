package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	backups     = "backups" // folder of the profile
	backupsKept = 7
	backupEvery = 24 * time.Hour
	backupForm  = "20060102-150405" // of the name, UTC
	backupDate  = "2 January 2006, 15:04"
	backupEnd   = ".db"
	restoreName = "restore" // file of the profile that names the backup to be used at the next Open
)

// Backup is a copy of the list and the settings as they were.
type Backup struct {
	Name     string // of the file
	Time     time.Time
	Torrents int
}

// Backups returns the backups of a profile that can be read, the newest first. It
// reads all of them.
func Backups(profile string) []Backup {
	var list []Backup
	for _, name := range backupNames(profile) {
		if all, err := readBackup(profile, name); err == nil {
			list = append(list, Backup{name, backupTime(name), len(all.records)})
		}
	}
	return list
}

// backupNames returns the names of what should be backups, the newest first.
func backupNames(profile string) []string {
	entries, _ := os.ReadDir(filepath.Join(profile, backups)) // there may be none yet
	var names []string
	for _, e := range entries {
		if !backupTime(e.Name()).IsZero() && e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	slices.Reverse(names)
	return names
}

// backupTime returns when a backup was made, zero if that is not the name of one.
func backupTime(name string) time.Time {
	stem, ok := strings.CutSuffix(name, backupEnd)
	t, err := time.Parse(backupForm, stem)
	if !ok || err != nil {
		return time.Time{}
	}
	return t
}

// readBackup reads all of a backup. Like everything of bbolt's, a damaged one can be a
// memory fault, which only becomes an error here.
func readBackup(profile, name string) (found, error) {
	path := filepath.Join(profile, backups, name)
	b := &Store{profile: profile}
	var all found
	err := b.guard(func() (err error) {
		b.db, err = bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: 300 * time.Millisecond, OpenFile: b.openFile})
		return err
	})
	if err == nil {
		err = b.inspect(&all)
	}
	if closing := b.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return found{}, fmt.Errorf("read backup %s: %w", name, err)
	}
	return all, nil
}

// Backup copies the list and the settings, once a day if they have changed, and
// forgets all backups but the newest. It reads and writes as much as there is; now is
// the time of the clock.
func (s *Store) Backup(now time.Time) error {
	names := backupNames(s.profile)
	if len(names) > 0 {
		if age := now.Sub(backupTime(names[0])); age >= 0 && age < backupEvery {
			return nil
		}
		if same, err := s.sameAs(names[0]); err != nil || same {
			return err
		}
	}
	folder := filepath.Join(s.profile, backups)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make backup: %w", err)
	}
	var copied bytes.Buffer
	err := s.view(func(tx *bolt.Tx) error {
		_, err := tx.WriteTo(&copied)
		return err
	})
	if err == nil {
		err = replace(filepath.Join(folder, now.UTC().Format(backupForm)+backupEnd), copied.Bytes())
	}
	if err != nil {
		return fmt.Errorf("make backup: %w", err)
	}
	return s.prune()
}

// sameAs reports whether a backup has the list and the settings as they are.
func (s *Store) sameAs(name string) (bool, error) {
	var now found
	if err := s.inspect(&now); err != nil {
		return false, fmt.Errorf("compare with backup: %w", err)
	}
	then, err := readBackup(s.profile, name)
	return err == nil && now.sum() == then.sum(), nil // one that cannot be read is no backup
}

func (f *found) sum() [sha256.Size]byte {
	h := sha256.New()
	h.Write(f.settings)
	for _, r := range f.records {
		h.Write(encode(r))
		h.Write(sealStamps(r.ID[:], r.Stamps))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// prune removes old backups, and the metainfo of removed torrents that are in none any
// more.
func (s *Store) prune() error {
	names := backupNames(s.profile)
	var errs []error
	for len(names) > backupsKept {
		oldest := len(names) - 1
		errs = append(errs, os.Remove(filepath.Join(s.profile, backups, names[oldest])))
		names = names[:oldest]
	}
	kept, _ := filepath.Glob(filepath.Join(s.profile, backups, "*.torrent"))
	if len(kept) == 0 {
		return errors.Join(errs...)
	}
	known := make(map[string]bool)
	for _, name := range names {
		all, err := readBackup(s.profile, name)
		if err != nil {
			continue
		}
		for _, r := range all.records {
			known[filepath.Base(s.metainfoPath(r.ID))] = true
		}
	}
	for _, path := range kept {
		if !known[filepath.Base(path)] {
			errs = append(errs, os.Remove(path))
		}
	}
	return errors.Join(errs...)
}

// AskRestore has the next Open of the profile restore a backup.
func AskRestore(profile, name string) error {
	if !slices.Contains(backupNames(profile), name) {
		return fmt.Errorf("restore backup %q: %w", name, fs.ErrNotExist)
	}
	if _, err := readBackup(profile, name); err != nil {
		return err
	}
	if err := replace(filepath.Join(profile, restoreName), []byte(name)); err != nil {
		return fmt.Errorf("restore backup: %w", err)
	}
	return nil
}

// restoreAsked puts a backup in the place of the list, if that was asked for. What is
// replaced is set aside. Where the data of a torrent is and what of it is verified is
// kept of those that are in both. What others have is believed only as far as their
// files are as they were.
func (s *Store) restoreAsked(now found) (notice string, err error) {
	ask := filepath.Join(s.profile, restoreName)
	name, err := os.ReadFile(ask)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	var all found
	if err == nil && backupTime(string(name)).IsZero() {
		err = errors.New("it names no backup")
	}
	if err == nil {
		all, err = readBackup(s.profile, string(name))
	}
	if err != nil {
		return fmt.Sprintf("The backup could not be restored, so the list is as it was: %v.", err), os.Remove(ask)
	}
	aside, err := s.setAside(replaced)
	if err != nil {
		return "", err
	}
	if err := s.fill(all.over(now)); err != nil {
		return "", fmt.Errorf("restore backup: %w", err)
	}
	for _, r := range all.records {
		if err := s.bringBack(r.ID); err != nil {
			return "", fmt.Errorf("restore backup: %w", err)
		}
	}
	return fmt.Sprintf("The list and the settings are those of the backup of %s, %s. What was there before was kept as %s.",
		backupTime(string(name)).Local().Format(backupDate), counted(len(all.records)), aside), os.Remove(ask)
}

// over returns what a backup makes of the list as it is now.
func (f *found) over(now found) found {
	current := make(map[[20]byte]Record)
	for _, r := range now.records {
		current[r.ID] = r
	}
	out := found{settings: f.settings}
	for _, r := range f.records {
		c, ok := current[r.ID]
		if ok && c.Pieces >= r.Pieces {
			c.Title, c.Paused, c.Priorities, c.Options, c.Trackers, c.Added = r.Title, r.Paused, r.Priorities, r.Options, r.Trackers, r.Added
			c.Outline = Outline{} // it tells what is wanted
			r = c
		} else {
			r.Recheck = r.Recheck || r.Stamps == nil && r.Pieces > 0
			r.Live, r.Wrote = time.Time{}, time.Time{}
		}
		out.records = append(out.records, r)
	}
	return out
}

// keptMetainfo is where the metainfo of a removed torrent is, as long as it is in a
// backup.
func (s *Store) keptMetainfo(id [20]byte) string {
	return filepath.Join(s.profile, backups, hex.EncodeToString(id[:])+".torrent")
}

// bringBack gives a restored torrent its metainfo back.
func (s *Store) bringBack(id [20]byte) error {
	if _, err := os.Lstat(s.metainfoPath(id)); err == nil {
		return nil
	}
	if err := os.Rename(s.keptMetainfo(id), s.metainfoPath(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// fromBackup adds what the newest backup knows of torrents that are still there, and
// the settings, to what could be read of a damaged list. It returns of when that is,
// zero without a backup.
func (s *Store) fromBackup(all *found) time.Time {
	for _, name := range backupNames(s.profile) {
		then, err := readBackup(s.profile, name)
		if err != nil {
			continue
		}
		known := make(map[[20]byte]bool)
		for _, r := range all.records {
			known[r.ID] = true
		}
		used := all.settings == nil && then.settings != nil
		if used {
			all.settings = then.settings
		}
		for _, r := range then.records {
			if known[r.ID] {
				continue
			}
			if r.Pieces > 0 {
				saved, err := s.restore(r.ID)
				if err != nil {
					continue // it was removed since
				}
				r.Dir, r.Names, r.Foreign, r.Final, r.Moving = saved.Dir, saved.Names, saved.Foreign, saved.Final, saved.Moving
			}
			all.records, used = append(all.records, r), true
		}
		if !used {
			return time.Time{}
		}
		return backupTime(name)
	}
	return time.Time{}
}

func counted(torrents int) string {
	if torrents == 1 {
		return "1 torrent"
	}
	return fmt.Sprintf("%d torrents", torrents)
}
