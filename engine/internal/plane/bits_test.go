package plane

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestBits compares Bits with a plain slice of bools.
func TestBits(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 63, 64, 65, 1000} {
		r := rand.New(rand.NewPCG(1, uint64(n)))
		b, model := MakeBits(n), make([]bool, n)
		for range 3 * n {
			i := r.IntN(n)
			if model[i] = r.IntN(2) == 0; model[i] {
				b.Set(i)
			} else {
				b.Clear(i)
			}
		}
		count := 0
		for i, has := range model {
			if b.Has(i) != has {
				t.Fatalf("n %d: piece %d is wrong", n, i)
			}
			if has {
				count++
			}
		}
		if b.Count() != count || b.Len() != n {
			t.Errorf("n %d: count %d of %d", n, b.Count(), b.Len())
		}
		field := b.Bytes()
		if again := ParseBits(field, n); !bytes.Equal(again.Bytes(), field) || len(field) != (n+7)/8 {
			t.Errorf("n %d: the bitfield does not come back", n)
		}
	}
}

// TestCompact wants of a compact set all that the set has.
func TestCompact(t *testing.T) {
	for _, n := range []int{0, 1, 64, 1000} {
		some := MakeBits(n)
		some.Set(n / 2)
		for _, b := range []Bits{MakeBits(n), FullBits(n), some} {
			c := b.Compact()
			if uniform := b.Count() == 0 || b.All(); uniform != (c.words == nil) {
				t.Errorf("n %d, %d pieces: takes memory: %t", n, b.Count(), c.words != nil)
			}
			for i := -1; i <= n; i++ {
				if b.Has(i) != c.Has(i) || b.State(i) != c.State(i) {
					t.Fatalf("n %d: piece %d differs", n, i)
				}
			}
			if b.Len() != c.Len() || b.Count() != c.Count() || b.All() != c.All() || !bytes.Equal(b.Bytes(), c.Bytes()) {
				t.Errorf("n %d, %d pieces: %d of %d, %x", n, b.Count(), c.Count(), c.Len(), c.Bytes())
			}
			if d := c.Clone(); n > 0 {
				d.Set(0)
				d.Clear(n - 1)
				if want := n > 1; d.Has(0) != want || d.Has(n-1) {
					t.Errorf("n %d: a clone cannot be changed", n)
				}
			}
		}
	}
}

func TestBitfieldOrder(t *testing.T) {
	b := MakeBits(10)
	b.Set(0)
	b.Set(9)
	if got := b.Bytes(); !bytes.Equal(got, []byte{0x80, 0x40}) {
		t.Errorf("%x", got) // BEP 3: the first piece in the highest bit
	}
}

func TestBitsOutOfRange(t *testing.T) {
	b := ParseBits([]byte{0xff, 0xff, 0xff}, 10)
	if b.Count() != 10 || !b.All() {
		t.Errorf("%d pieces of 10", b.Count())
	}
	b.Set(10)
	b.Set(-1)
	b.Clear(99)
	if b.Has(-1) || b.Has(10) || b.Count() != 10 {
		t.Error("a piece out of range counts")
	}
	if full := FullBits(130); full.Count() != 130 || !full.All() {
		t.Errorf("full: %d", full.Count())
	}
	c := b.Clone()
	c.Clear(0)
	if !b.Has(0) {
		t.Error("a clone shares its pieces")
	}
}
