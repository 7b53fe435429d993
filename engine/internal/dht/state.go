package dht

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// What is saved: a mark, the two IDs, then so many nodes of each IP version in their
// compact form, and a checksum. It is read as if a stranger had written it.
const (
	stateMark = "PWDHT1\n"
	maxSaved  = 300 // nodes of an IP version
	maxState  = len(stateMark) + 2*(20+2+maxSaved*38) + 4
)

// saved is what the file of the last run says.
type saved struct {
	ids   [2]ID // of IPv4, of IPv6
	nodes [2][]contact
}

// parseState reads a saved state; false if it is not one as a whole.
func parseState(b []byte) (v saved, ok bool) {
	if len(b) > maxState || len(b) < len(stateMark)+4 || string(b[:len(stateMark)]) != stateMark {
		return v, false
	}
	body, sum := b[:len(b)-4], binary.BigEndian.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return v, false
	}
	body = body[len(stateMark):]
	for i, size := range []int{26, 38} {
		if len(body) < 22 {
			return saved{}, false
		}
		v.ids[i] = ID(body[:20])
		n := int(binary.BigEndian.Uint16(body[20:]))
		body = body[22:]
		if n > maxSaved || len(body) < n*size {
			return saved{}, false
		}
		for range n {
			if addr, ok := parseAddr(string(body[20:size])); ok && addr.Addr().Is6() == (i == 1) {
				v.nodes[i] = append(v.nodes[i], contact{ID(body[:20]), addr})
			}
			body = body[size:]
		}
	}
	return v, len(body) == 0
}

// bytes is what parseState reads.
func (v saved) bytes() []byte {
	b := []byte(stateMark)
	for i, nodes := range v.nodes {
		nodes = nodes[:min(len(nodes), maxSaved)]
		b = append(b, v.ids[i][:]...)
		b = binary.BigEndian.AppendUint16(b, uint16(len(nodes)))
		for _, c := range nodes {
			b = appendNode(b, c)
		}
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// State returns our IDs and the nodes that we know, to go on from at the next start. Of
// a server that has heard of nobody yet it is what it began with.
func (s *Server) State() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, v := s.now(), saved{}
	for i, n := range s.nodes {
		v.ids[i] = n.table.self
		v.nodes[i] = n.table.closest(n.table.self, maxSaved, false, now)
		for _, c := range n.saved {
			if len(v.nodes[i]) < maxSaved && n.table.find(c) == nil {
				v.nodes[i] = append(v.nodes[i], c)
			}
		}
	}
	return v.bytes()
}

// restore takes over what was saved. Nodes of which nobody knows whether they are still
// there are asked first; they are in the table when they answer.
func (s *Server) restore(b []byte) {
	v, ok := parseState(b)
	if !ok {
		return
	}
	for i, n := range s.nodes {
		if v.ids[i] != (ID{}) {
			n.table = newTable(v.ids[i], s.cfg.Loopback)
		}
		for _, c := range v.nodes[i] {
			if n.guard.address(c.addr) {
				n.saved = append(n.saved, c)
			}
		}
	}
}

// Status is how the DHT is doing.
type Status struct {
	On       bool
	Nodes    int       // that have answered in the last quarter of an hour
	Known    int       // all that are in the tables
	Answered time.Time // the last answer of anybody; zero if there was none
	Torrents int       // that are announced
	Waiting  int       // of them, those that are late
	Lookups  int       // under way
}

// Status returns how it is doing. It returns at once.
func (s *Server) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	v := Status{On: s.on, Torrents: len(s.queue.jobs), Waiting: s.queue.waiting(now)}
	for _, n := range s.nodes {
		all, good := n.table.count(now)
		v.Nodes += good
		v.Known += all
		v.Lookups += len(n.lookups)
		if n.heard.After(v.Answered) {
			v.Answered = n.heard
		}
	}
	return v
}
