package dht

import (
	"net/netip"
	"slices"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// The numbers of errors (BEP 5).
const (
	errorProtocol = 203
	errorUnknown  = 204
)

// asked answers a query of another node.
func (n *node) asked(m message, from contact, now time.Time) {
	if m.RO == 0 && n.table.wants(from, now) {
		n.ping(from, now) // who answers is taken in
	}
	if n.s.readOnly || !n.guard.answer(from.addr, now) {
		return
	}
	r := &answer{ID: string(n.table.self[:])}
	q, refused := *m.A, 0
	switch m.Q {
	case "ping":
	case "find_node":
		if target, ok := idOf(q.Target); ok {
			n.nodes(r, target, q.Want, now)
		} else {
			refused = errorProtocol
		}
	case "get_peers":
		refused = n.givePeers(r, q, from, now)
	case "announce_peer":
		refused = n.takePeer(q, from, now)
	default:
		refused = errorUnknown
		for _, s := range []string{q.Target, q.InfoHash} { // so that later kinds of queries find their way
			if target, ok := idOf(s); ok && refused != 0 {
				n.nodes(r, target, q.Want, now)
				refused = 0
			}
		}
	}
	reply := message{T: m.T, Y: "r", R: r, IP: string(appendAddr(nil, from.addr))}
	if refused != 0 {
		e := bencode.Bytes(bencode.MustMarshal([]any{refused, map[int]string{errorProtocol: "Protocol Error", errorUnknown: "Method Unknown"}[refused]}))
		reply.Y, reply.R, reply.E = "e", nil, &e
	}
	n.send(from.addr, reply)
}

// nodes adds the nodes nearest to a target: of the IP version of the query, or of those
// that it wants (BEP 32).
func (n *node) nodes(r *answer, target ID, want []string, now time.Time) {
	for _, other := range n.s.nodes {
		name := "n4"
		if other.v6 {
			name = "n6"
		}
		if len(want) > 0 && !slices.Contains(want, name) || len(want) == 0 && other != n {
			continue
		}
		var b []byte
		for _, c := range other.table.closest(target, bucketSize, true, now) {
			b = appendNode(b, c)
		}
		if other.v6 {
			r.Nodes6 = string(b)
		} else {
			r.Nodes = string(b)
		}
	}
}

func (n *node) givePeers(r *answer, q question, from contact, now time.Time) (refused int) {
	hash, ok := idOf(q.InfoHash)
	if !ok {
		return errorProtocol
	}
	r.Token = n.tokens.make(from.addr.Addr(), now)
	n.nodes(r, hash, q.Want, now)
	for _, a := range n.s.announced.some(hash, now) {
		if a.Addr().Is6() == n.v6 {
			r.Values = append(r.Values, string(appendAddr(nil, a)))
		}
	}
	return 0
}

// takePeer keeps a peer that announces itself; its address is the one that it sends from.
func (n *node) takePeer(q question, from contact, now time.Time) (refused int) {
	hash, ok := idOf(q.InfoHash)
	port := q.Port
	if q.ImpliedPort != 0 {
		port = int(from.addr.Port())
	}
	if !ok || port <= 0 || port > 65535 || !n.tokens.valid(q.Token, from.addr.Addr(), now) {
		return errorProtocol
	}
	peer := netip.AddrPortFrom(from.addr.Addr(), uint16(port))
	if !n.guard.address(peer) {
		return errorProtocol
	}
	n.s.announced.add(hash, peer, now)
	if n.s.queue.jobs[hash] != nil {
		n.s.found(hash, []netip.AddrPort{peer})
	}
	return 0
}
