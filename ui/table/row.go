package table

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

const (
	padding = 6  // at either side of a text
	indent  = 16 // of a step of depth
	icon    = 16 // side of a sign
)

// rowView has the canvas objects of one visible row. They are moved from row to
// row; what did not change is left alone.
type rowView struct {
	back        *canvas.Rectangle
	texts       []*canvas.Text // one for every visible column; empty for bars
	raw         []string       // the texts before they were cut
	widths      []float32
	fold, check *canvas.Image // nil if the model is not a Leader
}

func newRowView(columns int, lead bool) *rowView {
	v := &rowView{
		back:   canvas.NewRectangle(nil),
		raw:    make([]string, columns),
		widths: make([]float32, columns),
	}
	for range columns {
		v.texts = append(v.texts, canvas.NewText("", nil))
	}
	if lead {
		v.fold, v.check = newIcon(), newIcon()
	}
	return v
}

func newIcon() *canvas.Image {
	i := &canvas.Image{FillMode: canvas.ImageFillContain}
	i.Hide()
	return i
}

func (v *rowView) hide() {
	v.back.Hide()
	for _, t := range v.texts {
		t.Hide()
	}
	if v.fold != nil {
		v.fold.Hide()
		v.check.Hide()
	}
}

// show shows a row of the model at its place.
func (b *body[K]) show(v *rowView, row int) {
	y, height := float32(row)*b.rowHeight(), b.rowHeight()
	v.back.Move(fyne.NewPos(0, y))
	v.back.Resize(fyne.NewSize(b.Size().Width, height))
	b.paintBack(v, row)
	lead := b.showLead(v, row)
	for i, p := range b.t.cols.places {
		text := v.texts[i]
		if b.t.cols.all[p.col].Kind == Bar {
			text.Hide()
			continue
		}
		x := p.x + padding
		if p.col == 0 {
			x += lead
		}
		text.Move(fyne.NewPos(x, y))
		text.Resize(fyne.NewSize(max(0, p.end()-padding-x), height))
		b.showText(v, i, row)
		text.Show()
	}
}

// showText sets the text of the cell at place i, if it differs from what is
// there.
func (b *body[K]) showText(v *rowView, i, row int) {
	col := b.t.cols.places[i].col
	text := v.texts[i]
	raw, width := b.t.model.Text(row, col), text.Size().Width
	tone := b.tones[b.t.model.Tone(row, col)]
	align := b.t.cols.all[col].Align
	if raw == v.raw[i] && width == v.widths[i] && text.Color == tone && text.TextSize == b.fits.size && text.Alignment == align {
		return
	}
	v.raw[i], v.widths[i] = raw, width
	text.Text, text.Color, text.TextSize, text.Alignment = b.fits.fit(raw, width), tone, b.fits.size, align
	text.Refresh()
}

// paintBack shows whether a row is selected or under the pointer.
func (b *body[K]) paintBack(v *rowView, row int) {
	name := theme.ColorNameSelection
	if !b.t.selected.has(b.t.model.Key(row)) {
		if row != b.hover {
			v.back.Hide()
			return
		}
		name = theme.ColorNameHover
	}
	if c := b.t.color(name); c != v.back.FillColor {
		v.back.FillColor = c
		v.back.Refresh()
	}
	v.back.Show()
}

// showLead shows the signs before the first text and returns their width.
func (b *body[K]) showLead(v *rowView, row int) float32 {
	if v.fold == nil {
		return 0
	}
	lead := b.leader.Lead(row)
	first, ok := b.firstPlace()
	if !ok {
		v.fold.Hide()
		v.check.Hide()
		return 0
	}
	fold, check, width := lead.spots()
	y := float32(row)*b.rowHeight() + (b.rowHeight()-icon)/2
	setIcon(v.fold, foldIcons[lead.Fold], fyne.NewPos(first.x+padding+fold, y))
	setIcon(v.check, checkIcons[lead.Check], fyne.NewPos(first.x+padding+check, y))
	return width
}

// spots returns where the signs of a lead start, and the width of all.
func (l Lead) spots() (fold, check, width float32) {
	fold = float32(l.Depth) * indent
	check = fold
	if l.Fold != Flat {
		check += icon + 2
	}
	width = check
	if l.Check != Unboxed {
		width += icon + 4
	}
	return fold, check, width
}

var foldIcons = [...]fyne.ThemeIconName{Flat: "", Leaf: "", Closed: theme.IconNameMenuExpand, Open: theme.IconNameArrowDropDown}

var checkIcons = [...]fyne.ThemeIconName{
	Unboxed: "",
	Off:     theme.IconNameCheckButton,
	Some:    theme.IconNameCheckButtonPartial,
	On:      theme.IconNameCheckButtonChecked,
}

// setIcon shows an icon of the theme at a place, or none if name is empty.
func setIcon(i *canvas.Image, name fyne.ThemeIconName, at fyne.Position) {
	if name == "" {
		i.Hide()
		return
	}
	i.Move(at)
	i.Resize(fyne.NewSquareSize(icon))
	if res := theme.Icon(name); res != i.Resource {
		i.Resource = res
		i.Refresh()
	}
	i.Show()
}
