package view

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"

	"piecewise/engine"
	"piecewise/ui/format"
)

// PeerColumn is a column of the list of peers.
type PeerColumn int

// The columns of the list of peers, in their order.
const (
	PeerAddress PeerColumn = iota
	PeerBar                // drawn from the pieces that the peer has; it has no text
	PeerDone
	PeerDown
	PeerUp
	PeerState
	PeerRequests
	PeerQueue
	PeerClient
	PeerFlags
	PeerTransport
	PeerEncryption
	PeerDownloaded
	PeerUploaded
	PeerLimits
	PeerWasted
	PeerProtocolDown
	PeerProtocolUp
	PeerID

	numPeerColumns
)

type peerColumn struct {
	title   string
	numeric bool
	text    func(*engine.Peer) string
	compare func(a, b *engine.Peer) int
}

var peerColumns = [numPeerColumns]peerColumn{
	PeerAddress:    {"Address", false, PeerName, byAddr},
	PeerBar:        {"Pieces", false, nil, byPeer(func(p *engine.Peer) int { return p.Have.Count() })},
	PeerDone:       {"Done", true, peerDone, byPeer(func(p *engine.Peer) int { return p.Have.Count() })},
	PeerDown:       {"↓", true, func(p *engine.Peer) string { return format.Rate(p.Down) }, byPeer(func(p *engine.Peer) int64 { return p.Down })},
	PeerUp:         {"↑", true, func(p *engine.Peer) string { return format.Rate(p.Up) }, byPeer(func(p *engine.Peer) int64 { return p.Up })},
	PeerState:      {"What it does", false, peerState, byPeer(peerState)},
	PeerRequests:   {"Our requests", true, func(p *engine.Peer) string { return zeroNone(p.Requests) }, byPeer(func(p *engine.Peer) int { return p.Requests })},
	PeerQueue:      {"Its requests", true, func(p *engine.Peer) string { return zeroNone(p.Queue) }, byPeer(func(p *engine.Peer) int { return p.Queue })},
	PeerClient:     {"Client", false, peerClient, byPeer(peerClient)},
	PeerFlags:      {"Flags", false, Flags, byPeer(Flags)},
	PeerTransport:  {"Transport", false, peerTransport, byPeer(func(p *engine.Peer) uint8 { return uint8(p.Transport) })},
	PeerEncryption: {"Encryption", false, peerEncryption, byPeer(func(p *engine.Peer) uint8 { return uint8(p.Encryption) })},
	PeerDownloaded: {"Received", true, func(p *engine.Peer) string { return amount(p.Downloaded) }, byPeer(func(p *engine.Peer) int64 { return p.Downloaded })},
	PeerUploaded:   {"Sent", true, func(p *engine.Peer) string { return amount(p.Uploaded) }, byPeer(func(p *engine.Peer) int64 { return p.Uploaded })},
	PeerLimits:     {"Its limits", false, peerLimits, byPeer(peerLimits)},
	PeerWasted:     {"Wasted", true, func(p *engine.Peer) string { return amount(p.Wasted) }, byPeer(func(p *engine.Peer) int64 { return p.Wasted })},
	PeerProtocolDown: {
		"Protocol ↓", true, func(p *engine.Peer) string { return amountAt(p.ProtocolReceived, p.ProtocolDown) },
		byPeer(func(p *engine.Peer) int64 { return p.ProtocolReceived }),
	},
	PeerProtocolUp: {
		"Protocol ↑", true, func(p *engine.Peer) string { return amountAt(p.ProtocolSent, p.ProtocolUp) },
		byPeer(func(p *engine.Peer) int64 { return p.ProtocolSent }),
	},
	PeerID: {"Peer ID", false, peerID, byPeer(peerID)},
}

// Title returns the heading of the column.
func (c PeerColumn) Title() string { return peerColumns[c].title }

// Numeric reports whether the column holds numbers.
func (c PeerColumn) Numeric() bool { return peerColumns[c].numeric }

// Drawn reports whether the column is a picture without text.
func (c PeerColumn) Drawn() bool { return peerColumns[c].text == nil }

