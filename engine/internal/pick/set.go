package pick

import (
	"encoding/binary"
	"math/bits"

	"piecewise/engine/internal/plane"
)

// set is a bitmap of pieces whose words can be combined, which plane.Bits does
// not allow.
type set []uint64

func makeSet(n int) set { return make(set, (n+63)/64) }

// parseSet copies b, cut or filled up to n pieces.
func parseSet(b plane.Bits, n int) set {
	s := makeSet(n)
	field := make([]byte, len(s)*8)
	copy(field, b.Bytes())
	for i := range s {
		s[i] = bits.Reverse64(binary.BigEndian.Uint64(field[i*8:]))
	}
	if rest := n % 64; rest != 0 {
		s[len(s)-1] &= 1<<rest - 1
	}
	return s
}

func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) cut(i int)      { s[i/64] &^= 1 << (i % 64) }

func (s set) count() int {
	sum := 0
	for _, w := range s {
		sum += bits.OnesCount64(w)
	}
	return sum
}

// each calls f with the pieces of word i in ascending order.
func each(word uint64, i int, f func(piece int)) {
	for ; word != 0; word &= word - 1 {
		f(i*64 + bits.TrailingZeros64(word))
	}
}
