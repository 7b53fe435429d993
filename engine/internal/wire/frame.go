package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// sink gets what a parser finds, in order. The slices alias the parser's input or
// its own buffer and are valid during the call.
type sink interface {
	// control gets a whole frame that is no Piece message, its length included.
	control(frame []byte) error
	// block gets a part of a block; Buffer is not set.
	block(s Segment) error
}

// parser cuts the bytes of a peer into frames, however they are chunked. Frames
// are parsed where they lie; only one that is not whole at the end of a chunk is
// copied, and no more of it than has arrived.
type parser struct {
	sink   sink
	fast   bool
	pieces func() int // of the torrent, 0 while unknown

	carry []byte  // the beginning of a frame: a head, or a control message
	skip  int     // bytes of a frame to be passed over
	left  int     // bytes of the payload of a Piece message to come
	at    Segment // where these belong

	ignored int // frames that achieved nothing, long ones count more than once
}

// feed parses the next bytes.
func (p *parser) feed(b []byte) error {
	for len(b) > 0 {
		var n int
		var err error
		switch {
		case p.left > 0:
			n, err = p.payload(b)
		case p.skip > 0:
			n = min(p.skip, len(b))
			p.skip -= n
		default:
			n, err = p.head(b)
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func (p *parser) payload(b []byte) (int, error) {
	n := min(p.left, len(b))
	p.left -= n
	s := p.at
	s.Data, s.Last = b[:n], p.left == 0
	p.at.Begin += n
	return n, p.sink.block(s)
}

// head takes as much of b as belongs to the head of the next frame, and the rest
// of the frame too if it is a control message.
func (p *parser) head(b []byte) (int, error) {
	if len(p.carry) == 0 {
		n, err := p.want(b)
		if err != nil {
			return 0, err
		}
		if n <= len(b) {
			return n, p.frame(b[:n])
		}
	}
	used := 0
	for {
		n, err := p.want(p.carry)
		if err != nil {
			return used, err
		}
		if n == len(p.carry) {
			return used, p.carried()
		}
		if used == len(b) {
			return used, nil
		}
		k := min(n-len(p.carry), len(b)-used)
		p.carry = append(p.carry, b[used:used+k]...)
		used += k
	}
}

func (p *parser) carried() error {
	frame := p.carry
	if p.carry = p.carry[:0]; cap(p.carry) > 4<<10 {
		p.carry = nil // it was one bitfield
	}
	return p.frame(frame)
}

// want returns how many bytes of the frame that begins with b must be together,
// or a smaller number above len(b) if that cannot be told from b yet.
func (p *parser) want(b []byte) (int, error) {
	if len(b) < 4 {
		return 4, nil
	}
	length := binary.BigEndian.Uint32(b)
	if length == 0 {
		return 4, nil
	}
	if len(b) < 5 {
		return 5, nil
	}
	kind := Kind(b[4])
	if length > math.MaxInt32 {
		return 0, fmt.Errorf("message of kind %d with %d bytes", kind, length)
	}
	if err := p.check(kind, int(length)); err != nil {
		return 0, err
	}
	switch {
	case kind == pieceKind:
		return 13, nil
	case ignored(kind, int(length)):
		return 5, nil
	}
	return 4 + int(length), nil
}

// ignored reports whether nobody here can use a frame that is allowed.
func ignored(k Kind, length int) bool {
	return !k.known() || k == Extended && length > maxLibrary
}

func (p *parser) check(k Kind, length int) error {
	if k.fast() && !p.fast {
		return fmt.Errorf("message of kind %d without the fast extension", k)
	}
	if n := p.pieces(); k == Bitfield && n > 0 && length != 1+(n+7)/8 {
		return fmt.Errorf("bitfield of %d bytes for %d pieces", length-1, n)
	}
	return checkLength(k, length)
}

// frame handles what want asked for.
func (p *parser) frame(f []byte) error {
	if len(f) == 4 {
		p.ignored++ // a keepalive
		return nil
	}
	length := int(binary.BigEndian.Uint32(f))
	switch kind := Kind(f[4]); {
	case kind == pieceKind:
		return p.piece(f, length-9)
	case ignored(kind, length):
		p.skip = length - 1
		p.ignored += 1 + length/1024
		return nil
	}
	return p.sink.control(f)
}

var errFarBlock = errors.New("block beyond the end of any piece")

func (p *parser) piece(f []byte, length int) error {
	piece, begin := binary.BigEndian.Uint32(f[5:]), binary.BigEndian.Uint32(f[9:])
	if piece > math.MaxInt32 || begin > math.MaxInt32-maxBlock {
		return errFarBlock
	}
	p.left = length
	p.at = Segment{Piece: int(piece), Begin: int(begin), Block: Range{int(begin), length}}
	return nil
}
