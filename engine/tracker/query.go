package tracker

import (
	"bytes"
	"errors"
	"hash/maphash"
	"net/netip"
	"strconv"
)

const (
	defaultWant = 50
	maxWant     = 200
	maxScrape   = 100 // info hashes of one request
)

// event is what an announce tells besides its numbers.
type event uint8

const (
	ordinary event = iota
	completed
	stopped
)

// announcement is an announce that was found good.
type announcement struct {
	hash, id [20]byte
	addr     netip.AddrPort
	key      uint32
	event    event
	kind     kind
	want     int
	only     int  // the width of the addresses that are wanted; 0 for both
	listed   bool // peers as a list of dictionaries instead of compact
	nameless bool // without their IDs
	passing  bool // the peer is told of others, but not taken in
	view     view
}

var (
	errHash   = errors.New("info_hash is not 20 bytes")
	errID     = errors.New("peer_id is not 20 bytes")
	errPort   = errors.New("port is not a port")
	errLeft   = errors.New("left is not a number of bytes")
	errEscape = errors.New("the query is not escaped rightly")
	errScrape = errors.New("info_hash is not 20 bytes, or there are too many")
)

// asked are the texts of an announce's query, as far as anybody asks for them. The
// first of a name counts.
type asked struct {
	hash, id, port, left, event, want, compact, nameless, key, ip []byte
}

func (q *asked) field(name []byte) *[]byte {
	switch string(name) {
	case "info_hash":
		return &q.hash
	case "peer_id":
		return &q.id
	case "port":
		return &q.port
	case "left":
		return &q.left
	case "event":
		return &q.event
	case "numwant":
		return &q.want
	case "compact":
		return &q.compact
	case "no_peer_id":
		return &q.nameless
	case "key":
		return &q.key
	case "ip":
		return &q.ip
	}
	return nil
}

// each calls f for the parameters of a query with their values unescaped, in place;
// the query is of no use afterwards.
func each(query []byte, f func(name, value []byte) error) error {
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		value, ok := unescape(value)
		if !ok {
			return errEscape
		}
		if err := f(name, value); err != nil {
			return err
		}
	}
	return nil
}

// unescape does so in place.
func unescape(s []byte) ([]byte, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if i+2 >= len(s) {
				return nil, false
			}
			hi, lo := nibble(s[i+1]), nibble(s[i+2])
			if hi > 15 || lo > 15 {
				return nil, false
			}
			c = hi<<4 | lo
			i += 2
		}
		s[n] = c
		n++
	}
	return s[:n], true
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

// parseAnnounce reads the query of an announce that came from an address. A missing
// `left` makes a leech.
func parseAnnounce(query []byte, from netip.Addr) (announcement, error) {
	var q asked
	err := each(query, func(name, value []byte) error {
		if f := q.field(name); f != nil && *f == nil {
			*f = value
		}
		return nil
	})
	if err != nil {
		return announcement{}, err
	}
	port, portErr := strconv.ParseUint(string(q.port), 10, 16)
	left, leftErr := strconv.ParseInt(string(q.left), 10, 64)
	switch {
	case len(q.hash) != 20:
		return announcement{}, errHash
	case len(q.id) != 20:
		return announcement{}, errID
	case portErr != nil || port == 0:
		return announcement{}, errPort
	case q.left != nil && (leftErr != nil || left < 0):
		return announcement{}, errLeft
	}
	a := announcement{
		hash: [20]byte(q.hash), id: [20]byte(q.id), addr: netip.AddrPortFrom(sender(from, q.ip), uint16(port)),
		key: keyOf(q.key), want: defaultWant, listed: string(q.compact) == "0", nameless: string(q.nameless) == "1",
	}
	if n, err := strconv.Atoi(string(q.want)); err == nil && n >= 0 {
		a.want = min(n, maxWant)
	}
	a.set(string(q.event), q.left != nil && left == 0)
	return a, nil
}

// set takes an event as HTTP names it, and whether the peer has all.
func (a *announcement) set(name string, all bool) {
	switch name {
	case "stopped":
		a.event, a.want = stopped, 0
	case "completed":
		a.event = completed
	case "paused":
		a.kind = paused
	}
	if all {
		a.kind = seed
	}
}

// keyOf is what is kept of a key, 0 of none.
func keyOf(key []byte) uint32 {
	if len(key) == 0 {
		return 0
	}
	return uint32(maphash.Bytes(seeded, key)) | 1
}

// sender is the address of the peer: where the announce comes from. Who is on this
// machine may name another address of it.
func sender(from netip.Addr, told []byte) netip.Addr {
	if len(told) > 0 && len(told) < 40 && from.IsLoopback() {
		if other, err := netip.ParseAddr(string(told)); err == nil && other.Unmap().IsLoopback() {
			return other.Unmap().WithZone("")
		}
	}
	return from
}

// parseScrape reads the info hashes of a scrape's query, each once.
func parseScrape(query []byte) ([][20]byte, error) {
	var hashes [][20]byte
	err := each(query, func(name, value []byte) error {
		if string(name) != "info_hash" {
			return nil
		}
		if len(value) != 20 || len(hashes) == maxScrape {
			return errScrape
		}
		hashes = append(hashes, [20]byte(value))
		return nil
	})
	return hashes, err
}
