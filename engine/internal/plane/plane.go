// Package plane has the shapes in which the data plane of a running torrent is
// seen: piece states, peers, counters, limits and block events. Whoever carries
// the blocks offers them, and engine passes them on under its own names.
//
// All values are plain data. A Bits is never changed after it was handed out.
package plane

import (
	"net/netip"
	"time"
)

// PieceState is what we have of one piece.
type PieceState uint8

// The states of a piece, in the order in which a piece passes through them.
const (
	Missing   PieceState = iota // nothing of it, nothing asked for
	Requested                   // blocks are asked for, none has arrived
	Partial                     // some blocks have arrived
	Verified                    // all there, and its hash is right
	Failed                      // all arrived, and its hash was wrong; it is fetched again
)

// Transport is how a peer is connected.
type Transport uint8

// The transports.
const (
	TCP Transport = iota
	UTP           // BEP 29
)

// Encryption is what message stream encryption a connection has.
type Encryption uint8

// The kinds of encryption.
const (
	Plain      Encryption = iota
	HeaderOnly            // the handshake is obfuscated, the rest is not
	RC4                   // everything is encrypted
)

// Origin is how we learned of a peer.
type Origin uint8

// The origins of a peer.
const (
	OriginUnknown  Origin = iota
	OriginTracker         // a tracker named it
	OriginDHT             // the DHT named it
	OriginPEX             // another peer named it, BEP 11
	OriginLSD             // found on the local network, BEP 14
	OriginIncoming        // it connected to us
	OriginManual          // the user named it
	OriginMetainfo        // a web seed, which the .torrent or the magnet names, BEP 19
	OriginMagnet          // a magnet link named it
)

// Peer is one connected peer at one moment.
type Peer struct {
	Addr       netip.AddrPort
	ID         [20]byte
	Client     string // as the peer tells it, or read from its ID; not safe to show unescaped
	Have       Bits   // the pieces it says it has
	Transport  Transport
	Encryption Encryption
	Origin     Origin

	Choking    bool // we choke it
	Interested bool // we want something it has
	Choked     bool // it chokes us
	Wanted     bool // it wants something we have
	Optimistic bool // it is unchoked to see what it gives
	Snubbed    bool // it has left us waiting for a minute

	Down, Up                       int64 // payload, bytes/s
	Downloaded, Uploaded           int64 // payload, bytes since it connected, without what was wasted
	Wasted                         int64 // payload of it that was not needed, bytes
	ProtocolDown, ProtocolUp       int64 // all but payload, bytes/s
	ProtocolReceived, ProtocolSent int64 // all but payload, bytes since it connected
	Requests                       int   // blocks we have asked it for and wait for
	Queue                          int   // blocks it has asked us for and waits for

	URL  string    // of a web seed (BEP 19), whose Addr is that of nobody, see WebSeed; else ""
	Err  string    // why nothing comes from the web seed now, the end of a sentence; or ""
	Next time.Time // when it is tried again; zero if it is not, or is at work

	Limits Limits // its own ones; those of its torrent and of the session hold, too
	Exempt bool   // it is in a local network, where no limits hold
}

// WebSeed is what the n-th web seed of a torrent, from 1 on, has for an address: one
// of this network (0.0.0.0/8), which is no host's.
func WebSeed(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{0, 0, byte(n >> 8), byte(n)}), 0)
}

// IsWebSeed reports whether an address is one of WebSeed.
func IsWebSeed(a netip.AddrPort) bool { return a.Addr().Is4() && a.Addr().As4()[0] == 0 }

// Counters are totals since the torrent was started, in bytes where not said
// otherwise. Peers that have left count in them.
type Counters struct {
	Downloaded, Uploaded           int64 // payload
	ProtocolReceived, ProtocolSent int64 // all but payload: handshakes, messages, heads of blocks
	Wasted                         int64 // payload that was not needed or failed its hash; the latter was downloaded
	HashFailures                   int   // pieces
	Verified                       int   // pieces
}

// Plus returns the sum of two counters.
func (c Counters) Plus(d Counters) Counters {
	c.Downloaded += d.Downloaded
	c.Uploaded += d.Uploaded
	c.ProtocolReceived += d.ProtocolReceived
	c.ProtocolSent += d.ProtocolSent
	c.Wasted += d.Wasted
	c.HashFailures += d.HashFailures
	c.Verified += d.Verified
	return c
}

// Priority is how much a file is wanted.
type Priority uint8

// The priorities of a file.
const (
	Normal Priority = iota
	Skip            // not wanted; pieces that it shares with a wanted file still come
	High            // its pieces come first
)
