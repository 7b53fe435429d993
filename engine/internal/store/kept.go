package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Of a torrent that is removed while its files stay its record is kept for some time:
// if it is added again, it tells which files are ours. It is no loss if it is gone: then
// they are taken for somebody else's. So a list that is rebuilt has none.

var bucketKept = []byte("kept") // by info hash: when, then the record and its stamps

const (
	keptMost  = 500     // records
	keptBytes = 8 << 20 // of all together
	keptEach  = 4 << 20 // larger ones are not kept
)

// Remove removes a torrent's record. If kept is not nil, that is what Kept returns from
// now on, until it is one of the oldest of too many; else nothing is kept of it.
func (s *Store) Remove(id [20]byte, kept *Record) error {
	return s.put(nil, [][20]byte{id}, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketKept)
		if err != nil {
			return err
		}
		if kept == nil {
			return b.Delete(id[:])
		}
		value := sealKept(*kept, time.Now())
		if len(value) > keptEach {
			return b.Delete(id[:])
		}
		if err := b.Put(id[:], value); err != nil {
			return err
		}
		return trimKept(b)
	})
}

// Kept returns what was kept of a torrent that was removed, or false.
func (s *Store) Kept(id [20]byte) (r Record, ok bool, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		if b := tx.Bucket(bucketKept); b != nil {
			r, ok = openKept(id, b.Get(id[:]))
		}
		return nil
	})
	if err != nil {
		return Record{}, false, fmt.Errorf("read what is known of files: %w", err)
	}
	return r, ok, nil
}

// KeptIDs returns of which torrents something was kept.
func (s *Store) KeptIDs() (ids [][20]byte, err error) {
	err = s.view(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketKept)
		if b == nil {
			return nil
		}
		return b.ForEach(func(id, _ []byte) error {
			if len(id) == 20 {
				ids = append(ids, [20]byte(id))
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read what is known of files: %w", err)
	}
	return ids, nil
}

func sealKept(r Record, now time.Time) []byte {
	b := appendTime(nil, now)
	b = appendText(b, string(encode(r)))
	for _, st := range r.Stamps {
		b = appendStamp(b, st)
	}
	return seal(b)
}

func openKept(id [20]byte, value []byte) (Record, bool) {
	body, err := unseal(value)
	if err != nil {
		return Record{}, false
	}
	c := cursor{rest: body}
	c.time()
	r, apart, err := decode(c.text())
	if err != nil || c.err != nil || !bytes.Equal(r.ID[:], id[:]) {
		return Record{}, false
	}
	n := len(c.rest) / stampBytes
	if n*stampBytes != len(c.rest) || apart > 0 && apart != n || apart == 0 && n != len(r.Stamps) {
		return Record{}, false
	}
	r.Stamps = nil
	for range n {
		r.Stamps = append(r.Stamps, c.stamp())
	}
	return r, true
}

// trimKept removes the oldest of too many.
func trimKept(b *bolt.Bucket) error {
	for {
		n, size, oldest := 0, 0, []byte(nil)
		first := uint64(1<<64 - 1)
		err := b.ForEach(func(id, value []byte) error {
			n, size = n+1, size+len(value)
			at := uint64(0) // a value that is too short goes first
			if len(value) >= 8 {
				at = binary.BigEndian.Uint64(value)
			}
			if oldest == nil || at < first {
				first, oldest = at, bytes.Clone(id)
			}
			return nil
		})
		if err != nil || n <= keptMost && size <= keptBytes {
			return err
		}
		if err := b.Delete(oldest); err != nil {
			return err
		}
	}
}
