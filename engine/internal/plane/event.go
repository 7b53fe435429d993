package plane

import (
	"net/netip"
	"time"
)

// EventKind is what happened.
type EventKind uint8

// The kinds of events. Whose doing it was says Event.Out, but for the last two.
const (
	EventRequest       EventKind = iota // a block was asked for
	EventCancel                         // a block that was asked for is no longer wanted
	EventReject                         // a block that was asked for will not be sent (BEP 6)
	EventBlock                          // the payload of a block went over
	EventWaste                          // the same, but it was not needed; only ever from a peer
	EventHave                           // a piece is there
	EventChoke                          // blocks may no longer be asked for
	EventUnchoke                        // blocks may be asked for
	EventInterested                     // there are pieces that are wanted
	EventNotInterested                  // there are no more
	EventJoined                         // the connection is there; Out if we made it
	EventLeft                           // it is gone; Out likewise
	EventVerified                       // a piece is ours
	EventFailed                         // a piece has the wrong hash
)

// Event is one thing that happened between us and a peer, or to a piece.
type Event struct {
	Kind          EventKind
	Out           bool // from us to the peer; else from the peer to us
	Time          time.Time
	Peer          netip.AddrPort // the zero value of EventVerified and EventFailed
	Piece         int            // of blocks, EventHave, EventVerified and EventFailed; else 0
	Begin, Length int            // of a block, in bytes within the piece; else 0
}
