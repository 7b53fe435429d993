package hash

import (
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sort"
)

// Pieces says what the pieces of a torrent must hash to: Hashes those of a v1
// torrent, Trees those of a v2 one, both together those of a hybrid.
type Pieces struct {
	Length      int64                // bytes of the torrent, with what is between its files
	PieceLength int64                // bytes of every piece but the last
	Hashes      []byte               // SHA-1 of each piece and of what is behind its file in it, 20 bytes each (BEP 3)
	Trees       []Tree               // of all files that have bytes, in order (BEP 52)
	Only        func(piece int) bool // which pieces Verify checks, nil for all; called from several goroutines
}

// Tree is the merkle tree of one file, from its root down to its pieces.
type Tree struct {
	Root   Sum
	Length int64  // bytes of the file
	First  int    // its first piece, which begins with it
	Layer  []byte // the nodes of its pieces, 32 bytes each; nil for one piece, whose node is the root

	upper []Sum // see upperLevels
}

// Pieces returns the number of the file's pieces.
func (t *Tree) Pieces(pieceLength int64) int { return int((t.Length + pieceLength - 1) / pieceLength) }

// WithLayer returns the tree with the nodes of the file's pieces, which it keeps; ok
// is false if they are too few or too many or do not lead to the root.
func (t Tree) WithLayer(layer []byte, pieceLength int64) (whole Tree, ok bool) {
	n, height := t.Pieces(pieceLength), levels(leaves(pieceLength))
	if n < 2 || len(layer) != n*sha256.Size {
		return t, false
	}
	t.Layer, t.upper = layer, make([]Sum, 0, (n+1<<upperLevels-1)>>upperLevels)
	up := min(levels(n), upperLevels)
	for part := range slices.Chunk(layer, sha256.Size<<upperLevels) {
		t.upper = append(t.upper, Fold(sums(part), up, Pad(height)))
	}
	return t, Fold(slices.Clone(t.upper), levels(n)-up, Pad(height+up)) == t.Root
}

// upperLevels above the pieces are the nodes that a Tree remembers, so that proofs
// cost little.
const upperLevels = 9

// Count returns the number of pieces.
func (p *Pieces) Count() int {
	if p.PieceLength <= 0 {
		return 0
	}
	return int((p.Length + p.PieceLength - 1) / p.PieceLength)
}

// Size returns the bytes of a piece. In a v2 torrent it ends where its file does;
// what is behind that is nowhere.
func (p *Pieces) Size(piece int) int64 {
	if len(p.Trees) > 0 {
		t := p.Tree(piece)
		return min(p.PieceLength, t.Length-int64(piece-t.First)*p.PieceLength)
	}
	return p.Padded(piece)
}

// Sizes returns what Size does, nil if only the last piece can be shorter.
func (p *Pieces) Sizes() func(piece int) int64 {
	if len(p.Trees) == 0 {
		return nil
	}
	return p.Size
}

// Padded returns the bytes of a piece with what is behind its file in it, of which
// its SHA-1 is. Without SHA-1 that is all to the end of the piece.
func (p *Pieces) Padded(piece int) int64 {
	if p.Hashes == nil {
		return p.PieceLength
	}
	return min(p.PieceLength, p.Length-int64(piece)*p.PieceLength)
}

// Tree returns the tree that a piece is in; there must be one.
func (p *Pieces) Tree(piece int) *Tree {
	i := sort.Search(len(p.Trees), func(i int) bool { return p.Trees[i].First > piece })
	return &p.Trees[i-1]
}

// Node returns a piece's node, and how many levels its leaves are below it.
func (p *Pieces) Node(piece int) (node Sum, height int) {
	t := p.Tree(piece)
	if t.Layer == nil {
		return t.Root, levels(leaves(t.Length))
	}
	copy(node[:], t.Layer[(piece-t.First)*sha256.Size:])
	return node, p.Height()
}

// Height returns how many levels the leaves are below the pieces of a file that
// has more than one.
func (p *Pieces) Height() int { return levels(leaves(p.PieceLength)) }

// leaves returns the number of leaves of so many bytes.
func leaves(bytes int64) int { return int((bytes + LeafSize - 1) / LeafSize) }

// Right reports whether the leaves are those of a piece, which has as many. It
// overwrites them.
func (p *Pieces) Right(piece int, leaves []Sum) bool {
	node, height := p.Node(piece)
	return Fold(leaves, height, Sum{}) == node
}

// check refuses what would make the arithmetic wrong.
func (p *Pieces) check() error {
	if p.PieceLength <= 0 || p.Length < 0 {
		return errors.New("verify pieces: bad length")
	}
	if (p.Trees == nil || p.Hashes != nil) && int64(len(p.Hashes)) != int64(p.Count())*sha1.Size {
		return fmt.Errorf("verify pieces: %d bytes of hashes for %d pieces", len(p.Hashes), p.Count())
	}
	if p.Trees == nil {
		return nil
	}
	next := 0
	for _, t := range p.Trees {
		pieces := t.Pieces(p.PieceLength)
		if t.First != next || pieces == 0 || pieces > 1 && len(t.Layer) != pieces*sha256.Size || pieces == 1 && t.Layer != nil {
			return fmt.Errorf("verify pieces: %d bytes of hashes for a file of %d pieces at piece %d", len(t.Layer), pieces, t.First)
		}
		next += pieces
	}
	if next != p.Count() {
		return fmt.Errorf("verify pieces: trees of %d pieces for %d", next, p.Count())
	}
	return nil
}
