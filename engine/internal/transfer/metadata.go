package transfer

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// The messages of BEP 9, and how the metadata of one peer is put together.

const (
	metadataChunk = 16 << 10
	maxMetadata   = 64 << 20 // bytes; as the gate has it
	metadataAhead = 8        // chunks that a peer is asked for at once
)

// The types of messages about metadata.
const (
	metadataRequest = iota
	metadataData
	metadataReject
)

// metadataMessage is a message about metadata. None of it has been checked.
type metadataMessage struct {
	Type  int64  `bencode:"msg_type"`
	Piece int64  `bencode:"piece"`
	data  []byte // behind the dictionary
}

// parseMetadata reads a message about metadata.
func parseMetadata(b []byte) (m metadataMessage, ok bool) {
	m.Type, m.Piece = -1, -1
	err := bencode.Unmarshal(b, &m)
	if trailing, is := err.(bencode.ErrUnusedTrailingBytes); is {
		m.data, err = b[len(b)-trailing.NumUnusedBytes:], nil
	}
	return m, err == nil && m.Type >= 0 && m.Piece >= 0
}

// appendMetadata adds a message about a chunk to b, without its data.
func appendMetadata(b []byte, kind, chunk, size int) []byte {
	if kind == metadataData {
		return fmt.Appendf(b, "d8:msg_typei%de5:piecei%de10:total_sizei%dee", kind, chunk, size)
	}
	return fmt.Appendf(b, "d8:msg_typei%de5:piecei%dee", kind, chunk)
}

// chunks returns how many chunks metadata has.
func chunks(size int) int { return (size + metadataChunk - 1) / metadataChunk }

// isMetadata reports whether b is the metadata of the torrent with this ID, a v1 info
// hash or a v2 one cut short, and this v2 info hash, unless that is zero.
func isMetadata(b []byte, id [20]byte, v2 [32]byte) bool {
	sum := sha256.Sum256(b)
	if v2 != [32]byte{} && sum != v2 {
		return false
	}
	return [20]byte(sum[:]) == id || sha1.Sum(b) == id
}

// delivery is the metadata that comes from one peer, so it is clear who is wrong. What
// it holds in memory is what has come.
type delivery struct {
	size   int // bytes, as the peer says
	chunks [][]byte
	asked  int // chunks, in order
	came   int // of them
	since  time.Time
	heard  time.Time // when the last chunk came
}

func newDelivery(size int, now time.Time) *delivery {
	return &delivery{size: size, chunks: make([][]byte, chunks(size)), since: now, heard: now}
}

// next returns the chunk that is to be asked for now, if there is one.
func (s *delivery) next() (chunk int, ok bool) {
	if s.asked == len(s.chunks) || s.asked-s.came == metadataAhead {
		return 0, false
	}
	s.asked++
	return s.asked - 1, true
}

// take keeps a copy of a chunk, false if it was not asked for or has a wrong length.
func (s *delivery) take(m metadataMessage, now time.Time) bool {
	if m.Piece >= int64(s.asked) || s.chunks[m.Piece] != nil {
		return false
	}
	if len(m.data) != min(metadataChunk, s.size-int(m.Piece)*metadataChunk) {
		return false
	}
	s.chunks[m.Piece] = slices.Clone(m.data)
	s.came++
	s.heard = now
	return true
}

// whole returns all of it, nil while chunks are missing.
func (s *delivery) whole() []byte {
	if s.came < len(s.chunks) {
		return nil
	}
	return slices.Concat(s.chunks...)
}

// silent reports whether nothing comes any more.
func (s *delivery) silent(now time.Time) bool { return now.Sub(s.heard) > metadataPatience }

// slow reports whether it would not come soon.
func (s *delivery) slow(now time.Time) bool {
	age := now.Sub(s.since)
	return age > 2*metadataPatience && float64(s.came)*soon.Seconds() < age.Seconds()*float64(len(s.chunks))
}

const (
	metadataPatience = 10 * time.Second
	soon             = 2 * time.Minute
)
