package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterr "go.etcd.io/bbolt/errors"
)

// reason is why a file is rebuilt.
type reason int

const (
	sound    reason = iota // it is not
	fresh                  // it was not there, or never filled
	damaged                // it cannot be read as a whole
	newer                  // a later version of the program wrote it
	replaced               // by a backup
)

var errNewer = errors.New("a newer version wrote the file")

// load opens the file and reads all of it. An error means that nothing can be
// said about the file, so it must stay where it is.
func (s *Store) load() (found, reason, error) {
	var all found
	err := s.open()
	if err == nil {
		err = s.inspect(&all)
	}
	var errno syscall.Errno
	switch {
	case err == nil:
		return all, sound, nil
	case errors.Is(err, errFresh):
		return all, fresh, nil
	case errors.Is(err, errNewer), errors.Is(err, bolterr.ErrVersionMismatch):
		return all, newer, nil
	case errors.Is(err, ErrInUse), errors.As(err, new(*fs.PathError)), errors.As(err, &errno):
		return all, sound, errors.Join(fmt.Errorf("open %s: %w", s.path(), err), s.Close())
	}
	return all, damaged, nil
}

var errFresh = errors.New("the file is empty")

// inspect reads all there is into all, once the pages are known to be a tree.
func (s *Store) inspect(all *found) error {
	return s.view(func(tx *bolt.Tx) error {
		if err := checkTree(tx, s.file); err != nil {
			return err
		}
		return inspect(tx, all)
	})
}

// inspect reads all there is into all, up to the first that is wrong. It does
// not see damage in bbolt's list of free pages or in the keys it searches by.
// A later write can then spoil records, which the next start finds and restores.
// bbolt's own check would see it, but runs on a goroutine of its own, where a
// fault ends the process.
func inspect(tx *bolt.Tx, all *found) error {
	meta, list := tx.Bucket(bucketMeta), tx.Bucket(bucketTorrents)
	if key, _ := tx.Cursor().First(); key == nil && tx.ID() < 2 { // only bbolt itself has written
		return errFresh
	}
	if meta == nil {
		return errDamaged
	}
	version, count := meta.Get(keyVersion), meta.Get(keyCount)
	if len(version) != 4 {
		return errDamaged
	}
	if binary.BigEndian.Uint32(version) > fileVersion {
		return errNewer
	}
	if list == nil || len(count) != 4 {
		return errDamaged
	}
	if value := meta.Get(keySettings); value != nil {
		text, err := unseal(value)
		if err != nil || !json.Valid(text) {
			return errDamaged
		}
		all.settings = slices.Clone(text)
	}
	most := tx.Size() / recordLeast // a damaged count may be any
	all.records = make([]Record, 0, min(int64(binary.BigEndian.Uint32(count)), most))
	last := []byte(nil)
	err := list.ForEach(func(id, value []byte) error {
		r, err := parse(tx, id, value)
		if err == nil && bytes.Compare(last, id) >= 0 {
			err = errDamaged
		}
		if err == nil {
			all.records = append(all.records, r)
		}
		last = id
		return err
	})
	if err == nil && len(all.records) != int(binary.BigEndian.Uint32(count)) {
		err = errDamaged
	}
	return err
}

// rebuild sets the file aside unless it is fresh, and makes a new one of what
// could be read and of the saved .torrent files.
func (s *Store) rebuild(all found, why reason) (notice string, err error) {
	aside := ""
	if why != fresh {
		if aside, err = s.setAside(why); err != nil {
			return "", err
		}
	}
	var backup time.Time
	if why != fresh || len(s.saved(nil)) > 0 { // a list is lost
		backup = s.fromBackup(&all)
	}
	for i := range all.records {
		all.records[i].Recheck = true
	}
	all.records = append(all.records, s.saved(all.records)...)
	if err := s.fill(all); err != nil {
		return "", fmt.Errorf("rebuild the list of torrents: %w", err)
	}
	notice = describe(why, aside, len(all.records))
	switch {
	case !backup.IsZero():
		notice += " Settings and choices that were lost are those of the backup of " + backup.Local().Format(backupDate) + "."
	case why != fresh && all.settings == nil:
		notice += " The settings are back at their defaults."
	}
	return notice, nil
}

// setAside renames the file and opens a new one in its place.
func (s *Store) setAside(why reason) (string, error) {
	if err := s.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return "", fmt.Errorf("set %s aside: %w", s.path(), err)
	}
	suffix := map[reason]string{damaged: ".bad-", newer: ".newer-", replaced: ".before-restore-"}[why]
	stem := s.path() + suffix + time.Now().Format("20060102-150405")
	aside := stem
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s-%d", stem, n)
	}
	if err := os.Rename(s.path(), aside); err != nil {
		return "", fmt.Errorf("set the file aside: %w", err)
	}
	s.db, s.file, s.broken, s.read = nil, nil, false, nil
	return aside, s.open()
}

func describe(why reason, aside string, torrents int) string {
	what := fmt.Sprintf(" Its %d torrents were found again, and their data is being checked.", torrents)
	switch torrents {
	case 0:
		what = " No torrents were found in it."
	case 1:
		what = " One torrent was found again, and its data is being checked."
	}
	switch {
	case why == newer:
		return "The list of torrents was written by a newer version of Piecewise, which this one cannot read." +
			what + " The old file was kept as " + aside + "."
	case why == damaged:
		return "The list of torrents was damaged." + what + " The old file was kept as " + aside + "."
	case torrents > 0:
		return "The list of torrents was missing." + what
	}
	return ""
}
