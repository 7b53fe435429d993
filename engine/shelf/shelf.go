// Package shelf makes profiles with long lists, for tests and benchmarks: torrents
// whose data is all there and takes no room, because it is nothing but zeros in
// files with holes.
package shelf

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"piecewise/engine/internal/store"
)

// Shelf says what is made.
type Shelf struct {
	Torrents    int
	Pieces      int        // of each torrent
	PieceLength int64      // bytes; 0 is 16 KiB
	Paused      bool       // they are stopped, else they seed
	Trackers    [][]string // of each torrent
	Old         bool       // their records have no outline, as those of older programs
}

const (
	defaultLength = 16 << 10
	added         = 1_700_000_000 // Unix time of the first one
	batch         = 1000          // torrents that are recorded at once
)

// Make writes a profile and, below dir, the torrents' files. It returns the info
// hashes in the order of the list.
func (s Shelf) Make(profile, dir string) ([][20]byte, error) {
	if s.PieceLength == 0 {
		s.PieceLength = defaultLength
	}
	st, _, err := store.Open(profile)
	if err != nil {
		return nil, fmt.Errorf("make profile: %w", err)
	}
	defer st.Close()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	zeros := sha1.Sum(make([]byte, s.PieceLength))
	hashes := bytes.Repeat(zeros[:], s.Pieces)
	have := bytes.Repeat([]byte{0xff}, (s.Pieces+7)/8)
	if rest := s.Pieces % 8; rest > 0 {
		have[len(have)-1] <<= 8 - rest
	}
	var ids [][20]byte
	var records []store.Record
	for i := range s.Torrents {
		r, err := s.one(profile, dir, i, hashes)
		if err != nil {
			return nil, err
		}
		r.Have = have
		ids, records = append(ids, r.ID), append(records, r)
		if len(records) == batch || i == s.Torrents-1 {
			if err := st.Put(records, nil); err != nil {
				return nil, fmt.Errorf("make profile: %w", err)
			}
			records = records[:0]
		}
	}
	return ids, nil
}

// Name is what the i-th torrent is called; so is its only file.
func Name(i int) string { return fmt.Sprintf("Torrent %05d", i) }

func (s Shelf) one(profile, dir string, i int, hashes []byte) (store.Record, error) {
	size := int64(s.Pieces) * s.PieceLength
	info := fmt.Appendf(nil, "d6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:", size, len(Name(i)), Name(i), s.PieceLength, len(hashes))
	info = append(append(info, hashes...), 'e')
	id := sha1.Sum(info)
	raw := append(append([]byte("d4:info"), info...), 'e')
	path := filepath.Join(profile, "torrents", hex.EncodeToString(id[:])+".torrent")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return store.Record{}, fmt.Errorf("save metainfo: %w", err)
	}
	if err := hollow(filepath.Join(dir, Name(i)), size); err != nil {
		return store.Record{}, fmt.Errorf("make data: %w", err)
	}
	at := time.Unix(added+int64(i), 0).UTC()
	r := store.Record{
		ID: id, Name: Name(i), Dir: dir, Added: at, Finished: at, Paused: s.Paused,
		Pieces: s.Pieces, Trackers: s.Trackers,
	}
	if !s.Old {
		r.Outline = store.Outline{HashV1: id, Size: size, Wanted: size, There: size}
	}
	return r, nil
}

// hollow makes a file of zeros that takes no room.
func hollow(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := f.Truncate(size); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
