package piecemap

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"piecewise/engine"
)

// random returns n pieces in random states.
func random(n int) *engine.Pieces {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	states := make([]engine.PieceState, n)
	for i := range states {
		states[i] = engine.Verified
		if r.IntN(3) == 0 {
			states[i] = engine.PieceState(r.IntN(5))
		}
	}
	return engine.NewPieces(states)
}

// counted counts how often it is read.
type counted struct {
	Source
	reads int
}

func (c *counted) State(i int) engine.PieceState {
	c.reads++
	return c.Source.State(i)
}

func TestBarStaysInItsRectangle(t *testing.T) {
	outside := color.RGBA{1, 2, 3, 255}
	for _, r := range []image.Rectangle{
		image.Rect(5, 5, 45, 19), image.Rect(-10, 2, 20, 12), image.Rect(40, -3, 80, 60), image.Rect(5, 5, 7, 8),
		image.Rect(5, 5, 5, 5), image.Rect(100, 100, 120, 120), image.Rect(20, 10, 10, 20),
	} {
		for _, src := range []Source{random(3), random(5000), nil, engine.UniformPieces(0, engine.Missing)} {
			img := image.NewRGBA(image.Rect(0, 0, 50, 30))
			fill(img.Pix, outside)
			NewPainter(&Light).Bar(img, r, Strip{Source: src})
			for y := range 30 {
				for x := range 50 {
					if !image.Pt(x, y).In(r) && img.RGBAAt(x, y) != outside {
						t.Fatalf("bar in %v drew at %d, %d", r, x, y)
					}
				}
			}
		}
	}
}

func TestBarIsKept(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 300, 20))
	p := NewPainter(&Light)
	src := &counted{Source: random(1000)}
	draw := func() int {
		src.reads = 0
		p.Begin()
		p.Bar(img, img.Rect, Strip{Source: src})
		return src.reads
	}
	if got := draw(); got != 1000 {
		t.Errorf("the first bar read %d pieces of 1000", got)
	}
	if got := draw(); got != 0 {
		t.Errorf("the same bar again read %d pieces", got)
	}
	p.SetPalette(&Dark)
	if got := draw(); got != 1000 {
		t.Errorf("in another palette the bar read %d pieces of 1000", got)
	}
	p.Begin()
	p.Begin()
	if got := len(p.strips); got != 0 {
		t.Errorf("%d bars are kept that are no longer drawn", got)
	}
	// Bits are not comparable: they are drawn all the same.
	bits := engine.FullBits(9)
	p.Bar(img, img.Rect, Strip{Source: bits})
	p.Bar(img, img.Rect, Strip{Source: Part{bits, 1, 3}})
	p.Bar(img, img.Rect, Strip{Source: &bits, Tint: Dark.Category(3)})
	if got := img.RGBAAt(150, 10); got != Dark.Category(3) {
		t.Errorf("a tinted bar is %v", got)
	}
}

// FuzzGrid checks that the map has a place for every piece, inside it, and that
// At and Rect agree.
func FuzzGrid(f *testing.F) {
	for _, s := range [][4]int{{1, 100, 100, 1}, {100_000, 1200, 400, 1}, {100_000, 2400, 800, 2}, {37, 5, 900, 1}, {1000, 1, 1, 3}, {30_000, 1200, 400, 1}} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	f.Fuzz(func(t *testing.T, n, w, h, scale int) {
		n, w, h, scale = 1+abs(n)%150_000, 1+abs(w)%1500, 1+abs(h)%1000, 1+abs(scale)%3
		g := NewGrid(n, w, h, scale)
		if g.Cells < 1 || g.Cells > n || g.Rows*(g.Cell+g.Gap)-g.Gap > h || g.Cols*(g.Cell+g.Gap)-g.Gap > w {
			t.Fatalf("%+v", g)
		}
		for piece := 0; piece < n; piece += 1 + n/500 {
			r := g.Rect(piece)
			first, end := g.At(r.Min.X, r.Min.Y)
			if !r.In(image.Rect(0, 0, w, h)) || piece < first || piece >= end {
				t.Fatalf("%+v: piece %d is at %v, where pieces %d to %d are", g, piece, r, first, end)
			}
		}
		if first, end := g.At(w, h); g.Cells == n && first != end && end != n {
			t.Fatalf("%+v: beyond the corner are pieces %d to %d", g, first, end)
		}
		g.Draw(image.NewRGBA(image.Rect(0, 0, w, h)), Strip{Source: engine.UniformPieces(n, engine.Partial)}, &Light, nil)
	})
}

