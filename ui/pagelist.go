package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// pageList is a list of names of which one is chosen. A click or the arrows choose;
// other keys are passed on.
type pageList struct {
	widget.BaseWidget
	names   []string
	at      int
	marked  []bool // have something that must be put right
	chosen  func(int)
	other   func(*fyne.KeyEvent) bool
	focused bool
	hovered int // -1 for none
}

func newPageList(names []string, chosen func(int), other func(*fyne.KeyEvent) bool) *pageList {
	l := &pageList{names: names, marked: make([]bool, len(names)), chosen: chosen, other: other, hovered: -1}
	l.ExtendBaseWidget(l)
	return l
}

// choose chooses a name by its place; places that are none are brought into range.
func (l *pageList) choose(at int) {
	at = max(0, min(at, len(l.names)-1))
	if at == l.at {
		return
	}
	l.at = at
	l.Refresh()
	l.chosen(at)
}

// mark shows which names have something that must be put right.
func (l *pageList) mark(marked []bool) {
	l.marked = marked
	l.Refresh()
}

// TypedKey chooses with the arrows, Home and End, and passes other keys on.
func (l *pageList) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyUp:
		l.choose(l.at - 1)
	case fyne.KeyDown:
		l.choose(l.at + 1)
	case fyne.KeyHome, fyne.KeyPageUp:
		l.choose(0)
	case fyne.KeyEnd, fyne.KeyPageDown:
		l.choose(len(l.names) - 1)
	default:
		l.other(ev)
	}
}

// TypedRune does nothing: names are not searched.
func (l *pageList) TypedRune(rune) {}

// FocusGained shows that the arrows choose here.
func (l *pageList) FocusGained() {
	l.focused = true
	l.Refresh()
}

// FocusLost shows that they no longer do.
func (l *pageList) FocusLost() {
	l.focused = false
	l.Refresh()
}

// Tapped chooses what was clicked.
func (l *pageList) Tapped(ev *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(l); c != nil {
		c.Focus(l)
	}
	if i := l.under(ev.Position); i >= 0 {
		l.choose(i)
	}
}

// MouseIn shows what the pointer is on.
func (l *pageList) MouseIn(ev *desktop.MouseEvent) { l.hover(l.under(ev.Position)) }

// MouseMoved likewise.
func (l *pageList) MouseMoved(ev *desktop.MouseEvent) { l.hover(l.under(ev.Position)) }

// MouseOut shows that it has left.
func (l *pageList) MouseOut() { l.hover(-1) }

func (l *pageList) hover(row int) {
	if row != l.hovered {
		l.hovered = row
		l.Refresh()
	}
}

// under returns the row at a position, or -1.
func (l *pageList) under(pos fyne.Position) int {
	if row := int(pos.Y / pageHeight()); pos.Y >= 0 && row < len(l.names) {
		return row
	}
	return -1
}

const pageWidth = 124

func pageHeight() float32 {
	return fyne.MeasureText("M", theme.TextSize(), fyne.TextStyle{Bold: true}).Height + 2*theme.InnerPadding()
}

// CreateRenderer makes a line for each name.
func (l *pageList) CreateRenderer() fyne.WidgetRenderer {
	r := &pageListRenderer{l: l}
	for _, name := range l.names {
		back, text, sign := canvas.NewRectangle(nil), canvas.NewText(name, nil), canvas.NewText("!", nil)
		sign.TextStyle.Bold = true
		r.backs, r.texts, r.signs = append(r.backs, back), append(r.texts, text), append(r.signs, sign)
		r.objects = append(r.objects, back, text, sign)
	}
	r.Refresh()
	return r
}

type pageListRenderer struct {
	l       *pageList
	backs   []*canvas.Rectangle
	texts   []*canvas.Text
	signs   []*canvas.Text
	objects []fyne.CanvasObject
}

func (r *pageListRenderer) Objects() []fyne.CanvasObject { return r.objects }

func (r *pageListRenderer) Destroy() {}

func (r *pageListRenderer) MinSize() fyne.Size {
	return fyne.NewSize(pageWidth, pageHeight()*float32(len(r.texts)))
}

func (r *pageListRenderer) Layout(size fyne.Size) {
	height, pad := pageHeight(), theme.InnerPadding()
	for i := range r.texts {
		top := height * float32(i)
		r.backs[i].Move(fyne.NewPos(1, top+1))
		r.backs[i].Resize(fyne.NewSize(size.Width-pad, height-2))
		r.texts[i].Move(fyne.NewPos(pad+2, top))
		r.texts[i].Resize(fyne.NewSize(size.Width-4*pad, height))
		r.signs[i].Move(fyne.NewPos(size.Width-3*pad, top))
		r.signs[i].Resize(fyne.NewSize(pad, height))
	}
}

func (r *pageListRenderer) Refresh() {
	for i, back := range r.backs {
		chosen := i == r.l.at
		fill := theme.ColorNameOverlayBackground
		switch {
		case chosen:
			fill = theme.ColorNameSelection
		case i == r.l.hovered:
			fill = theme.ColorNameHover
		}
		back.FillColor, back.CornerRadius = theme.Color(fill), theme.SelectionRadiusSize()
		back.StrokeWidth = 0
		if chosen && r.l.focused {
			back.StrokeColor, back.StrokeWidth = theme.Color(theme.ColorNamePrimary), 2
		}
		text := r.texts[i]
		text.TextStyle.Bold, text.TextSize = chosen, theme.TextSize()
		text.Color = theme.Color(theme.ColorNameForeground)
		sign := r.signs[i]
		sign.TextSize, sign.Color = theme.TextSize(), theme.Color(theme.ColorNameError)
		sign.Hidden = !r.l.marked[i]
	}
	canvas.Refresh(r.l)
}
