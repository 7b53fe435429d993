package dht

import (
	"encoding/binary"
	"net/netip"

	"github.com/anacrolix/torrent/bencode"
)

// maxPacket bounds what is read of a packet; longer ones are no messages.
const maxPacket = 4 << 10

// message is a packet of the DHT. None of one that came has been checked. Which program
// a node is (v) is not told, and nobody asks.
type message struct {
	T  string         `bencode:"t"`
	Y  string         `bencode:"y"`
	Q  string         `bencode:"q,omitempty"`
	A  *question      `bencode:"a,omitempty"`
	R  *answer        `bencode:"r,omitempty"`
	E  *bencode.Bytes `bencode:"e,omitempty"`
	IP string         `bencode:"ip,omitempty"` // of whom it is sent to (BEP 42)
	RO int            `bencode:"ro,omitempty"` // BEP 43
}

// question is the arguments of a query.
type question struct {
	ID          string   `bencode:"id"`
	Target      string   `bencode:"target,omitempty"`
	InfoHash    string   `bencode:"info_hash,omitempty"`
	Port        int      `bencode:"port,omitempty"`
	ImpliedPort int      `bencode:"implied_port,omitempty"`
	Token       string   `bencode:"token,omitempty"`
	Want        []string `bencode:"want,omitempty"`
}

// answer is the values of a response.
type answer struct {
	ID     string   `bencode:"id"`
	Nodes  string   `bencode:"nodes,omitempty"`
	Nodes6 string   `bencode:"nodes6,omitempty"`
	Token  string   `bencode:"token,omitempty"`
	Values []string `bencode:"values,omitempty"`
}

// parse reads a packet. What it returns has a transaction, a known kind, and the part of
// that kind with an ID of the right length.
func parse(b []byte) (m message, from ID, ok bool) {
	if len(b) < 2 || len(b) > maxPacket || b[0] != 'd' {
		return m, from, false
	}
	err := bencode.Unmarshal(b, &m)
	if _, trailing := err.(bencode.ErrUnusedTrailingBytes); err != nil && !trailing || m.T == "" || len(m.T) > 32 {
		return m, from, false
	}
	switch id := ""; m.Y {
	case "q":
		if m.A == nil {
			return m, from, false
		}
		id = m.A.ID
		return m, ID([]byte(id + zeros)[:20]), len(id) == len(from)
	case "r":
		if m.R == nil {
			return m, from, false
		}
		id = m.R.ID
		return m, ID([]byte(id + zeros)[:20]), len(id) == len(from)
	case "e":
		return m, from, true
	}
	return m, from, false
}

const zeros = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// idOf reads an ID.
func idOf(s string) (id ID, ok bool) {
	return id, copy(id[:], s) == len(id) && len(s) == len(id)
}

// contact is a node that somebody names.
type contact struct {
	id   ID
	addr netip.AddrPort
}

// parseNodes reads compact nodes; what is left over at the end is ignored.
func parseNodes(s string, v6 bool) []contact {
	size := 26
	if v6 {
		size = 38
	}
	var all []contact
	for ; len(s) >= size && len(all) < maxNamed; s = s[size:] {
		if addr, ok := parseAddr(s[20:size]); ok {
			all = append(all, contact{ID([]byte(s[:20])), addr})
		}
	}
	return all
}

// maxNamed bounds the nodes, and maxValues the peers, that are read of one answer.
const (
	maxNamed  = 16
	maxValues = 200
)

// appendNode adds a compact node.
func appendNode(b []byte, c contact) []byte { return appendAddr(append(b, c.id[:]...), c.addr) }

// parseAddr reads a compact address of 6 or 18 bytes.
func parseAddr(s string) (netip.AddrPort, bool) {
	if len(s) != 6 && len(s) != 18 {
		return netip.AddrPort{}, false
	}
	n := len(s) - 2
	ip, ok := netip.AddrFromSlice([]byte(s[:n]))
	return netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16([]byte(s[n:]))), ok
}

// appendAddr adds a compact address.
func appendAddr(b []byte, a netip.AddrPort) []byte {
	return binary.BigEndian.AppendUint16(append(b, a.Addr().AsSlice()...), a.Port())
}

// parseValues reads the peers of an answer.
func parseValues(values []string, v6 bool) []netip.AddrPort {
	var all []netip.AddrPort
	for _, v := range values[:min(len(values), maxValues)] {
		if a, ok := parseAddr(v); ok && a.Addr().Is6() == v6 {
			all = append(all, a)
		}
	}
	return all
}
