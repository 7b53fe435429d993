package wire

import (
	"context"
	"net/netip"
	"time"

	"piecewise/engine/internal/plane"
)

// Registry knows the torrents that run here. It is called from any goroutine and
// returns at once.
type Registry interface {
	// Plane returns the data plane of the torrent with this info hash (v1, or v2
	// cut to 20 bytes), nil if there is none: then the connection is refused
	// before the library hears of it.
	Plane(infoHash [20]byte) Plane
	// Key returns the info hash that has this Mark: it is the key of an incoming
	// encrypted connection.
	Key(mark [20]byte) (infoHash [20]byte, ok bool)
}

// Mark is what a peer that encrypts shows of an info hash, together with what only
// the two sides know. A Registry keeps it for all that it has, so that nobody has to
// try one after the other.
func Mark(infoHash [20]byte) [20]byte { return digest([]byte("req2"), infoHash[:]) }

// Sleeping is a Registry that has torrents which only run once a peer asks for them.
type Sleeping interface {
	// Awake is Plane for a connection that came in. It has the torrent started, if it
	// is one of those, and waits until it runs, or could not be started, or ctx ends. It
	// is called under no lock, on the goroutine that does the handshakes.
	Awake(ctx context.Context, infoHash [20]byte) Plane
}

// Hybrids is a Registry that may have torrents with two info hashes (BEP 52). Who knows
// such a torrent by its v2 hash only does not answer to the other.
type Hybrids interface {
	// V2 returns the v2 info hash, cut to 20 bytes, of a torrent that has another one as
	// well; ok is false of all others. It is called from any goroutine and returns at once.
	V2(infoHash [20]byte) (v2 [20]byte, ok bool)
}

// Sparing is a Registry that gives up a connection for a new one while there are
// Caps.Total.
type Sparing interface {
	// Spare closes the connection that is of least use, and reports whether it did;
	// incoming says of the new one that it came in. It is called from any goroutine,
	// under control.wmu, and returns at once.
	Spare(incoming bool) bool
}

// Crowded is a Plane that knows whether it takes another connection.
type Crowded interface {
	// Room reports whether Join would take one more, which comes in or is dialled,
	// and returns at once. Without room nobody shakes hands.
	Room(incoming bool) bool
}

// Plane is the data plane of one torrent. One that also has
//
//	Pieces() int
//
// tells how many pieces the torrent has, 0 while that is unknown; then a bitfield
// of another length ends the connection. One that also has
//
//	MetadataSize() int
//
// tells how many bytes of metadata it serves, 0 while there is none, which peers
// hear if the library does not say it. Both return at once.
type Plane interface {
	// Join makes the data plane's side of a connection on which both handshakes
	// are done and the library has begun to write. It returns at once, nil to
	// refuse the connection. No frame has been read yet; what it sends goes out
	// behind the library's bitfield.
	Join(c *Conn) Peer
}

// Peer is the data plane's side of one connection. The receive goroutine and the
// send goroutine of the connection call it, see doc.go. See also Outgoing and
// Throttle.
type Peer interface {
	// Message hears of a message of the peer, in order, on the receive goroutine.
	// Its Bits are valid during the call only. What is no news the library does not
	// hear. An error closes the connection.
	Message(m Message) (news bool, err error)
	// Block gets a part of a block, in order, on the receive goroutine. The data
	// is valid during the call; whoever keeps it longer calls Retain on its
	// buffer and later Release. An error closes the connection.
	Block(s Segment) error
	// Flush says, on the receive goroutine, that no more bytes are at hand now.
	Flush()
	// Fill writes whole messages, heads included (13 bytes of a Piece message), to
	// the front of b and returns how many bytes that are, on the send goroutine; 0
	// means that there is nothing to be sent until the next Wake. If b is too
	// short for the next message, it returns the length that it needs as a
	// negative number, once it has written nothing. b has at least MinFill bytes.
	// What it writes leaves before all that is sent meanwhile or later, and behind all
	// that was sent until it last returned; what was sent in between may be on either side.
	Fill(b []byte) int
	// Left is called once, last, when both goroutines are done with the Peer. err
	// says why the connection ended.
	Left(err error)
}

// Outgoing is a Peer that decides which Bitfield, HaveAll, HaveNone and Have of
// the library reach the peer (a super-seed hides them, BEP 16).
type Outgoing interface {
	// Outgoing is called on the library's goroutine and returns at once, false to
	// drop the message. What it sends instead of the library's first Bitfield,
	// HaveAll or HaveNone takes that place.
	Outgoing(m Message) bool
}

