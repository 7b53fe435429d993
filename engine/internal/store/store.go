// Package store keeps resume data and settings in one bbolt file of the
// profile, and the metainfo of each torrent beside it as
// torrents/<info hash>.torrent.
//
// All calls must come from one goroutine: bbolt maps its file, so a damaged one
// can be a memory fault, and that only becomes an error on the goroutine which
// asked for it. Every call but Metainfo waits for the disk to have it. After an
// error that says the file is damaged the store takes nothing more; the next
// Open repairs it.
//
// # What can be lost
//
// A call that has returned is on the disk; one that a crash or a power cut interrupts
// has happened as a whole or not at all. So what can be lost is the work of the
// seconds between two calls of Put, never a torrent that is in the list. A Record
// says no more than what was true of the files when it was put: who puts it has synced
// them before.
//
// A file that cannot be used is set aside, never deleted, and the list is made anew
// from what can still be read, from the newest backup, and from the saved .torrent
// files, which for that carry where their data is. Then no piece is believed before it
// is hashed.
//
// # What is written
//
// Put writes the whole record. What it has of many files, their stamps, is apart from it
// and written only where it has changed. Of a torrent that was removed with its files
// left where they are the record is kept for a while (Remove, Kept), a bounded number of
// them: it tells which files are ours if the torrent comes back.
//
// # Backups
//
// Backup copies the file once a day if anything in it has changed, and the newest
// seven are kept; the metainfo of a torrent that was removed is kept as long as it is
// in one of them. AskRestore has the next Open put one in the place of the file, which
// is set aside. Torrents that are in both keep what is known of their data.
package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterr "go.etcd.io/bbolt/errors"
)

// ErrInUse is returned by Open while another process has the profile's file.
var ErrInUse = errors.New("the profile is in use by another process")

var errDamaged = errors.New("the file is damaged")

// fileVersion is raised when older programs would misread the file.
const fileVersion = 5

var (
	bucketMeta     = []byte("meta")
	bucketTorrents = []byte("torrents") // by info hash
	keyCount       = []byte("count")    // of records: a damaged page may show too few
	keySettings    = []byte("settings")
	keyVersion     = []byte("version") // the last key, so none before it can get lost unseen
)

// Store is an open profile.
type Store struct {
	profile string
	alive   Alive
	db      *bolt.DB
	file    *os.File // db's; all that can be closed once db has panicked
	broken  bool     // db has panicked, and may hold its own locks for ever
	read    []Record // all there are, as Open found them, until they change or are asked for
}

// Open opens the profile folder, and makes it if it is missing. The notice is a
// text for the user if something had to be set aside or rebuilt, else "". The
// error is ErrInUse if another process has the profile.
func Open(profile string) (*Store, string, error) {
	if err := os.MkdirAll(filepath.Join(profile, torrents), 0o700); err != nil {
		return nil, "", fmt.Errorf("make profile: %w", err)
	}
	s := &Store{profile: profile}
	s.removeTemporary()
	found, reason, err := s.load()
	if reason == sound {
		s.read = found.records
	}
	if err != nil {
		return nil, "", err
	}
	notice := ""
	if reason != sound {
		notice, err = s.rebuild(found, reason)
	}
	if err == nil {
		var restored string
		if restored, err = s.restoreAsked(found); restored != "" {
			notice = restored
		}
	}
	boot := bootID()
	if err == nil {
		err = s.noteCrash(boot)
	}
	if err != nil {
		return nil, "", errors.Join(err, s.Close())
	}
	s.alive.begin(profile, boot)
	return s, notice, nil
}

// Alive returns what is to be told of every write to a torrent's file.
func (s *Store) Alive() *Alive { return &s.alive }

func (s *Store) path() string { return filepath.Join(s.profile, "piecewise.db") }

// open opens or creates the bbolt file.
func (s *Store) open() error {
	err := s.guard(func() (err error) {
		s.db, err = bolt.Open(s.path(), 0o600, &bolt.Options{
			Timeout: 300 * time.Millisecond, OpenFile: s.openFile,
		})
		return err
	})
	if errors.Is(err, bolterr.ErrTimeout) {
		return ErrInUse
	}
	return err
}

// openFile remembers the first file that bbolt opens; others are for copies.
func (s *Store) openFile(name string, flag int, perm os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if s.file == nil {
		s.file = f
	}
	return f, err
}

