package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// heap is a sink that keeps all it gets.
type heap struct {
	frames [][]byte
	open   Range // the block that is not whole
	left   int
	order  []byte // which came: 'c' or 'b' for the last part of a block
}

func (h *heap) control(f []byte) error {
	if h.left > 0 {
		return fmt.Errorf("a message within a block")
	}
	h.frames, h.order = append(h.frames, bytes.Clone(f)), append(h.order, 'c')
	return nil
}

func (h *heap) block(s Segment) error {
	if h.left == 0 {
		h.open, h.left = s.Block, s.Block.Length
		h.frames = append(h.frames, AppendPieceHead(nil, s.Piece, s.Block.Begin, s.Block.Length))
	}
	if s.Block != h.open || s.Begin != s.Block.Begin+s.Block.Length-h.left || len(s.Data) == 0 {
		return fmt.Errorf("segment %+v with %d bytes to come", s, h.left)
	}
	i := len(h.frames) - 1
	h.frames[i] = append(h.frames[i], s.Data...)
	h.left -= len(s.Data)
	if s.Last != (h.left == 0) {
		return fmt.Errorf("the last part of %v is wrong", s.Block)
	}
	return nil
}

// naive cuts a whole byte string into the frames that a heap must get.
func naive(b []byte, fast bool, pieces int) (frames [][]byte, bad bool) {
	for len(b) >= 5 || len(b) == 4 && binary.BigEndian.Uint32(b) == 0 {
		n := binary.BigEndian.Uint32(b)
		if n == 0 {
			b = b[4:]
			continue
		}
		kind := Kind(b[4])
		var ok, skip bool
		switch kind {
		case Choke, Unchoke, Interested, NotInterested:
			ok = n == 1
		case HaveAll, HaveNone:
			ok = n == 1 && fast
		case Have:
			ok = n == 5
		case Suggest, AllowedFast:
			ok = n == 5 && fast
		case Request, Cancel:
			ok = n == 13
		case Reject:
			ok = n == 13 && fast
		case portKind:
			ok = n == 3
		case Bitfield:
			ok = n <= 1+128<<10 && (pieces == 0 || int(n) == 1+(pieces+7)/8)
		case pieceKind:
			ok = n >= 10 && n <= 9+128<<10
		case Extended:
			ok, skip = n >= 2 && n <= 1<<20, n > 64<<10
		case HashRequest, HashReject:
			ok = n == 49
		case Hashes:
			ok = n >= 49 && n <= 64<<10
		default:
			ok, skip = n <= 64<<10 && !(kind >= 13 && kind <= 17), true
		}
		if !ok {
			return frames, true
		}
		whole := min(len(b), 4+int(n))
		if kind == pieceKind {
			if len(b) < 13 {
				return frames, false
			}
			if b[5] >= 0x80 || binary.BigEndian.Uint32(b[9:]) > 1<<31-1-128<<10 {
				return frames, true
			}
			if whole > 13 {
				frames = append(frames, b[:whole])
			}
		} else if whole == 4+int(n) && !skip {
			frames = append(frames, b[:whole])
		}
		b = b[whole:]
	}
	return frames, false
}

// traffic is a bit of everything.
func traffic() []byte {
	var b []byte
	for i, k := range []Kind{Choke, Unchoke, Interested, NotInterested, HaveAll, HaveNone} {
		b = append(b, frame(k)...)
		b = append(b, frame(Have, 0, 0, 0, byte(i))...)
		b = append(AppendPieceHead(b, i, i<<14, 100*i+1), noise(100*i+1)...)
	}
	b = append(b, 0, 0, 0, 0)
	for _, k := range []Kind{Request, Cancel, Reject} {
		b = append(b, frame(k, noise(12)...)...)
	}
	b = append(b, frame(99, noise(30)...)...)
	b = append(b, frame(Extended, noise(200)...)...)
	b = append(b, frame(HashRequest, noise(48)...)...)
	b = append(b, frame(portKind, 1, 2)...)
	b = append(b, frame(Bitfield, noise(100)...)...)
	return b
}

// cut feeds b in chunks whose sizes are taken from sizes in turn.
func cut(b, sizes []byte, fast bool, pieces int) (*heap, error) {
	h := &heap{}
	p := &parser{sink: h, fast: fast, pieces: func() int { return pieces }}
	for i := 0; len(b) > 0; i++ {
		n := len(b)
		if len(sizes) > 0 {
			n = min(n, 1+int(sizes[i%len(sizes)]))
		}
		chunk := bytes.Clone(b[:n]) // whoever keeps an alias is found out
		if err := p.feed(chunk); err != nil {
			return h, err
		}
		clear(chunk)
		b = b[n:]
	}
	return h, nil
}

