package engine

import "piecewise/engine/internal/plane"

// The shapes of the data plane, under the names by which the program knows them.
type (
	// PieceState is what we have of one piece.
	PieceState = plane.PieceState
	// Bits is an immutable set of piece indices.
	Bits = plane.Bits
	// Peer is one connected peer at one moment.
	Peer = plane.Peer
	// Priority is how much a file is wanted.
	Priority = plane.Priority
	// Transport is how a peer is connected.
	Transport = plane.Transport
	// Encryption is what message stream encryption a connection has.
	Encryption = plane.Encryption
	// Origin is how we learned of a peer.
	Origin = plane.Origin
)

// The states of a piece, see plane.PieceState.
const (
	Missing   = plane.Missing
	Requested = plane.Requested
	Partial   = plane.Partial
	Verified  = plane.Verified
	Failed    = plane.Failed
)

// The priorities of a file.
const (
	Normal = plane.Normal
	Skip   = plane.Skip
	High   = plane.High
)

// The transports of a peer connection.
const (
	TCP = plane.TCP
	UTP = plane.UTP
)

// The kinds of encryption of a peer connection.
const (
	Plain      = plane.Plain
	HeaderOnly = plane.HeaderOnly
	RC4        = plane.RC4
)

// The ways in which we learn of a peer.
const (
	OriginUnknown  = plane.OriginUnknown
	OriginTracker  = plane.OriginTracker
	OriginDHT      = plane.OriginDHT
	OriginPEX      = plane.OriginPEX
	OriginLSD      = plane.OriginLSD
	OriginIncoming = plane.OriginIncoming
	OriginManual   = plane.OriginManual
	OriginMetainfo = plane.OriginMetainfo
	OriginMagnet   = plane.OriginMagnet
)

// MakeBits returns an empty set for n pieces, to be filled before it is shared.
func MakeBits(n int) Bits { return plane.MakeBits(n) }

// FullBits returns a set of all n pieces.
func FullBits(n int) Bits { return plane.FullBits(n) }

// Pieces is the state of every piece of a torrent at one moment. It is never
// changed, so two snapshots with the same pointer have the same pieces. Pieces
// that are all in one state take no memory per piece.
type Pieces struct {
	n       int
	uniform PieceState
	states  []PieceState // nil if all are uniform, or in bits
	bits    Bits         // of a torrent that does not run, unless they are uniform
}

// NewPieces keeps states, which the caller must not change afterwards.
func NewPieces(states []PieceState) *Pieces {
	p := &Pieces{n: len(states), states: states}
	if len(states) == 0 {
		return p
	}
	p.uniform = states[0]
	for _, s := range states {
		if s != p.uniform {
			return p
		}
	}
	p.states = nil
	return p
}

// UniformPieces returns n pieces in one state.
func UniformPieces(n int, state PieceState) *Pieces { return &Pieces{n: n, uniform: state} }

// Len returns the number of pieces.
func (p *Pieces) Len() int { return p.n }

// State returns the state of piece i, 0 ≤ i < Len.
func (p *Pieces) State(i int) PieceState {
	switch {
	case p.states != nil:
		return p.states[i]
	case p.bits.Len() > 0:
		return p.bits.State(i)
	}
	return p.uniform
}

// Uniform reports the state that all pieces share, if they share one.
func (p *Pieces) Uniform() (state PieceState, ok bool) {
	return p.uniform, p.states == nil && p.bits.Len() == 0
}