// Text returns what the column shows of a peer; a Drawn one nothing.
func (c PeerColumn) Text(p *engine.Peer) string {
	if c.Drawn() {
		return ""
	}
	return peerColumns[c].text(p)
}

// PeerColumns returns all columns of the list of peers.
func PeerColumns() []PeerColumn {
	all := make([]PeerColumn, numPeerColumns)
	for i := range all {
		all[i] = PeerColumn(i)
	}
	return all
}

// SortPeers returns the peers sorted by a column, the address deciding where
// they are equal. The slice is a new one.
func SortPeers(peers []engine.Peer, c PeerColumn, falling bool) []*engine.Peer {
	sorted := make([]*engine.Peer, len(peers))
	for i := range peers {
		sorted[i] = &peers[i]
	}
	slices.SortFunc(sorted, func(a, b *engine.Peer) int {
		order := peerColumns[c].compare(a, b)
		if falling {
			order = -order
		}
		return cmp.Or(order, byAddr(a, b))
	})
	return sorted
}

func byPeer[T cmp.Ordered](value func(*engine.Peer) T) func(a, b *engine.Peer) int {
	return func(a, b *engine.Peer) int { return cmp.Compare(value(a), value(b)) }
}

func byAddr(a, b *engine.Peer) int { return a.Addr.Compare(b.Addr) }

// PeerName is where a peer is: its address, or the URL of a web seed, which begins with
// its host.
func PeerName(p *engine.Peer) string {
	if p.URL != "" {
		_, rest, _ := strings.Cut(p.URL, "://")
		return format.Name(rest)
	}
	return p.Addr.String()
}

func peerDone(p *engine.Peer) string {
	if p.Have.Len() == 0 {
		return format.None
	}
	return format.Percent(int64(p.Have.Count()), int64(p.Have.Len()))
}

func peerClient(p *engine.Peer) string {
	if p.URL != "" {
		return "web server"
	}
	if p.Client == "" {
		return "unknown"
	}
	return format.Name(p.Client)
}

// peerState says in words who sends to whom, or why not.
func peerState(p *engine.Peer) string {
	if p.URL != "" {
		return webSeedState(p)
	}
	return peerSends(p) + ", " + peerReceives(p)
}

func peerSends(p *engine.Peer) string {
	switch {
	case p.Snubbed:
		return "leaves us waiting"
	case !p.Interested:
		return "has nothing for us"
	case p.Choked:
		return "chokes us"
	case p.Down == 0:
		return "may send"
	}
	return "sends"
}

func peerReceives(p *engine.Peer) string {
	switch {
	case !p.Wanted:
		return "wants nothing"
	case p.Choking:
		return "waits to be unchoked"
	case p.Optimistic:
		return "receives on trial"
	case p.Up == 0:
		return "may receive"
	}
	return "receives"
}

func peerLimits(p *engine.Peer) string {
	switch {
	case p.Exempt:
		return "exempt"
	case p.Limits == engine.NoLimits:
		return format.None
	}
	return allowed(p.Limits)
}

func peerTransport(p *engine.Peer) string {
	if p.Transport == engine.UTP {
		return "µTP"
	}
	return "TCP"
}

func peerEncryption(p *engine.Peer) string {
	switch p.Encryption {
	case engine.HeaderOnly:
		return "handshake only"
	case engine.RC4:
		return "all (RC4)"
	}
	return "none"
}

// peerID shows the readable head of a peer ID, and the rest in hexadecimal.
func peerID(p *engine.Peer) string {
	if p.ID == [20]byte{} {
		return format.None
	}
	if head := string(p.ID[:8]); strings.Trim(head, "-") != "" && format.Name(head) == head {
		return head + hex.EncodeToString(p.ID[8:])
	}
	return hex.EncodeToString(p.ID[:])
}

func amount(bytes int64) string {
	if bytes == 0 {
		return format.None
	}
	return format.Size(bytes)
}

// amountAt adds the rate, if there is one.
func amountAt(bytes, rate int64) string {
	if rate <= 0 {
		return amount(bytes)
	}
	return amount(bytes) + ", " + format.Rate(rate)
}

func zeroNone(n int) string {
	if n == 0 {
		return format.None
	}
	return format.Count(n)
}
