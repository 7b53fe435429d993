package hash

import (
	"crypto/sha256"
	"slices"
)

// Range names nodes of a file's tree, as a hash request does (BEP 52): Count of
// them from Index on, on the level Base above the leaves, and of Proof levels above
// that what is needed to check them.
type Range struct {
	Root                      Sum
	Base, Index, Count, Proof int
}

// sound reports whether the tree of a file with so many leaves has the range.
func (r Range) sound(leaves int) bool {
	height := levels(leaves)
	return r.Base >= 0 && r.Base < max(height, 1) && r.Count > 0 && r.Count&(r.Count-1) == 0 && r.Index >= 0 && r.Index%r.Count == 0 &&
		r.Count <= 1<<(height-r.Base) && r.Index <= 1<<(height-r.Base)-r.Count && r.Proof >= 0 && r.Proof < max(height-r.Base, 1)
}

// Nodes returns what a range names, appended to dst; ok is false if there is no such
// range, or if it is neither of pieces nor of the leaves of one piece. In that last
// case piece is the torrent's, and its leaves belong before what is returned; else
// it is -1.
func (p *Pieces) Nodes(dst []Sum, r Range) (nodes []Sum, piece int, ok bool) {
	t := p.find(r.Root)
	if t == nil || !r.sound(leaves(t.Length)) {
		return dst, -1, false
	}
	height := p.Height()
	if t.Layer == nil {
		height = levels(leaves(t.Length))
	}
	switch {
	case height > 0 && r.Base == 0 && r.Count == 1<<height && r.Index>>height < t.Pieces(p.PieceLength):
		return p.uncles(dst, t, r), t.First + r.Index>>height, true
	case r.Base != height || t.Layer == nil:
		return dst, -1, false
	}
	for i := r.Index; i < r.Index+r.Count; i++ {
		dst = append(dst, p.node(t, height, i))
	}
	return p.uncles(dst, t, r), -1, true
}

// find returns the tree with a root, nil if there is none.
func (p *Pieces) find(root Sum) *Tree {
	for i := range p.Trees {
		if p.Trees[i].Root == root {
			return &p.Trees[i]
		}
	}
	return nil
}

// uncles appends the nodes that lead from a range to the root: the siblings of its
// ancestors.
func (p *Pieces) uncles(dst []Sum, t *Tree, r Range) []Sum {
	for level := levels(r.Count); level <= r.Proof; level++ {
		dst = append(dst, p.node(t, r.Base+level, r.Index>>level^1))
	}
	return dst
}

// node returns a node on a level that is not below the pieces.
func (p *Pieces) node(t *Tree, level, index int) Sum {
	up := level - p.Height()
	if up > upperLevels {
		return span(t.upper, up-upperLevels, index, Pad(level-up+upperLevels))
	}
	first := min(index<<up, t.Pieces(p.PieceLength)) * sha256.Size
	end := min(first+sha256.Size<<up, len(t.Layer))
	return span(sums(t.Layer[first:end]), up, 0, Pad(p.Height()))
}

// span returns the node up levels above all, which has this index there.
func span(all []Sum, up, index int, pad Sum) Sum {
	first := min(index<<up, len(all))
	part := slices.Clone(all[first:min(first+1<<up, len(all))])
	if len(part) == 0 {
		part = append(part, pad)
	}
	return Fold(part, up, pad)
}

// Leaves is the range of all leaves of a piece, without proof.
func (p *Pieces) Leaves(piece int) Range {
	t := p.Tree(piece)
	_, height := p.Node(piece)
	return Range{Root: t.Root, Index: (piece - t.First) << height, Count: 1 << height}
}

// Ranges are the ranges that together are the nodes of a file's pieces, without
// proof. Each is as long as most programs answer.
func (t *Tree) Ranges(pieceLength int64) (all []Range) {
	n := t.Pieces(pieceLength)
	for i := 0; i < n; i += 1 << upperLevels {
		count := 1 << max(levels(min(n-i, 1<<upperLevels)), 1)
		all = append(all, Range{Root: t.Root, Base: levels(leaves(pieceLength)), Index: i, Count: count})
	}
	return all
}
