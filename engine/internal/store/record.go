package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"time"
)

// Record is what is kept of one torrent besides its metainfo. Its slices and maps
// are shared by its copies, so they are replaced and never changed in place.
type Record struct {
	ID              [20]byte
	Name, Dir       string
	Added, Finished time.Time // UTC, whole microseconds; zero if not yet
	Paused          bool
	Fault           string     // why it stopped by itself, or ""
	Have            []byte     // bitfield of the verified pieces (BEP 3); nil is none
	Pieces          int        // 0 without metadata
	Priorities      []byte     // per file; nil is all normal
	Downloaded      int64      // payload bytes in its whole life
	Uploaded        int64      // payload bytes in its whole life
	Foreign         []int      // files that were there before it was added
	Trackers        [][]string // by tier, BEP 12
	Magnet          string     // the link, while the metadata is not known
	Recheck         bool       // Have is not to be believed: hash first
	Options         []byte     // the user's choices, in the caller's own form; nil is none

	Title  string         // the user's name for it; "" is Name
	Names  map[int]string // files that are elsewhere below Dir than the metainfo's safe path says: index to slash path; nil is none
	Final  string         // the folder that it is moved to once complete, while Dir is another; else ""
	Moving string         // the folder that a move under way goes to; else ""
	Stamps []Stamp        // per file, as of this record; nil is not known
	Live   time.Time      // UTC, whole microseconds: when this was recorded, if its files might be written after it; else zero
	Wrote  time.Time      // likewise, after a crash: until when they were written; Open finds it out

	Outline Outline // what the list shows of the metainfo, which is not read for that
}

// Outline is what the list and the control plane need of a torrent's metainfo, as it
// was when it was last read. The zero value says that it must be read.
type Outline struct {
	HashV1  [20]byte // SHA-1 of the info dictionary; zero if it is v2 only
	HashV2  [32]byte // SHA-256 of it; zero if it is v1 only
	Private bool     // BEP 27
	Size    int64    // bytes of all files
	Wanted  int64    // bytes of the pieces that are wanted
	There   int64    // verified bytes of those
}

// Stamp tells whether a file was changed.
type Stamp struct {
	Size int64  // bytes; -1 if there was no file
	Time int64  // of its last change, Unix time in nanoseconds
	Node uint64 // its number in the file system; 0 is not known
}

// recordVersion begins every encoded record. Older versions are still read: the
// first ends before the options, the second after them, the third before the outline;
// the fourth has all stamps in it, however many they are.
const recordVersion = 5

// recordLeast is how many bytes a record has at least.
const recordLeast = 90

// encode returns r, without stamps that are apart, in a form of which there is exactly
// one for every record: numbers of fixed width in big-endian order, everything else
// behind its length.
func encode(r Record) []byte {
	b := append(make([]byte, 0, 256+len(r.Have)+len(r.Priorities)), recordVersion)
	b = append(b, r.ID[:]...)
	b = appendText(b, r.Name)
	b = appendText(b, r.Dir)
	b = appendTime(b, r.Added)
	b = appendTime(b, r.Finished)
	b = appendBool(b, r.Paused)
	b = appendText(b, r.Fault)
	b = appendText(b, string(r.Have))
	b = binary.BigEndian.AppendUint32(b, uint32(r.Pieces))
	b = appendText(b, string(r.Priorities))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Downloaded))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Uploaded))
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Foreign)))
	for _, i := range r.Foreign {
		b = binary.BigEndian.AppendUint32(b, uint32(i))
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Trackers)))
	for _, tier := range r.Trackers {
		b = binary.BigEndian.AppendUint32(b, uint32(len(tier)))
		for _, url := range tier {
			b = appendText(b, url)
		}
	}
	b = appendText(b, r.Magnet)
	b = appendBool(b, r.Recheck)
	b = appendText(b, string(r.Options))
	b = appendText(b, r.Title)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Names)))
	for _, i := range slices.Sorted(maps.Keys(r.Names)) {
		b = binary.BigEndian.AppendUint32(b, uint32(i))
		b = appendText(b, r.Names[i])
	}
	b = appendText(b, r.Final)
	b = appendText(b, r.Moving)
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Stamps)))
	if len(r.Stamps) <= stampsApart {
		for _, st := range r.Stamps {
			b = appendStamp(b, st)
		}
	}
	b = appendTime(b, r.Live)
	b = appendTime(b, r.Wrote)
	return appendOutline(b, r.Outline)
}

