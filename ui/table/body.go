package table

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// body is the surface of all rows. It has objects only for those that are
// visible, takes all of the mouse, and has the keyboard.
type body[K comparable] struct {
	widget.BaseWidget

	t       *Table[K]
	leader  Leader // the model, if it is one
	rows    []*rowView
	bars    *bars[K]
	ring    *canvas.Rectangle // around the row with the keyboard
	objects []fyne.CanvasObject

	fits    fitter
	tones   [Error + 1]color.Color
	min     fyne.Size
	hover   int // the row under the pointer, or -1
	focused bool

	click  click[K]
	search search
}

func newBody[K comparable](t *Table[K]) *body[K] {
	b := &body[K]{t: t, hover: -1, ring: canvas.NewRectangle(color.Transparent)}
	b.ring.StrokeWidth = 1
	b.ring.Hide()
	b.bars = newBars(b)
	b.ExtendBaseWidget(b)
	return b
}

// rowHeight returns the height of a row: 24 with text of 13.
func (b *body[K]) rowHeight() float32 {
	return float32(math.Ceil(float64(b.t.textSize()) * 24 / 13))
}

// MinSize returns the size of all rows.
func (b *body[K]) MinSize() fyne.Size { return b.min }

// Refresh shows what changed.
func (b *body[K]) Refresh() { b.update() }

// CreateRenderer returns the renderer of the rows.
func (b *body[K]) CreateRenderer() fyne.WidgetRenderer { return &bodyRenderer[K]{b} }

// rearrange is called when the number of rows or the width of all columns
// changed.
func (b *body[K]) rearrange(width float32) {
	b.min = fyne.NewSize(width, float32(b.t.model.Len())*b.rowHeight())
	b.t.scroll.Refresh()
}

// visible returns the rows [first, end) that are in view.
func (b *body[K]) visible() (first, end int) {
	height := b.rowHeight()
	first = int(b.t.scroll.Offset.Y / height)
	return min(first, b.t.model.Len()), min(first+b.slots(), b.t.model.Len())
}

// slots returns how many rows can be in view at once, in part or whole.
func (b *body[K]) slots() int {
	height := b.t.scroll.Size().Height
	if height <= 0 {
		return 0
	}
	return int(math.Ceil(float64(height/b.rowHeight()))) + 1
}

// update makes the objects show what is in view.
func (b *body[K]) update() {
	b.leader, _ = b.t.model.(Leader)
	for i := range b.tones {
		b.tones[i] = b.t.tone(Tone(i))
	}
	if size := b.t.textSize(); size != b.fits.size {
		b.fits.reset(size)
	}
	b.stock()
	first, end := b.visible()
	for row := first; row < end; row++ {
		b.show(b.rows[row%len(b.rows)], row)
	}
	for row := end; row < first+len(b.rows); row++ {
		b.rows[row%len(b.rows)].hide()
	}
	b.bars.update(first, end)
	b.showRing()
}

// stock makes as many row views as fit, and anew if the columns changed.
func (b *body[K]) stock() {
	n, columns := b.slots(), len(b.t.cols.places)
	stale := len(b.rows) > 0 && (len(b.rows[0].texts) != columns || (b.rows[0].fold != nil) != (b.leader != nil))
	if n == len(b.rows) && !stale {
		return
	}
	b.rows = b.rows[:0]
	var backs, fronts []fyne.CanvasObject
	for range n {
		v := newRowView(columns, b.leader != nil)
		v.hide()
		b.rows = append(b.rows, v)
		backs = append(backs, v.back)
		for _, t := range v.texts {
			fronts = append(fronts, t)
		}
		if v.fold != nil {
			fronts = append(fronts, v.fold, v.check)
		}
	}
	b.objects = append(append(append(backs, b.bars.raster), fronts...), b.ring)
	canvas.Refresh(b)
}

// showRing shows which row the keyboard is on.
func (b *body[K]) showRing() {
	row := -1
	if b.focused {
		row = b.t.cursor()
	}
	if row < 0 {
		b.ring.Hide()
		return
	}
	b.ring.StrokeColor = b.t.color(theme.ColorNamePrimary)
	b.ring.Move(fyne.NewPos(b.t.scroll.Offset.X, float32(row)*b.rowHeight()))
	b.ring.Resize(fyne.NewSize(b.t.scroll.Size().Width, b.rowHeight()))
	b.ring.Show()
	b.ring.Refresh()
}

// setHover marks the row under the pointer; -1 for none.
func (b *body[K]) setHover(row int) {
	if row == b.hover {
		return
	}
	old := b.hover
	b.hover = row
	first, end := b.visible()
	for _, r := range [...]int{old, row} {
		if first <= r && r < end && len(b.rows) > 0 {
			b.paintBack(b.rows[r%len(b.rows)], r)
		}
	}
}

// rowAt returns the row at a height of the surface, or -1.
func (b *body[K]) rowAt(y float32) int {
	row := int(math.Floor(float64(y / b.rowHeight())))
	if row < 0 || row >= b.t.model.Len() {
		return -1
	}
	return row
}

// firstPlace returns the place of the first column of New, if it is visible.
func (b *body[K]) firstPlace() (place, bool) {
	for _, p := range b.t.cols.places {
		if p.col == 0 {
			return p, true
		}
	}
	return place{}, false
}

type bodyRenderer[K comparable] struct{ b *body[K] }

func (r *bodyRenderer[K]) Layout(fyne.Size)             { r.b.update() }
func (r *bodyRenderer[K]) MinSize() fyne.Size           { return r.b.min }
func (r *bodyRenderer[K]) Refresh()                     { r.b.update() }
func (r *bodyRenderer[K]) Objects() []fyne.CanvasObject { return r.b.objects }
func (r *bodyRenderer[K]) Destroy()                     {}
