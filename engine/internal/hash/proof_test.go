package hash

import (
	"slices"
	"testing"
)

// climb computes the root from what a peer sends for a range, as one that has asked
// would.
func climb(r Range, nodes []Sum) Sum {
	base, uncles := slices.Clone(nodes[:r.Count]), nodes[r.Count:]
	node := Fold(base, levels(r.Count), Sum{})
	index := r.Index / r.Count
	for _, uncle := range uncles {
		if index%2 == 0 {
			node = join(node, uncle)
		} else {
			node = join(uncle, node)
		}
		index /= 2
	}
	return node
}

func large(t testing.TB) (Pieces, Tree) {
	data := noise(1300*LeafSize + 5)
	bare := tree(data, 0, 2*LeafSize)
	whole, ok := bare.WithLayer(bare.Layer, 2*LeafSize)
	if !ok {
		t.Fatal("the layer does not lead to the root")
	}
	return Pieces{Length: int64(len(data)), PieceLength: 2 * LeafSize, Trees: []Tree{whole}}, whole
}

// TestProofs proves ranges of all sizes up to the root.
func TestProofs(t *testing.T) {
	p, whole := large(t)
	for count := 1; count <= 1024; count *= 2 {
		for index := 0; index < 1024; index += max(count, 100/count*count) {
			r := Range{Root: whole.Root, Base: 1, Index: index, Count: count, Proof: 9}
			nodes, piece, ok := p.Nodes(nil, r)
			if !ok || piece != -1 {
				t.Fatalf("%+v: %v, piece %d", r, ok, piece)
			}
			if climb(r, nodes) != whole.Root {
				t.Errorf("%+v does not lead to the root", r)
			}
		}
	}
	leaves := p.Leaves(650) // the last piece, of one leaf
	leaves.Proof = 10
	proof, piece, ok := p.Nodes(nil, leaves)
	data := noise(1300*LeafSize + 5)
	all := append(AppendLeaves(nil, data[650*2*LeafSize:]), Sum{})
	if !ok || piece != 650 || climb(leaves, append(all, proof...)) != whole.Root {
		t.Errorf("the leaves of the last piece: %v, piece %d", ok, piece)
	}
}

func TestRanges(t *testing.T) {
	p, whole := large(t)
	var layer []byte
	for _, r := range whole.Ranges(p.PieceLength) {
		nodes, _, ok := p.Nodes(nil, r)
		if !ok {
			t.Fatalf("there is no %+v", r)
		}
		for _, n := range nodes {
			layer = append(layer, n[:]...)
		}
	}
	if !slices.Equal(layer[:len(whole.Layer)], whole.Layer) {
		t.Error("the ranges are not the layer")
	}
	if _, ok := whole.WithLayer(layer[:len(whole.Layer)-32], p.PieceLength); ok {
		t.Error("a layer that is too short is taken")
	}
	layer[70]++
	if _, ok := whole.WithLayer(layer[:len(whole.Layer)], p.PieceLength); ok {
		t.Error("a wrong layer is taken")
	}
}

// FuzzRange asks for anything: an answer is always as long as it should be and leads
// to the root if it goes that far.
func FuzzRange(f *testing.F) {
	p, whole := large(f)
	for _, r := range []Range{{Base: 1, Count: 512}, {Count: 2, Index: 8, Proof: 10}, {Base: 1 << 31, Index: 1 << 31, Count: 1 << 31, Proof: 1 << 31}} {
		f.Add(uint32(r.Base), uint32(r.Index), uint32(r.Count), uint32(r.Proof))
	}
	f.Fuzz(func(t *testing.T, base, index, count, proof uint32) {
		r := Range{Root: whole.Root, Base: int(base), Index: int(index), Count: int(count), Proof: int(proof)}
		nodes, piece, ok := p.Nodes(nil, r)
		if !ok {
			return
		}
		uncles := max(0, r.Proof-levels(r.Count)+1)
		if piece >= 0 && (piece >= p.Count() || len(nodes) != uncles) || piece < 0 && len(nodes) != r.Count+uncles {
			t.Fatalf("%+v: piece %d, %d nodes", r, piece, len(nodes))
		}
		if piece < 0 && r.Proof == 9 && climb(r, nodes) != whole.Root {
			t.Errorf("%+v does not lead to the root", r)
		}
	})
}
