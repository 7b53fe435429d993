package hash

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"runtime"
	"testing"
)

// blank is p as it is before Make.
func blank(p Pieces) Pieces {
	p.Hashes = nil
	var trees []Tree
	for _, t := range p.Trees {
		trees = append(trees, Tree{Length: t.Length, First: t.First})
	}
	p.Trees = trees
	return p
}

func TestMake(t *testing.T) {
	const length = 4 * LeafSize
	for _, sizes := range [][]int{
		{1},
		{LeafSize},
		{LeafSize + 1},
		{length},
		{length + 1},
		{7*length + 5*LeafSize/2},
		{5, length, 3*length + 9, LeafSize - 1},
		{9*length - 1, 1, 1, 20 * length},
	} {
		for _, pieceLength := range []int{LeafSize, length, 4 * bufferSize} {
			for _, v1 := range []bool{false, true} {
				data, want := layout(sizes, pieceLength, v1)
				got := blank(want)
				if err := got.Make(t.Context(), bytes.NewReader(data), v1); err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("files of %v in pieces of %d, v1 %v: other hashes than the library's, %v", sizes, pieceLength, v1, err)
				}
			}
		}
	}
}

func TestMakeV1(t *testing.T) {
	for _, length := range []int{0, 1, 16, 17, bufferSize, 3*bufferSize + 5} {
		for _, pieceLength := range []int{16, LeafSize, bufferSize - 1, bufferSize + 1, 2 * bufferSize} {
			data := noise(length)
			want := pieces(data, pieceLength)
			got := Pieces{Length: want.Length, PieceLength: want.PieceLength}
			if err := got.Make(t.Context(), bytes.NewReader(data), true); err != nil || !bytes.Equal(got.Hashes, want.Hashes) {
				t.Errorf("%d bytes in pieces of %d: other hashes, %v", length, pieceLength, err)
			}
		}
	}
}

func TestMakeUnsound(t *testing.T) {
	for _, p := range []Pieces{
		{},
		{PieceLength: -1},
		{Length: -1, PieceLength: 16},
		{Length: 20, PieceLength: 16, Trees: []Tree{{Length: 20}}},
		{Length: 20, PieceLength: LeafSize, Trees: []Tree{{Length: 0}}},
		{Length: 3 * LeafSize, PieceLength: LeafSize, Trees: []Tree{{Length: 20}}},
	} {
		if err := p.Make(t.Context(), bytes.NewReader(make([]byte, 3*LeafSize)), true); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
	if p := (Pieces{Length: 16, PieceLength: 16}); p.Make(t.Context(), bytes.NewReader(make([]byte, 16)), false) == nil {
		t.Error("hashes of no kind were made")
	}
}

// A reader that fails ends it at once, with its error.
func TestMakeFails(t *testing.T) {
	m := new(missing)
	p := Pieces{Length: 1 << 40, PieceLength: 1 << 20}
	if err := p.Make(t.Context(), m, true); !errors.Is(err, io.ErrUnexpectedEOF) || m.asked.Load() > 1<<10 {
		t.Errorf("%v after %d reads", err, m.asked.Load())
	}
}

// After the end of the context no goroutine reads more than what it has begun.
func TestMakeCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := &gate{stop: cancel}
	g.left.Store(5)
	const huge = 1 << 40 // a piece that would take minutes
	p := Pieces{Length: 4 * huge, PieceLength: huge}
	err := p.Make(ctx, g, true)
	if !errors.Is(err, context.Canceled) || g.late.Load() > int64(runtime.GOMAXPROCS(0)) {
		t.Errorf("%v after %d more reads", err, g.late.Load())
	}
}

func BenchmarkMake(b *testing.B) {
	for _, kind := range []string{"v1", "v2", "hybrid"} {
		b.Run(kind, func(b *testing.B) {
			f, p := benchFile(b)
			if p.Trees = nil; kind != "v1" {
				p.Trees = []Tree{{Length: benchLength}}
			}
			b.SetBytes(benchLength)
			for b.Loop() {
				if err := p.Make(b.Context(), f, kind != "v2"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
