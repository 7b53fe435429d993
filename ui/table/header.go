package table

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// header is the line of titles. A click sorts, dragging a border sizes, dragging
// a title moves, a secondary click asks which columns to show.
type header[K comparable] struct {
	widget.BaseWidget

	t       *Table[K]
	titles  []*canvas.Text // one for every visible column
	borders []*canvas.Rectangle
	arrow   *canvas.Image
	marker  *canvas.Rectangle // over the title that is moved
	objects []fyne.CanvasObject
	fits    fitter

	pressed  int // column that was pressed, or -1
	border   int // column whose right border is dragged, or -1
	dragged  bool
	pointerX float32
}

func newHeader[K comparable](t *Table[K]) *header[K] {
	h := &header[K]{t: t, arrow: newIcon(), marker: canvas.NewRectangle(nil), pressed: -1, border: -1}
	h.fits.style.Bold = true
	h.marker.Hide()
	h.ExtendBaseWidget(h)
	return h
}

// MinSize returns the size of all titles.
func (h *header[K]) MinSize() fyne.Size {
	return fyne.NewSize(h.t.body.min.Width, h.t.body.rowHeight())
}

// Refresh shows what changed.
func (h *header[K]) Refresh() { h.update() }

// CreateRenderer returns the renderer of the header.
func (h *header[K]) CreateRenderer() fyne.WidgetRenderer { return &headerRenderer[K]{h} }

// update makes the objects show the columns.
func (h *header[K]) update() {
	h.Resize(fyne.NewSize(max(h.t.body.min.Width, h.t.Size().Width), h.t.body.rowHeight()))
	h.stock()
	if size := h.t.textSize(); size != h.fits.size {
		h.fits.reset(size)
	}
	sorted := false
	for i, p := range h.t.cols.places {
		c := &h.t.cols.all[p.col]
		room := p.width - 2*padding
		x := p.x + padding
		if c.ID == h.t.sort {
			sorted = true
			room -= icon
			if c.Align == fyne.TextAlignTrailing {
				x += icon
			}
		}
		h.showTitle(h.titles[i], c, x, room)
		if c.ID == h.t.sort {
			h.showArrow(h.titles[i])
		}
		h.showBorder(h.borders[i], p)
	}
	if !sorted {
		h.arrow.Hide()
	}
	h.showMarker()
}

func (h *header[K]) stock() {
	n := len(h.t.cols.places)
	if n == len(h.titles) {
		return
	}
	h.titles, h.borders = nil, nil
	h.objects = []fyne.CanvasObject{h.marker}
	for range n {
		title, border := canvas.NewText("", nil), canvas.NewRectangle(nil)
		title.TextStyle.Bold = true
		h.titles, h.borders = append(h.titles, title), append(h.borders, border)
		h.objects = append(h.objects, title, border)
	}
	h.objects = append(h.objects, h.arrow)
	canvas.Refresh(h)
}

func (h *header[K]) showTitle(t *canvas.Text, c *Column, x, room float32) {
	t.Move(fyne.NewPos(x, 0))
	t.Resize(fyne.NewSize(max(0, room), h.t.body.rowHeight()))
	text, tone := h.fits.fit(c.Title, room), h.t.tone(Plain)
	if t.Text != text || t.Color != tone || t.TextSize != h.fits.size || t.Alignment != c.Align {
		t.Text, t.Color, t.TextSize, t.Alignment = text, tone, h.fits.size, c.Align
		t.Refresh()
	}
}

func (h *header[K]) showBorder(r *canvas.Rectangle, p place) {
	height := h.t.body.rowHeight()
	r.Move(fyne.NewPos(p.end()-1, height/4))
	r.Resize(fyne.NewSize(1, height/2))
	if c := h.t.color(theme.ColorNameSeparator); c != r.FillColor {
		r.FillColor = c
		r.Refresh()
	}
}

// showArrow shows the order beside the title of the sorted column.
func (h *header[K]) showArrow(title *canvas.Text) {
	used := title.MinSize().Width
	name := theme.IconNameArrowDropUp
	if h.t.descending {
		name = theme.IconNameArrowDropDown
	}
	x := title.Position().X + used
	if title.Alignment == fyne.TextAlignTrailing {
		x = title.Position().X + title.Size().Width - used - icon
	}
	setIcon(h.arrow, name, fyne.NewPos(x, (h.t.body.rowHeight()-icon)/2))
}

// showMarker shows which column is being moved.
func (h *header[K]) showMarker() {
	i := slices.IndexFunc(h.t.cols.places, func(p place) bool { return p.col == h.pressed })
	if !h.dragged || i < 0 {
		h.marker.Hide()
		return
	}
	p := h.t.cols.places[i]
	h.marker.FillColor = h.t.color(theme.ColorNamePressed)
	h.marker.Move(fyne.NewPos(p.x, 0))
	h.marker.Resize(fyne.NewSize(p.width, h.t.body.rowHeight()))
	h.marker.Show()
	h.marker.Refresh()
}

type headerRenderer[K comparable] struct{ h *header[K] }

func (r *headerRenderer[K]) Layout(fyne.Size)             {}
func (r *headerRenderer[K]) MinSize() fyne.Size           { return r.h.MinSize() }
func (r *headerRenderer[K]) Refresh()                     { r.h.update() }
func (r *headerRenderer[K]) Objects() []fyne.CanvasObject { return r.h.objects }
func (r *headerRenderer[K]) Destroy()                     {}
