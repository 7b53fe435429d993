package piecemap

import (
	"image"
	"image/color"
)

// Painter draws bars. It keeps the line of pixels of every bar that was drawn
// since the last Begin, so that a source that did not change is not read again.
type Painter struct {
	palette *Palette
	strips  map[stripKey]*line
	free    [][]byte
	scratch []byte
	frame   uint64
}

type stripKey struct {
	source  Source
	width   int
	tint    color.RGBA
	recent  *Recent
	version uint64
}

type line struct {
	pix   []byte
	frame uint64
}

// NewPainter returns a painter with a palette.
func NewPainter(p *Palette) *Painter {
	return &Painter{palette: p, strips: map[stripKey]*line{}}
}

// SetPalette changes the palette of all that is drawn from now on.
func (p *Painter) SetPalette(pal *Palette) {
	if pal == p.palette {
		return
	}
	p.palette = pal
	for key := range p.strips {
		p.drop(key)
	}
}

// Begin starts a picture: bars that were not drawn in the one before are
// forgotten.
func (p *Painter) Begin() {
	for key, l := range p.strips {
		if l.frame < p.frame {
			p.drop(key)
		}
	}
	p.frame++
}

// Bar draws an outlined bar of pieces into the part of r that is inside dst;
// r is in pixels. Pieces that are not known are a hatched pattern. Nothing is
// allocated for a bar that was drawn before in the same width.
func (p *Painter) Bar(dst *image.RGBA, r image.Rectangle, strip Strip) {
	inner := r
	if r.Dy() > 4 && r.Dx() > 4 {
		p.outline(dst, r)
		inner = r.Inset(1)
	}
	clip := inner.Intersect(dst.Rect)
	if clip.Empty() {
		return
	}
	if size(strip.Source) == 0 {
		hatch(dst, clip, p.palette)
		return
	}
	skip := (clip.Min.X - inner.Min.X) * 4
	pix := p.line(strip, inner.Dx())[skip : skip+clip.Dx()*4]
	for y := clip.Min.Y; y < clip.Max.Y; y++ {
		copy(dst.Pix[dst.PixOffset(clip.Min.X, y):], pix)
	}
}

// line returns the pixels of a strip, from those kept if they are among them.
func (p *Painter) line(strip Strip, width int) []byte {
	if !keepable(strip.Source) {
		p.scratch = grow(p.scratch, width*4)
		t := p.palette.tones(strip.Tint)
		sample(p.scratch, width, strip, &t)
		return p.scratch
	}
	key := stripKey{strip.Source, width, strip.Tint, strip.Recent, strip.Recent.Version()}
	if l := p.strips[key]; l != nil {
		l.frame = p.frame
		return l.pix
	}
	l := &line{frame: p.frame}
	if n := len(p.free); n > 0 {
		l.pix, p.free = p.free[n-1], p.free[:n-1]
	}
	l.pix = grow(l.pix, width*4)
	t := p.palette.tones(strip.Tint)
	sample(l.pix, width, strip, &t)
	p.strips[key] = l
	return l.pix
}

func (p *Painter) drop(key stripKey) {
	p.free = append(p.free, p.strips[key].pix)
	delete(p.strips, key)
}

func (p *Painter) outline(dst *image.RGBA, r image.Rectangle) {
	for _, side := range [...]image.Rectangle{
		image.Rect(r.Min.X+1, r.Min.Y, r.Max.X-1, r.Min.Y+1),
		image.Rect(r.Min.X+1, r.Max.Y-1, r.Max.X-1, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y+1, r.Min.X+1, r.Max.Y-1),
		image.Rect(r.Max.X-1, r.Min.Y+1, r.Max.X, r.Max.Y-1),
	} {
		box(dst, side, p.palette.Edge)
	}
}

// box fills the part of r that is inside dst.
func box(dst *image.RGBA, r image.Rectangle, c color.RGBA) {
	r = r.Intersect(dst.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		at := dst.PixOffset(r.Min.X, y)
		fill(dst.Pix[at:at+r.Dx()*4], c)
	}
}

// hatch draws the pattern for what is not known.
func hatch(dst *image.RGBA, r image.Rectangle, p *Palette) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		at := dst.PixOffset(r.Min.X, y)
		for x := r.Min.X; x < r.Max.X; x++ {
			c := p.Background
			if (x+y)&7 < 2 {
				c = p.Missing
			}
			put(dst.Pix[at:], c)
			at += 4
		}
	}
}

// grow returns a slice of n bytes, in b's memory if it is large enough.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