func appendOutline(b []byte, o Outline) []byte {
	b = append(b, o.HashV1[:]...)
	b = append(b, o.HashV2[:]...)
	b = appendBool(b, o.Private)
	for _, n := range []int64{o.Size, o.Wanted, o.There} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendTime(b []byte, t time.Time) []byte {
	n := int64(0)
	if !t.IsZero() {
		n = t.UnixMicro()
	}
	return binary.BigEndian.AppendUint64(b, uint64(n))
}

var errRecord = errors.New("malformed record")

// decode reads what encode makes, or made in an older version, and nothing else, and
// returns how many stamps are apart. It takes no more memory than a small multiple of
// the bytes given.
func decode(b []byte) (r Record, apart int, err error) {
	c := cursor{rest: b}
	version := c.byte()
	if c.err == nil && (version < 1 || version > recordVersion) {
		return Record{}, 0, fmt.Errorf("record version %d, not 1 to %d", version, recordVersion)
	}
	copy(r.ID[:], c.take(len(r.ID)))
	r.Name, r.Dir = string(c.text()), string(c.text())
	r.Added, r.Finished = c.time(), c.time()
	r.Paused = c.bool()
	r.Fault = string(c.text())
	r.Have = c.bytes()
	r.Pieces = c.int()
	r.Priorities = c.bytes()
	r.Downloaded, r.Uploaded = int64(c.uint64()), int64(c.uint64())
	for range c.count() {
		r.Foreign = append(r.Foreign, c.int())
	}
	for range c.count() {
		var tier []string
		for range c.count() {
			tier = append(tier, string(c.text()))
		}
		r.Trackers = append(r.Trackers, tier)
	}
	r.Magnet = string(c.text())
	r.Recheck = c.bool()
	if version >= 2 {
		r.Options = c.bytes()
	}
	if version >= 3 {
		r.Title = string(c.text())
		r.Names = c.names()
		r.Final, r.Moving = string(c.text()), string(c.text())
		r.Stamps, apart = c.stamps(version)
		r.Live, r.Wrote = c.time(), c.time()
	}
	if version >= 4 {
		r.Outline = c.outline()
	}
	if c.err != nil || len(c.rest) > 0 || len(r.Have) > 0 && len(r.Have) != (r.Pieces+7)/8 {
		return Record{}, 0, errRecord
	}
	return r, apart, nil
}

// cursor reads from the front of rest until err is set; then it returns zeros.
type cursor struct {
	rest []byte
	err  error
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n > len(c.rest) {
		c.err = errRecord
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (c *cursor) uint64() uint64 {
	if b := c.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (c *cursor) int() int {
	n := c.uint32()
	if n > math.MaxInt32 {
		c.err = errRecord
		return 0
	}
	return int(n)
}

// count reads how many values follow, each at least four bytes long.
func (c *cursor) count() int {
	n := c.int()
	if n > len(c.rest)/4 {
		c.err = errRecord
	}
	if c.err != nil {
		return 0
	}
	return n
}

// names reads paths by index. The indices must ascend, for there is one form only.
func (c *cursor) names() map[int]string {
	var names map[int]string
	last := -1
	for range c.count() {
		i, name := c.int(), string(c.text())
		if i <= last {
			c.err = errRecord
		}
		if c.err != nil {
			return nil
		}
		if names == nil {
			names = make(map[int]string)
		}
		names[i], last = name, i
	}
	return names
}

// stamps reads those in the record, or how many are apart.
func (c *cursor) stamps(version byte) (stamps []Stamp, apart int) {
	n := c.int()
	if version >= 5 && n > stampsApart {
		if n > stampsMost {
			c.err = errRecord
		}
		return nil, n
	}
	for range n {
		if stamps = append(stamps, c.stamp()); c.err != nil {
			return nil, 0
		}
	}
	return stamps, 0
}

func (c *cursor) stamp() Stamp {
	return Stamp{Size: int64(c.uint64()), Time: int64(c.uint64()), Node: c.uint64()}
}

func (c *cursor) outline() (o Outline) {
	copy(o.HashV1[:], c.take(len(o.HashV1)))
	copy(o.HashV2[:], c.take(len(o.HashV2)))
	o.Private = c.bool()
	o.Size, o.Wanted, o.There = int64(c.uint64()), int64(c.uint64()), int64(c.uint64())
	return o
}

func (c *cursor) text() []byte { return c.take(c.int()) }

func (c *cursor) bytes() []byte { return append([]byte(nil), c.text()...) }

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) bool() bool {
	b := c.byte()
	if b > 1 {
		c.err = errRecord
	}
	return b == 1
}

func (c *cursor) time() time.Time {
	n := int64(c.uint64())
	if n == 0 {
		return time.Time{}
	}
	t := time.UnixMicro(n).UTC()
	if t.UnixMicro() != n || t.IsZero() {
		c.err = errRecord
	}
	return t
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal appends a checksum: bbolt has none for its pages.
func seal(b []byte) []byte {
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func unseal(b []byte) ([]byte, error) {
	n := len(b) - 4
	if n < 0 || crc32.Checksum(b[:n], castagnoli) != binary.BigEndian.Uint32(b[n:]) {
		return nil, errors.New("wrong checksum")
	}
	return b[:n], nil
}
