package table

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"piecewise/ui/piecemap"
)

// margin is the room above and below a bar in its row.
const margin = 5

// bars draws the bars of all visible rows into one raster.
type bars[K comparable] struct {
	b       *body[K]
	raster  *canvas.Raster
	image   *image.RGBA
	painter *piecemap.Painter

	cells   []barCell
	shown   []piecemap.Shown
	palette *piecemap.Palette
}

// barCell is one bar: where it is in the raster, and what it shows.
type barCell struct {
	x, y, width float32
	strip       piecemap.Strip
}

func newBars[K comparable](b *body[K]) *bars[K] {
	s := &bars[K]{b: b, palette: &piecemap.Light, painter: piecemap.NewPainter(&piecemap.Light)}
	s.raster = canvas.NewRaster(s.draw)
	s.raster.ScaleMode = canvas.ImageScalePixels
	s.raster.Hide()
	return s
}

// update places the raster under the visible bars and draws it if any of them
// changed.
func (s *bars[K]) update(first, end int) {
	left, right := s.extent()
	if first >= end || left >= right {
		s.cells = s.cells[:0]
		s.raster.Hide()
		return
	}
	height := s.b.rowHeight()
	changed := s.collect(first, end, left)
	if p := piecemap.PaletteFor(s.b.t.color(theme.ColorNameBackground)); p != s.palette {
		s.palette, changed = p, true
	}
	size := fyne.NewSize(right-left, float32(s.b.slots())*height)
	s.raster.Move(fyne.NewPos(left, float32(first)*height))
	if s.raster.Size() != size {
		s.raster.Resize(size) // draws
	} else if changed {
		s.raster.Refresh()
	}
	s.raster.Show()
}

// extent returns where the bars start and end; both are 0 if there are none.
func (s *bars[K]) extent() (left, right float32) {
	any := false
	for _, p := range s.b.t.cols.places {
		if s.b.t.cols.all[p.col].Kind != Bar {
			continue
		}
		if !any {
			left, any = p.x, true
		}
		right = p.end()
	}
	return left, right
}

// collect asks the model for the bars of the rows and reports whether they, or
// their places in the raster, changed.
func (s *bars[K]) collect(first, end int, left float32) bool {
	height := s.b.rowHeight()
	before := len(s.cells)
	changed := false
	n := 0
	for row := first; row < end; row++ {
		for _, p := range s.b.t.cols.places {
			if s.b.t.cols.all[p.col].Kind != Bar {
				continue
			}
			strip := s.b.t.model.Strip(row, p.col)
			if strip == (piecemap.Strip{}) {
				continue
			}
			if n == len(s.cells) {
				s.cells = append(s.cells, barCell{})
			}
			if n == len(s.shown) {
				s.shown = append(s.shown, piecemap.Shown{})
			}
			c := &s.cells[n]
			x, y, width := p.x-left+padding, float32(row-first)*height+margin, p.width-2*padding
			changed = changed || c.x != x || c.y != y || c.width != width
			c.x, c.y, c.width, c.strip = x, y, width, strip
			changed = s.shown[n].Update(strip) || changed
			n++
		}
	}
	s.cells = s.cells[:n]
	return changed || n != before
}

// draw draws all bars into an image of w × h pixels.
func (s *bars[K]) draw(w, h int) image.Image {
	if s.image == nil || s.image.Rect.Dx() != w || s.image.Rect.Dy() != h {
		s.image = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	clear(s.image.Pix)
	scale := float32(1)
	if width := s.raster.Size().Width; width > 0 {
		scale = float32(w) / width
	}
	height := s.b.rowHeight() - 2*margin
	s.painter.SetPalette(s.palette)
	s.painter.Begin()
	for _, c := range s.cells {
		s.painter.Bar(s.image, image.Rect(
			round(c.x*scale), round(c.y*scale),
			round((c.x+c.width)*scale), round((c.y+height)*scale),
		), c.strip)
	}
	return s.image
}

func round(v float32) int { return int(v + 0.5) }