// Pooled is a Peer whose bytes are received into buffers of a pool that not all
// connections share.
type Pooled interface {
	// Pool returns where the next buffer comes from, nil for the pool of the Net. It is
	// called on the receive goroutine and returns at once.
	Pool() *Pool
}

// Throttle is a Peer that limits how fast bytes are taken from the socket.
type Throttle interface {
	// Took says that n bytes were read, on the receive goroutine, first 0, and
	// returns how many bytes the next read may take, at least 1. It may wait until these are
	// due, but not after Conn.Done is closed.
	Took(n int) (next int)
}

// Social is a Plane that says what its peers and we may tell each other of others. All
// of it may be asked on any goroutine, and returns at once.
type Social interface {
	// Exchange reports whether peers tell each other of peers now (BEP 11), and help
	// each other to connect (BEP 55). Of a private torrent they do not (BEP 27).
	Exchange() bool
	// Introduced gets a peer's message of BEP 11, unread. It is valid during the call only.
	Introduced(by netip.AddrPort, message []byte)
	// Punch reports whether we may connect to an address because a peer says that
	// somebody there waits for it (BEP 55).
	Punch(by, to netip.AddrPort) bool
	// NodePort returns the port of our DHT node that a peer is told of, 0 for none;
	// Node gets the address of a peer's (BEP 5).
	NodePort(peer netip.Addr) uint16
	Node(at netip.AddrPort)
}

// MinFill is the least length of the buffer that Fill gets: one message with a
// block of 16 KiB.
const MinFill = 13 + 16<<10

// Kind is the type of a message, with its value on the wire.
type Kind uint8

// The kinds of messages that the data plane deals with: BEP 3, BEP 6, of BEP 10
// the handshake and metadata (BEP 9), and BEP 52.
const (
	Choke         Kind = 0
	Unchoke       Kind = 1
	Interested    Kind = 2
	NotInterested Kind = 3
	Have          Kind = 4
	Bitfield      Kind = 5
	Request       Kind = 6
	Cancel        Kind = 8
	Suggest       Kind = 13
	HaveAll       Kind = 14
	HaveNone      Kind = 15
	Reject        Kind = 16
	AllowedFast   Kind = 17
	Extended      Kind = 20 // of what is received only the handshake, which also goes to the library, and metadata (BEP 9)
	HashRequest   Kind = 21 // BEP 52
	Hashes        Kind = 22
	HashReject    Kind = 23
)

// Message is one control message. Index is set for Have, Suggest, AllowedFast,
// Request, Cancel and Reject, Begin and Length (bytes in the piece) for the last
// three. None of them has been checked against the torrent. Of Extended Index is the
// receiver's number of the extension: 0 is the handshake, and what is received with
// any other is metadata.
type Message struct {
	Kind                 Kind
	Index, Begin, Length uint32
	Bits                 []byte // of Bitfield; of Extended what is behind the number; of BEP 52 all behind the kind
}

// Segment is a part of the payload of a Piece message, as it came in one read.
type Segment struct {
	Piece, Begin int     // where Data belongs: the piece, and bytes within it
	Data         []byte  // never empty; aliases Buffer
	Block        Range   // the whole block, within the piece
	Last         bool    // the block is whole now
	Buffer       *Buffer // what Data lies in
}

// Range is a range of bytes within a piece.
type Range struct{ Begin, Length int }

// Info is what is known of a connection once both handshakes are done.
type Info struct {
	InfoHash   [20]byte // as the peer names it; of a hybrid torrent either one
	PeerID     [20]byte
	Fast       bool // both sides have the fast extension, BEP 6
	Extended   bool // both sides have the extension protocol, BEP 10
	DHT        bool // the peer has a DHT node, BEP 5
	Outgoing   bool // we dialled
	Addr       netip.AddrPort
	Transport  plane.Transport
	Encryption plane.Encryption
	RoundTrip  time.Duration // of the handshakes, which the peer may have delayed; 0 if it dialled
}

// Policy is what encryption connections have (message stream encryption). It
// decides for connections that are made after it was set.
type Policy uint8

// The policies.
const (
	// EncryptionAllow dials in plaintext and once more encrypted if that fails,
	// accepts both, and encrypts no more than the peer wants.
	EncryptionAllow Policy = iota
	// EncryptionOff neither dials nor accepts encrypted.
	EncryptionOff
	// EncryptionPrefer dials encrypted and once more in plaintext if that fails, and
	// accepts both. A peer that dials us encrypted gets everything encrypted if it
	// can; one that we dial chooses that or the handshake alone.
	EncryptionPrefer
	// EncryptionRequire dials and accepts with everything encrypted only.
	EncryptionRequire
)
