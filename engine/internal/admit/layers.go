package admit

import (
	"slices"

	"piecewise/engine/internal/hash"
)

// NeedsLayers reports whether the hashes of the pieces of some file are not known,
// because they are no part of the info dictionary (BEP 52).
func (t *Torrent) NeedsLayers() bool {
	return slices.ContainsFunc(t.Trees, t.needsLayer)
}

func (t *Torrent) needsLayer(tree hash.Tree) bool {
	return tree.Layer == nil && tree.Length > t.PieceLength
}

// WithLayers returns the torrent with the layers of pieces, by the roots of their
// files. It keeps the slices.
func (t *Torrent) WithLayers(layers map[hash.Sum][]byte) (*Torrent, error) {
	out := *t
	out.Trees = slices.Clone(t.Trees)
	for i := range out.Trees {
		tree := &out.Trees[i]
		if !out.needsLayer(*tree) {
			continue
		}
		layer := layers[tree.Root]
		if layer == nil {
			return nil, refuse("The torrent lacks the hashes of its pieces (piece layers).")
		}
		var ok bool
		if *tree, ok = tree.WithLayer(layer, t.PieceLength); !ok {
			return nil, refuse("The torrent's hashes of pieces (piece layers) are damaged.")
		}
	}
	return &out, nil
}

// Untwined returns a hybrid as a v1 torrent with the same hashes, without its trees:
// what can be done if nobody has their layers.
func (t *Torrent) Untwined() *Torrent {
	out := *t
	out.Trees = nil
	return &out
}

// readLayers takes the layers of a .torrent file.
func (t *Torrent) readLayers(dict value) error {
	if !t.NeedsLayers() {
		return nil
	}
	layers := map[hash.Sum][]byte{}
	for _, tree := range t.Trees {
		if t.needsLayer(tree) {
			layers[tree.Root] = nil
		}
	}
	missing := len(layers)
	for key, v := range dict.entries() {
		if len(key) != len(hash.Sum{}) {
			continue
		}
		known, needed := layers[hash.Sum(key)]
		if layer, ok := v.text(); ok && needed && known == nil {
			layers[hash.Sum(key)] = append([]byte{}, layer...)
			missing--
		}
	}
	if missing > 0 && t.Hybrid {
		t.Trees = nil
		return nil
	}
	whole, err := t.WithLayers(layers)
	if err == nil {
		*t = *whole
	}
	return err
}
