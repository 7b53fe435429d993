package transfer

import (
	"crypto/sha256"
	"slices"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/wire"
)

// hashLeaves hashes whole blocks that follow each other, each by itself (BEP 52).
func (p *piece) hashLeaves(batch []wire.Segment) {
	for len(batch) > 0 {
		n := 1
		for have := len(batch[0].Data); have < batch[0].Block.Length; n++ {
			have += len(batch[n].Data)
		}
		leaf := &p.leaves[batch[0].Block.Begin/hash.LeafSize]
		if n == 1 {
			*leaf = sha256.Sum256(batch[0].Data)
		} else {
			h := sha256.New()
			for _, s := range batch[:n] {
				h.Write(s.Data)
			}
			h.Sum(leaf[:0])
		}
		batch = batch[n:]
	}
}

// rightLeaves reports whether the leaves of the piece are those of its tree.
func (p *piece) rightLeaves() bool {
	return p.t.cfg.Hashes.Right(p.index, slices.Clone(p.leaves))
}

// torn says that the piece is right by one of its two hashes only.
func (t *Torrent) torn(piece int) {
	if t.cfg.Torn != nil {
		t.tearing.Do(func() { t.cfg.Torn(piece) })
	}
}
