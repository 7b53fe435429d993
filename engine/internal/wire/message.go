package wire

import (
	"encoding/binary"
	"fmt"
)

// The kinds that never reach the data plane as messages.
const (
	pieceKind Kind = 7
	portKind  Kind = 9 // BEP 5
)

const (
	maxBlock    = 128 << 10 // of a Piece message; everyone asks for 16 KiB
	maxBitfield = 128 << 10 // 1,048,576 pieces
	maxExtended = 1 << 20
	maxUnknown  = 64 << 10
	maxHashes   = 64 << 10
	maxLibrary  = 64 << 10 // a longer frame makes the library end the connection
)

// lengths are what the length prefix of a message of each kind may say.
var lengths = [24]struct{ min, max int }{
	Choke: {1, 1}, Unchoke: {1, 1}, Interested: {1, 1}, NotInterested: {1, 1},
	Have: {5, 5}, Bitfield: {1, 1 + maxBitfield}, Request: {13, 13}, pieceKind: {10, 9 + maxBlock},
	Cancel: {13, 13}, portKind: {3, 3},
	Suggest: {5, 5}, HaveAll: {1, 1}, HaveNone: {1, 1}, Reject: {13, 13}, AllowedFast: {5, 5},
	Extended: {2, maxExtended}, HashRequest: {49, 49}, Hashes: {49, maxHashes}, HashReject: {49, 49},
}

func (k Kind) known() bool { return int(k) < len(lengths) && lengths[k].min > 0 }

func (k Kind) fast() bool { return k >= Suggest && k <= AllowedFast }

// toLibrary reports whether the library hears of a peer's message.
func (k Kind) toLibrary() bool {
	switch k {
	case Interested, NotInterested, Have, Bitfield, HaveAll, HaveNone, Extended:
		return true
	}
	return false
}

// toPeer reports whether a peer hears of the library's message.
func (k Kind) toPeer() bool {
	switch k {
	case Have, Bitfield, HaveAll, HaveNone, Extended:
		return true
	}
	return false
}

// checkLength says whether a frame of kind k may have this length prefix.
func checkLength(k Kind, length int) error {
	if !k.known() {
		if length > maxUnknown {
			return fmt.Errorf("message of unknown kind %d with %d bytes", k, length)
		}
		return nil
	}
	if r := lengths[k]; length < r.min || length > r.max {
		return fmt.Errorf("message of kind %d with %d bytes", k, length)
	}
	return nil
}

// parseMessage reads a whole frame of a kind that has a Message.
func parseMessage(frame []byte) Message {
	m := Message{Kind: Kind(frame[4])}
	body := frame[5:]
	switch m.Kind {
	case Have, Suggest, AllowedFast:
		m.Index = binary.BigEndian.Uint32(body)
	case Request, Cancel, Reject:
		m.Index = binary.BigEndian.Uint32(body)
		m.Begin = binary.BigEndian.Uint32(body[4:])
		m.Length = binary.BigEndian.Uint32(body[8:])
	case Bitfield, HashRequest, Hashes, HashReject:
		m.Bits = body
	}
	return m
}

// Append adds the whole message to b, for Fill.
func (m Message) Append(b []byte) []byte {
	switch m.Kind {
	case Have, Suggest, AllowedFast:
		b = append(b, 0, 0, 0, 5, byte(m.Kind))
		return binary.BigEndian.AppendUint32(b, m.Index)
	case Request, Cancel, Reject:
		b = append(b, 0, 0, 0, 13, byte(m.Kind))
		b = binary.BigEndian.AppendUint32(b, m.Index)
		b = binary.BigEndian.AppendUint32(b, m.Begin)
		return binary.BigEndian.AppendUint32(b, m.Length)
	}
	if m.Kind == Extended {
		b = binary.BigEndian.AppendUint32(b, uint32(2+len(m.Bits)))
		return append(append(b, byte(m.Kind), byte(m.Index)), m.Bits...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(1+len(m.Bits)))
	return append(append(b, byte(m.Kind)), m.Bits...)
}

// AppendPieceHead adds the 13 bytes to b that stand before a block in a Piece
// message, for Fill.
func AppendPieceHead(b []byte, piece, begin, length int) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(9+length))
	b = append(b, byte(pieceKind))
	b = binary.BigEndian.AppendUint32(b, uint32(piece))
	return binary.BigEndian.AppendUint32(b, uint32(begin))
}
