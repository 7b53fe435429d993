package hash

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/anacrolix/torrent/merkle"
)

// tree makes the tree of a file as the library does.
func tree(data []byte, first int, pieceLength int64) Tree {
	t := Tree{Length: int64(len(data)), First: first}
	if t.Length <= pieceLength {
		h := merkle.NewHash()
		h.Write(data)
		h.Sum(t.Root[:0])
		return t
	}
	var layer []Sum
	for piece := range slices.Chunk(data, int(pieceLength)) {
		h := merkle.NewHash()
		h.Write(piece)
		var s Sum
		h.SumMinLength(s[:0], int(pieceLength))
		t.Layer = append(t.Layer, s[:]...)
		layer = append(layer, s)
	}
	t.Root = merkle.RootWithPadHash(layer, merkle.Root(make([][32]byte, pieceLength/LeafSize)))
	return t
}

func TestVerifyTrees(t *testing.T) {
	const length = 4 * LeafSize
	for _, sizes := range [][]int{
		{1},
		{LeafSize},
		{LeafSize + 1},
		{3*LeafSize - 1},
		{length},
		{length + 1},
		{7*length + 5*LeafSize/2},
		{5, length, 3*length + 9, LeafSize - 1},
	} {
		for _, hybrid := range []bool{false, true} {
			t.Run(fmt.Sprint(sizes, hybrid), func(t *testing.T) {
				data, p := layout(sizes, length, hybrid)
				if bad := badPieces(t, data, p); bad != nil {
					t.Fatalf("bad are %v", bad)
				}
				for piece := range p.Count() {
					at := int64(piece)*length + p.Size(piece) - 1
					data[at] ^= 1
					if bad := badPieces(t, data, p); !slices.Equal(bad, []int{piece}) {
						t.Errorf("piece %d is wrong, bad are %v", piece, bad)
					}
					data[at] ^= 1
					if at++; at%length == 0 || at == int64(len(data)) {
						continue
					}
					data[at] ^= 1 // behind the file, which is of no interest without SHA-1
					if bad := badPieces(t, data, p); (bad != nil) != hybrid {
						t.Errorf("behind piece %d is something, bad are %v", piece, bad)
					}
					data[at] ^= 1
				}
			})
		}
	}
}

// layout makes files of these sizes, each at the beginning of a piece.
func layout(sizes []int, pieceLength int, hybrid bool) ([]byte, Pieces) {
	p := Pieces{PieceLength: int64(pieceLength)}
	var data []byte
	for i, size := range sizes {
		data = append(data, make([]byte, (pieceLength-len(data)%pieceLength)%pieceLength)...)
		file := noise(size)
		file[0] = byte(i) // no two are alike
		p.Trees = append(p.Trees, tree(file, len(data)/pieceLength, p.PieceLength))
		data = append(data, file...)
	}
	if hybrid {
		p.Hashes = pieces(data, pieceLength).Hashes
	}
	p.Length = int64(len(data))
	return data, p
}

func badPieces(t *testing.T, data []byte, p Pieces) (bad []int) {
	t.Helper()
	err := Verify(t.Context(), bytes.NewReader(data), p, func(i int, ok bool) {
		if !ok {
			bad = append(bad, i)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(bad)
	return bad
}

func TestUnsoundTrees(t *testing.T) {
	_, sound := layout([]int{5, 3 * LeafSize}, LeafSize, true)
	for name, change := range map[string]func(*Pieces){
		"no SHA-1":                   func(p *Pieces) { p.Hashes = p.Hashes[:20] },
		"layer too short":            func(p *Pieces) { p.Trees[1].Layer = p.Trees[1].Layer[:64] },
		"no layer":                   func(p *Pieces) { p.Trees[1].Layer = nil },
		"layer of one piece":         func(p *Pieces) { p.Trees[0].Layer = make([]byte, 32) },
		"tree missing":               func(p *Pieces) { p.Trees = p.Trees[:1] },
		"tree elsewhere":             func(p *Pieces) { p.Trees[1].First = 2 },
		"tree of an empty file":      func(p *Pieces) { p.Trees[0].Length = 0 },
		"tree of a negative length":  func(p *Pieces) { p.Trees[0].Length = -5 },
		"trees of more than a piece": func(p *Pieces) { p.Length = 5 },
	} {
		p := sound
		p.Trees = slices.Clone(sound.Trees)
		change(&p)
		if err := Verify(t.Context(), bytes.NewReader(nil), p, func(int, bool) { t.Error("reported") }); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
