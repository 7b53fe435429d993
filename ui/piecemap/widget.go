package piecemap

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

var _ desktop.Hoverable = (*Map)(nil)

// Map is a widget that shows every piece of a torrent as a cell. It is used on
// the window's goroutine.
type Map struct {
	widget.BaseWidget

	// OnHover is called with the pieces [first, end) of the cell under the
	// pointer when they change, and with first = end = 0 when it is on none.
	OnHover func(first, end int)

	picture
	grid    Grid
	scratch []byte
	hover   [2]int
}

// NewMap returns a map without pieces.
func NewMap() *Map {
	m := &Map{}
	m.raster = canvas.NewRaster(m.draw)
	m.ExtendBaseWidget(m)
	return m
}

// SetStrip draws a strip; nothing is done if it is what is shown already.
func (m *Map) SetStrip(strip Strip) {
	if m.set(strip) {
		m.raster.Refresh()
	}
}

// MinSize returns the smallest useful size.
func (m *Map) MinSize() fyne.Size { return fyne.NewSize(64, 32) }

// MouseIn tells OnHover what the pointer is on.
func (m *Map) MouseIn(ev *desktop.MouseEvent) { m.MouseMoved(ev) }

// MouseMoved tells OnHover what the pointer is on.
func (m *Map) MouseMoved(ev *desktop.MouseEvent) {
	scale := float32(1)
	if w := m.Size().Width; w > 0 {
		scale = float32(m.grid.Width) / w
	}
	m.tell(m.grid.At(int(ev.Position.X*scale), int(ev.Position.Y*scale)))
}

// MouseOut tells OnHover that the pointer is on no piece.
func (m *Map) MouseOut() { m.tell(0, 0) }

// CreateRenderer returns the renderer of the map.
func (m *Map) CreateRenderer() fyne.WidgetRenderer { return &renderer{m.raster} }

func (m *Map) tell(first, end int) {
	if now := [2]int{first, end}; now != m.hover {
		m.hover = now
		if m.OnHover != nil {
			m.OnHover(first, end)
		}
	}
}

func (m *Map) draw(w, h int) image.Image {
	img := m.picture.sized(w, h)
	scale := 1
	if width := m.Size().Width; width > 0 {
		scale = max(1, int(float32(w)/width+0.5))
	}
	m.grid = NewGrid(size(m.strip.Source), w, h, scale)
	m.scratch = m.grid.Draw(img, m.strip, paletteOf(m), m.scratch)
	return img
}

// Bar is a widget that shows the pieces of a torrent, a peer or a file as a bar.
// It is used on the window's goroutine.
type Bar struct {
	widget.BaseWidget

	picture
	painter *Painter
}

// NewBar returns a bar without pieces.
func NewBar() *Bar {
	b := &Bar{painter: NewPainter(&Light)}
	b.raster = canvas.NewRaster(b.draw)
	b.ExtendBaseWidget(b)
	return b
}

// SetStrip draws a strip; nothing is done if it is what is shown already.
func (b *Bar) SetStrip(strip Strip) {
	if b.set(strip) {
		b.raster.Refresh()
	}
}

// MinSize returns the smallest useful size.
func (b *Bar) MinSize() fyne.Size { return fyne.NewSize(32, 12) }

// CreateRenderer returns the renderer of the bar.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer { return &renderer{b.raster} }

func (b *Bar) draw(w, h int) image.Image {
	img := b.picture.sized(w, h)
	clear(img.Pix)
	b.painter.SetPalette(paletteOf(b))
	b.painter.Begin()
	b.painter.Bar(img, img.Rect, b.strip)
	return img
}

// picture is a raster of one strip and the image it is drawn in.
type picture struct {
	raster *canvas.Raster
	image  *image.RGBA
	strip  Strip
	shown  Shown
}

// set takes strip and reports whether it differs from what is shown.
func (p *picture) set(strip Strip) bool {
	p.strip = strip
	return p.shown.Update(strip)
}

// sized returns the image, w × h pixels.
func (p *picture) sized(w, h int) *image.RGBA {
	if p.image == nil || p.image.Rect.Dx() != w || p.image.Rect.Dy() != h {
		p.image = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	return p.image
}

// paletteOf returns the palette that fits the theme in which a widget is shown.
func paletteOf(w interface{ Theme() fyne.Theme }) *Palette {
	variant := fyne.CurrentApp().Settings().ThemeVariant()
	return PaletteFor(w.Theme().Color(theme.ColorNameBackground, variant))
}

// renderer lays a raster over the whole of a widget.
type renderer struct{ raster *canvas.Raster }

func (r *renderer) Layout(size fyne.Size)        { r.raster.Resize(size) }
func (r *renderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *renderer) Refresh()                     { r.raster.Refresh() }
func (r *renderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.raster} }
func (r *renderer) Destroy()                     {}
