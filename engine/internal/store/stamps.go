package store

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	bolt "go.etcd.io/bbolt"
)

// The stamps of a torrent of many files are not in its record, which is written every
// few seconds while pieces arrive: they are in a bucket of their own, some in a value
// of a page, and only those values are written in which something has changed. The
// record says how many there are.

var bucketStamps = []byte("stamps") // by info hash and, in four bytes, which value it is

const (
	stampBytes  = 24
	stampsApart = 64      // of more files they are not in the record
	stampsEach  = 128     // in one value
	stampsMost  = 1 << 20 // more than a torrent that is let in has files
)

func stampsKey(id [20]byte, part int) []byte {
	return binary.BigEndian.AppendUint32(id[:], uint32(part))
}

// partsOf returns in how many values n stamps are.
func partsOf(n int) int {
	if n <= stampsApart {
		return 0
	}
	return (n + stampsEach - 1) / stampsEach
}

// sealStamps returns a value: the stamps and a checksum, which is of the key as well,
// so that nothing can be taken for another's.
func sealStamps(key []byte, stamps []Stamp) []byte {
	b := make([]byte, 0, len(stamps)*stampBytes+4)
	for _, st := range stamps {
		b = appendStamp(b, st)
	}
	return binary.BigEndian.AppendUint32(b, stampsSum(key, b))
}

func stampsSum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

func appendStamp(b []byte, st Stamp) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(st.Size))
	b = binary.BigEndian.AppendUint64(b, uint64(st.Time))
	return binary.BigEndian.AppendUint64(b, st.Node)
}

// putStamps writes what has changed of the stamps of a record that had parts values.
func putStamps(tx *bolt.Tx, r Record, parts int) error {
	now := partsOf(len(r.Stamps))
	if now == 0 && parts == 0 {
		return nil
	}
	b, err := tx.CreateBucketIfNotExists(bucketStamps)
	if err != nil {
		return err
	}
	for part := range now {
		key := stampsKey(r.ID, part)
		end := min(len(r.Stamps), (part+1)*stampsEach)
		value := sealStamps(key, r.Stamps[part*stampsEach:end])
		if bytes.Equal(b.Get(key), value) {
			continue
		}
		if err := b.Put(key, value); err != nil {
			return err
		}
	}
	for part := now; part < parts; part++ {
		if err := b.Delete(stampsKey(r.ID, part)); err != nil {
			return err
		}
	}
	return nil
}

// stampsOf reads the n stamps that a record has apart.
func stampsOf(tx *bolt.Tx, id [20]byte, n int) ([]Stamp, error) {
	if n == 0 {
		return nil, nil
	}
	b := tx.Bucket(bucketStamps)
	if b == nil {
		return nil, errDamaged
	}
	var stamps []Stamp
	for part := range partsOf(n) {
		key := stampsKey(id, part)
		value := b.Get(key)
		size := min(stampsEach, n-part*stampsEach) * stampBytes
		if len(value) != size+4 || stampsSum(key, value[:size]) != binary.BigEndian.Uint32(value[size:]) {
			return nil, errDamaged
		}
		c := cursor{rest: value[:size]}
		for range size / stampBytes {
			stamps = append(stamps, c.stamp())
		}
	}
	return stamps, nil
}
