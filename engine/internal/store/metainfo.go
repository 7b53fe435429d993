package store

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// torrents is the folder of the profile where the metainfo is kept.
const torrents = "torrents"

const keyOurs = "piecewise"

// origin is what a saved .torrent file tells besides its metainfo, under
// keyOurs: enough to find and never harm the data again.
type origin struct {
	Added   int64             `bencode:"added"` // Unix time, seconds
	Dir     string            `bencode:"dir"`
	Final   string            `bencode:"final,omitempty"`
	Foreign []int             `bencode:"foreign"`
	Moving  string            `bencode:"moving,omitempty"`
	Names   map[string]string `bencode:"names,omitempty"` // by the file's index, in decimal
	Paused  int               `bencode:"paused"`
	Title   string            `bencode:"title,omitempty"`
}

func originOf(r Record) origin {
	o := origin{Dir: r.Dir, Final: r.Final, Foreign: r.Foreign, Moving: r.Moving, Title: r.Title}
	if !r.Added.IsZero() {
		o.Added = r.Added.Unix()
	}
	if r.Paused {
		o.Paused = 1
	}
	for i, name := range r.Names {
		if o.Names == nil {
			o.Names = make(map[string]string, len(r.Names))
		}
		o.Names[strconv.Itoa(i)] = name
	}
	return o
}

// fill puts what o tells into r.
func (o origin) fill(r *Record) {
	r.Dir, r.Final, r.Moving, r.Title = o.Dir, o.Final, o.Moving, o.Title
	r.Foreign, r.Paused = o.Foreign, o.Paused != 0
	if o.Added != 0 {
		r.Added = time.Unix(o.Added, 0).UTC()
	}
	for index, name := range o.Names {
		i, err := strconv.ParseUint(index, 10, 31)
		if err != nil {
			continue // not from us: only the path of a file that is found nowhere
		}
		if r.Names == nil {
			r.Names = make(map[int]string, len(o.Names))
		}
		r.Names[int(i)] = name
	}
}

func (s *Store) metainfoPath(id [20]byte) string {
	return filepath.Join(s.profile, torrents, hex.EncodeToString(id[:])+".torrent")
}

// Metainfo returns the saved .torrent file of a torrent: its info dictionary is
// exactly the one that was saved, the outer dictionary has one more key. The
// error is fs.ErrNotExist if none was saved.
func (s *Store) Metainfo(id [20]byte) ([]byte, error) {
	raw, err := os.ReadFile(s.metainfoPath(id))
	if err == nil {
		_, err = outer(raw, id)
	}
	if err != nil {
		return nil, fmt.Errorf("read metainfo: %w", err)
	}
	return raw, nil
}

// outer returns the values of the outer dictionary, once it is certain that
// the info dictionary is the one of id.
func outer(raw []byte, id [20]byte) (map[string]bencode.Bytes, error) {
	var dict map[string]bencode.Bytes
	err := bencode.Unmarshal(raw, &dict)
	if err != nil && !errors.As(err, new(bencode.ErrUnusedTrailingBytes)) { // many files end in a line break
		return nil, err
	}
	if v2 := sha256.Sum256(dict["info"]); sha1.Sum(dict["info"]) != id && [20]byte(v2[:]) != id {
		return nil, errors.New("the info dictionary does not match the info hash")
	}
	return dict, nil
}

// SaveMetainfo keeps the .torrent file raw of r, with r's folder, so that the
// list can be rebuilt from it. It replaces what was saved before, at once.
func (s *Store) SaveMetainfo(r Record, raw []byte) error {
	dict, err := outer(raw, r.ID)
	if err != nil {
		return fmt.Errorf("save metainfo: %w", err)
	}
	if dict[keyOurs], err = bencode.Marshal(originOf(r)); err != nil {
		return fmt.Errorf("save metainfo: %w", err)
	}
	out, err := bencode.Marshal(dict)
	if err == nil {
		_, err = outer(out, r.ID)
	}
	if err == nil {
		err = replace(s.metainfoPath(r.ID), out)
	}
	if err != nil {
		return fmt.Errorf("save metainfo: %w", err)
	}
	return nil
}

// Relocate keeps in the saved .torrent file where r's data is now and what it is
// called. It does nothing if none is saved.
func (s *Store) Relocate(r Record) error {
	raw, err := s.Metainfo(r.ID)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.SaveMetainfo(r, raw)
}

// DropMetainfo takes the saved .torrent file away, if there is one. It is kept beside
// the backups, if there are any, until the torrent is in none of them.
func (s *Store) DropMetainfo(id [20]byte) error {
	var err error
	if len(backupNames(s.profile)) > 0 {
		err = os.Rename(s.metainfoPath(id), s.keptMetainfo(id))
	} else {
		err = os.Remove(s.metainfoPath(id))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("drop metainfo: %w", err)
	}
	return nil
}

const temporary = ".tmp"

// replace puts a file at path that is there as a whole or not at all, whatever
// happens meanwhile.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "*"+temporary)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name last. Windows has no call for it.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		err = nil // not all file systems can
	}
	return errors.Join(err, folder.Close())
}

// removeTemporary removes what an interrupted replace left.
func (s *Store) removeTemporary() {
	// The pattern is sound, and a file that cannot be removed does no harm.
	left, _ := filepath.Glob(filepath.Join(s.profile, torrents, "*"+temporary))
	for _, path := range left {
		_ = os.Remove(path)
	}
}

// saved makes records of the .torrent files whose torrents are not known. One
// that cannot be read is left out.
func (s *Store) saved(known []Record) []Record {
	seen := make(map[[20]byte]bool)
	for _, r := range known {
		seen[r.ID] = true
	}
	entries, _ := os.ReadDir(filepath.Join(s.profile, torrents)) // Open has made the folder
	var out []Record
	for _, e := range entries {
		stem, ok := strings.CutSuffix(e.Name(), ".torrent")
		id, err := hex.DecodeString(stem)
		if !ok || err != nil || len(id) != 20 || seen[[20]byte(id)] {
			continue
		}
		if r, err := s.restore([20]byte(id)); err == nil {
			out = append(out, r)
		}
	}
	return out
}

// restore makes a record of a saved .torrent file.
func (s *Store) restore(id [20]byte) (Record, error) {
	raw, err := s.Metainfo(id)
	if err != nil {
		return Record{}, err
	}
	var m struct {
		Announce     string     `bencode:"announce,omitempty"`
		AnnounceList [][]string `bencode:"announce-list,omitempty"`
		Info         struct {
			Name   string `bencode:"name"`
			Pieces string `bencode:"pieces"`
		} `bencode:"info"`
		Origin origin `bencode:"piecewise"`
	}
	if err := bencode.Unmarshal(raw, &m); err != nil {
		return Record{}, err
	}
	if m.Origin.Dir == "" {
		return Record{}, errors.New("it does not tell its folder")
	}
	r := Record{
		ID: id, Name: m.Info.Name, Pieces: max(1, len(m.Info.Pieces)/20), // of a v2 torrent it is not told
		Trackers: m.AnnounceList, Recheck: true,
	}
	m.Origin.fill(&r)
	if len(r.Trackers) == 0 && m.Announce != "" {
		r.Trackers = [][]string{{m.Announce}}
	}
	return r, nil
}