// guard runs f, and makes an error of a panic or memory fault in it.
func (s *Store) guard(f func() error) (err error) {
	if s.broken {
		return errDamaged
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			s.broken = true
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return f()
}

// Close closes the file; the store cannot be used afterwards.
func (s *Store) Close() error {
	s.alive.close()
	if s.broken {
		return errors.Join(unlock(s.file), s.file.Close())
	}
	if s.db == nil {
		return nil
	}
	return s.guard(s.db.Close)
}

// Records returns all records in the order in which they were added, those of
// the same moment by ID.
func (s *Store) Records() ([]Record, error) {
	out, err := s.known()
	s.read = nil // they are the caller's now
	sortRecords(out)
	return out, err
}

// known returns all records, those that Open has just read without reading them again.
func (s *Store) known() ([]Record, error) {
	if s.read != nil {
		return s.read, nil
	}
	var out []Record
	err := s.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketTorrents).ForEach(func(id, value []byte) error {
			r, err := parse(tx, id, value)
			out = append(out, r)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return out, nil
}

func sortRecords(list []Record) {
	slices.SortFunc(list, func(a, b Record) int {
		return cmp.Or(a.Added.Compare(b.Added), bytes.Compare(a.ID[:], b.ID[:]))
	})
}

// parse reads the value stored under the key id, with the stamps that are apart.
func parse(tx *bolt.Tx, id, value []byte) (Record, error) {
	body, err := unseal(value)
	if err != nil {
		return Record{}, fmt.Errorf("record %x: %w", id, err)
	}
	r, apart, err := decode(body)
	if err == nil && !bytes.Equal(r.ID[:], id) {
		err = errRecord
	}
	if err == nil && apart > 0 {
		r.Stamps, err = stampsOf(tx, r.ID, apart)
	}
	if err != nil {
		return Record{}, fmt.Errorf("record %x: %w", id, err)
	}
	return r, nil
}

// Put stores the changed records and removes those of the given IDs, all or
// nothing. It returns when the disk has them.
func (s *Store) Put(changed []Record, removed [][20]byte) error {
	return s.put(changed, removed, func(*bolt.Tx) error { return nil })
}

// put does so, and what else is to happen with it.
func (s *Store) put(changed []Record, removed [][20]byte, and func(*bolt.Tx) error) error {
	err := s.update(func(tx *bolt.Tx) error {
		if err := and(tx); err != nil {
			return err
		}
		meta, list := tx.Bucket(bucketMeta), tx.Bucket(bucketTorrents)
		count := binary.BigEndian.Uint32(meta.Get(keyCount))
		for _, r := range changed {
			if list.Get(r.ID[:]) == nil {
				count++
			}
			if err := putRecord(tx, list, r); err != nil {
				return err
			}
		}
		for _, id := range removed {
			if list.Get(id[:]) != nil {
				count--
			}
			if err := deleteRecord(tx, list, id); err != nil {
				return err
			}
		}
		if err := meta.Put(keyCount, binary.BigEndian.AppendUint32(nil, count)); err != nil {
			return err
		}
		return meta.Put(keyVersion, binary.BigEndian.AppendUint32(nil, fileVersion)) // it may have been an older one's
	})
	if err != nil {
		return fmt.Errorf("store records: %w", err)
	}
	return nil
}

// putRecord writes a record, and its stamps where they are.
func putRecord(tx *bolt.Tx, list *bolt.Bucket, r Record) error {
	if err := putStamps(tx, r, partsNow(list, r.ID)); err != nil {
		return err
	}
	return list.Put(r.ID[:], seal(encode(r)))
}

func deleteRecord(tx *bolt.Tx, list *bolt.Bucket, id [20]byte) error {
	if err := putStamps(tx, Record{ID: id}, partsNow(list, id)); err != nil {
		return err
	}
	return list.Delete(id[:])
}

// partsNow returns in how many values the stamps of a torrent are.
func partsNow(list *bolt.Bucket, id [20]byte) int {
	body, err := unseal(list.Get(id[:]))
	if err != nil {
		return 0
	}
	_, apart, err := decode(body)
	if err != nil {
		return 0
	}
	return partsOf(apart)
}

// Settings reads the settings into v, a pointer, as encoding/json does. Without
// any it leaves v as it is.
func (s *Store) Settings(v any) error {
	err := s.view(func(tx *bolt.Tx) error {
		value := tx.Bucket(bucketMeta).Get(keySettings)
		if value == nil {
			return nil
		}
		text, err := unseal(value)
		if err != nil {
			return err
		}
		return json.Unmarshal(text, v)
	})
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	return nil
}

// PutSettings stores v as JSON and returns when the disk has it.
func (s *Store) PutSettings(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("store settings: %w", err)
	}
	err = s.update(func(tx *bolt.Tx) error {
		return tx.Bucket(bucketMeta).Put(keySettings, seal(text))
	})
	if err != nil {
		return fmt.Errorf("store settings: %w", err)
	}
	return nil
}

func (s *Store) view(f func(*bolt.Tx) error) error {
	return s.guard(func() error { return s.db.View(f) })
}

func (s *Store) update(f func(*bolt.Tx) error) error {
	s.read = nil
	return s.guard(func() error { return s.db.Update(f) })
}

// found is what a file holds, as far as it can be read.
type found struct {
	records  []Record
	settings []byte // JSON; nil if there are none
}

// fill makes the buckets of a new file and puts everything in, with the version:
// a file without that was never filled.
func (s *Store) fill(all found) error {
	return s.update(func(tx *bolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists(bucketMeta)
		if err != nil {
			return err
		}
		list, err := tx.CreateBucketIfNotExists(bucketTorrents)
		if err != nil {
			return err
		}
		for _, r := range all.records {
			if err := putRecord(tx, list, r); err != nil {
				return err
			}
		}
		if all.settings != nil {
			if err := meta.Put(keySettings, seal(all.settings)); err != nil {
				return err
			}
		}
		count := binary.BigEndian.AppendUint32(nil, uint32(len(all.records)))
		if err := meta.Put(keyCount, count); err != nil {
			return err
		}
		return meta.Put(keyVersion, binary.BigEndian.AppendUint32(nil, fileVersion))
	})
}
