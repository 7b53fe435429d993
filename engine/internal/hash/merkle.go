package hash

import (
	"crypto/sha256"
	"math/bits"
)

// LeafSize is how many bytes each leaf of a merkle tree stands for (BEP 52); the
// last one of a file may stand for fewer.
const LeafSize = 16 << 10

// Sum is a node of a merkle tree: the SHA-256 of the bytes of a leaf, or of its
// two children.
type Sum = [sha256.Size]byte

// Fold returns the node that is height levels above nodes, which are the first
// under it; those behind them are all pad. It overwrites nodes, of which there is
// at least one and at most 2^height.
func Fold(nodes []Sum, height int, pad Sum) Sum {
	for range height {
		n := 0
		for i := 0; i < len(nodes); i += 2 {
			right := pad
			if i+1 < len(nodes) {
				right = nodes[i+1]
			}
			nodes[n] = join(nodes[i], right)
			n++
		}
		nodes, pad = nodes[:n], join(pad, pad)
	}
	return nodes[0]
}

func join(a, b Sum) Sum {
	var both [2 * sha256.Size]byte
	copy(both[:], a[:])
	copy(both[sha256.Size:], b[:])
	return sha256.Sum256(both[:])
}

// Pad returns the node of a level under which there is no byte of the file; level
// 0 is that of the leaves.
func Pad(level int) Sum {
	var s Sum
	for range level {
		s = join(s, s)
	}
	return s
}

// levels returns how many levels are above n nodes, up to the one that is alone.
func levels(n int) int { return bits.Len(uint(max(n, 1) - 1)) }

// sums copies nodes out of the compact form that metainfo has.
func sums(compact []byte) []Sum {
	all := make([]Sum, len(compact)/sha256.Size)
	for i := range all {
		copy(all[i][:], compact[i*sha256.Size:])
	}
	return all
}

// AppendLeaves adds the leaves of b to all; only the last one may be of fewer bytes.
func AppendLeaves(all []Sum, b []byte) []Sum {
	for len(b) > 0 {
		n := min(LeafSize, len(b))
		all = append(all, sha256.Sum256(b[:n]))
		b = b[n:]
	}
	return all
}