func FuzzFrames(f *testing.F) {
	f.Add(traffic(), []byte{}, true, uint16(0))
	f.Add(traffic(), []byte{0}, true, uint16(0))
	f.Add(traffic(), []byte{3, 250, 0, 12}, true, uint16(800))
	f.Add(traffic(), []byte{7}, false, uint16(0))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 9, 7}, []byte{1}, true, uint16(9))
	f.Fuzz(func(t *testing.T, b, sizes []byte, fast bool, pieces uint16) {
		want, bad := naive(b, fast, int(pieces))
		got, err := cut(b, sizes, fast, int(pieces))
		if (err != nil) != bad {
			t.Fatalf("error %v, want one: %v", err, bad)
		}
		if !slices.EqualFunc(got.frames, want, bytes.Equal) {
			t.Fatalf("%x\nwant\n%x", got.frames, want)
		}
	})
}

// TestChunks cuts the same traffic at every size.
func TestChunks(t *testing.T) {
	b := traffic()
	want, _ := naive(b, true, 800)
	for size := range 256 {
		got, err := cut(b, []byte{byte(size)}, true, 800)
		if err != nil || !slices.EqualFunc(got.frames, want, bytes.Equal) {
			t.Fatalf("chunks of %d: %v", size+1, err)
		}
	}
}

func TestHostileFrames(t *testing.T) {
	long := func(kind Kind, length uint32) []byte {
		return append(binary.BigEndian.AppendUint32(nil, length), byte(kind))
	}
	for name, b := range map[string][]byte{
		"longest length":        long(pieceKind, 1<<32-1),
		"negative length":       long(Bitfield, 1<<31),
		"long choke":            long(Choke, 2),
		"short have":            long(Have, 4),
		"long have":             long(Have, 6),
		"short request":         long(Request, 12),
		"empty block":           long(pieceKind, 9),
		"no block":              long(pieceKind, 1),
		"huge block":            long(pieceKind, 10+maxBlock),
		"huge bitfield":         long(Bitfield, 2+maxBitfield),
		"huge extended":         long(Extended, maxExtended+1),
		"empty extended":        long(Extended, 1),
		"huge unknown":          long(77, maxUnknown+1),
		"unknown hash request":  long(HashRequest, 48),
		"huge hashes":           long(Hashes, maxLibrary+1),
		"piece beyond int32":    append(long(pieceKind, 10), 0x80, 0, 0, 0, 0, 0, 0, 0),
		"begin beyond int32":    append(long(pieceKind, 10), 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff),
		"bitfield of no length": append(frame(Choke), long(Bitfield, 1)...),
	} {
		for _, sizes := range [][]byte{nil, {0}} {
			if _, err := cut(b, sizes, true, 100); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
	}
	for _, k := range []Kind{Suggest, HaveAll, HaveNone, Reject, AllowedFast} {
		if _, err := cut(long(k, uint32(lengths[k].min)), nil, false, 0); err == nil {
			t.Errorf("kind %d without the fast extension: no error", k)
		}
	}
}

// TestCarry checks that a length alone makes nobody allocate.
func TestCarry(t *testing.T) {
	p := &parser{sink: &heap{}, pieces: func() int { return 0 }}
	if err := p.feed(append(binary.BigEndian.AppendUint32(nil, maxBitfield), byte(Bitfield), 1, 2)); err != nil {
		t.Fatal(err)
	}
	if cap(p.carry) > 64 {
		t.Errorf("%d bytes are held for 7", cap(p.carry))
	}
}

func TestMessages(t *testing.T) {
	for _, m := range []Message{
		{Kind: Choke},
		{Kind: HaveNone},
		{Kind: Have, Index: 7},
		{Kind: AllowedFast, Index: 1 << 31},
		{Kind: Request, Index: 1, Begin: 2, Length: 3},
		{Kind: Reject, Index: 1 << 31, Begin: 2, Length: 3},
		{Kind: Bitfield, Bits: []byte{1, 2}},
	} {
		f := m.Append(nil)
		if err := checkLength(m.Kind, len(f)-4); err != nil || int(binary.BigEndian.Uint32(f)) != len(f)-4 {
			t.Errorf("%v: %x: %v", m, f, err)
		}
		got := parseMessage(f)
		if got.Kind != m.Kind || got.Index != m.Index || got.Begin != m.Begin || got.Length != m.Length || !bytes.Equal(got.Bits, m.Bits) {
			t.Errorf("%v became %v", m, got)
		}
	}
}
