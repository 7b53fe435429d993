package plane

import "math/bits"

// Bits is a set of piece indices below Len. The zero value is an empty set of
// length 0. Build one with Set before it is shared; afterwards it is read only.
type Bits struct {
	n     int
	words []uint64 // nil of a compact set, which has all pieces or none
	all   bool     // of a compact set
}

// MakeBits returns an empty set for n pieces.
func MakeBits(n int) Bits { return Bits{n: n, words: make([]uint64, (n+63)/64)} }

// FullBits returns a set of all n pieces.
func FullBits(n int) Bits {
	b := MakeBits(n)
	for i := range b.words {
		b.words[i] = ^uint64(0)
	}
	b.trim()
	return b
}

// ParseBits reads a BitTorrent bitfield (BEP 3: first piece in the highest bit
// of the first byte). Missing bytes count as zero; bits beyond n are dropped.
func ParseBits(field []byte, n int) Bits {
	b := MakeBits(n)
	for i, octet := range field {
		if i*8 >= n {
			break
		}
		b.words[i/8] |= uint64(bits.Reverse8(octet)) << (i % 8 * 8)
	}
	b.trim()
	return b
}

// Compact returns the same set, which takes no memory if it has all pieces or none.
// It is read only.
func (b Bits) Compact() Bits {
	switch b.Count() {
	case 0:
		return Bits{n: b.n}
	case b.n:
		return Bits{n: b.n, all: true}
	}
	return b
}

// Bytes returns the set as a BitTorrent bitfield of (Len+7)/8 bytes.
func (b Bits) Bytes() []byte {
	if b.words == nil {
		b = b.Clone()
	}
	out := make([]byte, (b.n+7)/8)
	for i := range out {
		out[i] = bits.Reverse8(byte(b.words[i/8] >> (i % 8 * 8)))
	}
	return out
}

// Len returns the number of pieces the set is about.
func (b Bits) Len() int { return b.n }

// Has reports whether piece i is in the set; false if i is out of range.
func (b Bits) Has(i int) bool {
	if b.words == nil {
		return b.all && i >= 0 && i < b.n
	}
	return i >= 0 && i < b.n && b.words[i/64]&(1<<(i%64)) != 0
}

// Set puts piece i in the set; out of range it does nothing.
func (b Bits) Set(i int) {
	if i >= 0 && i < b.n {
		b.words[i/64] |= 1 << (i % 64)
	}
}

// Clear takes piece i out of the set; out of range it does nothing.
func (b Bits) Clear(i int) {
	if i >= 0 && i < b.n {
		b.words[i/64] &^= 1 << (i % 64)
	}
}

// Count returns how many pieces are in the set.
func (b Bits) Count() int {
	if b.all {
		return b.n
	}
	sum := 0
	for _, w := range b.words {
		sum += bits.OnesCount64(w)
	}
	return sum
}

// All reports whether every piece is in the set; true for length 0.
func (b Bits) All() bool { return b.Count() == b.n }

// Clone returns a copy that may be changed.
func (b Bits) Clone() Bits {
	switch {
	case b.all:
		return FullBits(b.n)
	case b.words == nil:
		return MakeBits(b.n)
	}
	return Bits{n: b.n, words: append([]uint64(nil), b.words...)}
}

// State is Verified for a piece in the set and Missing for any other, so that a
// Bits can be drawn like the piece states of our own torrent.
func (b Bits) State(i int) PieceState {
	if b.Has(i) {
		return Verified
	}
	return Missing
}

func (b Bits) trim() {
	if rest := b.n % 64; rest != 0 {
		b.words[len(b.words)-1] &= 1<<rest - 1
	}
}