func TestMapDrawsEveryPiece(t *testing.T) {
	for _, n := range []int{1, 10, 1000, 30_000, 100_000, 400_000} {
		states := make([]engine.PieceState, n)
		for i := range states {
			states[i] = engine.Verified
		}
		odd := []int{0, n / 3, n - 1}
		for _, i := range odd {
			states[i] = engine.Missing
		}
		g := NewGrid(n, 1200, 400, 1)
		img := image.NewRGBA(image.Rect(0, 0, 1200, 400))
		g.Draw(img, Strip{Source: engine.NewPieces(states)}, &Light, nil)
		for _, i := range odd {
			at := g.Rect(i)
			if c := img.RGBAAt(at.Max.X-1, at.Max.Y-1); distance(c, Light.Verified) < 24 || distance(c, Light.Background) < 24 {
				t.Errorf("piece %d of %d is missing and drawn %v (%+v)", i, n, c, g)
			}
		}
		for y := 0; y < 400; y += 7 {
			for x := 0; x < 1200; x += 7 {
				if img.RGBAAt(x, y).A != 255 {
					t.Fatalf("%d pieces: nothing is drawn at %d, %d", n, x, y)
				}
			}
		}
	}
}

func TestGridOfNothing(t *testing.T) {
	for _, g := range []Grid{NewGrid(0, 100, 50, 1), NewGrid(10, 0, 50, 1), NewGrid(-1, 10, 50, 1)} {
		if first, end := g.At(0, 0); first != end || !g.Rect(0).Empty() || g.Cells != 0 {
			t.Errorf("%+v has pieces", g)
		}
	}
	g := NewGrid(0, 100, 50, 1)
	img := image.NewRGBA(image.Rect(0, 0, 100, 50))
	g.Draw(img, Strip{}, &Light, nil)
	seen := map[color.RGBA]int{}
	for y := range 50 {
		for x := range 100 {
			seen[img.RGBAAt(x, y)]++
		}
	}
	if len(seen) != 2 || seen[Light.Missing] == 0 || seen[Light.Background] == 0 {
		t.Errorf("a map of unknown pieces is %v", seen)
	}
}

func TestDrawingAllocatesNothing(t *testing.T) {
	src := random(10_000)
	img := image.NewRGBA(image.Rect(0, 0, 1200, 400))
	p := NewPainter(&Light)
	g := NewGrid(10_000, 1200, 400, 1)
	scratch := g.Draw(img, Strip{Source: src}, &Light, nil)
	for name, draw := range map[string]func(){
		"bar": func() { p.Begin(); p.Bar(img, img.Rect, Strip{Source: src}) },
		"map": func() { scratch = g.Draw(img, Strip{Source: src}, &Light, scratch) },
	} {
		draw()
		if got := testing.AllocsPerRun(20, draw); got != 0 {
			t.Errorf("a %s allocates %g times", name, got)
		}
	}
}

func BenchmarkBar(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		img := image.NewRGBA(image.Rect(0, 0, 1000, 14))
		p := NewPainter(&Light)
		sources := [2]Source{random(n), engine.NewPieces(append([]engine.PieceState{engine.Partial}, make([]engine.PieceState, n-1)...))}
		b.Run(fmt.Sprintf("changed/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Begin()
				p.Begin() // forgets all
				p.Bar(img, img.Rect, Strip{Source: sources[i%2]})
			}
		})
		b.Run(fmt.Sprintf("same/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Begin()
				p.Bar(img, img.Rect, Strip{Source: sources[0]})
			}
		})
	}
}

func BenchmarkMap(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			img := image.NewRGBA(image.Rect(0, 0, 1200, 400))
			strip := Strip{Source: random(n)}
			var scratch []byte
			b.ReportAllocs()
			for b.Loop() {
				g := NewGrid(n, 1200, 400, 1)
				scratch = g.Draw(img, strip, &Light, scratch)
			}
		})
	}
}
