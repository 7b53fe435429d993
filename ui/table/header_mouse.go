package table

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

var _ interface {
	desktop.Mouseable
	desktop.Hoverable
	desktop.Cursorable
	fyne.Draggable
} = (*header[int])(nil)

// reach is how near to a border the pointer must be to drag it.
const reach = 4

// MouseDown starts a click or a drag, or asks which columns to show.
func (h *header[K]) MouseDown(ev *desktop.MouseEvent) {
	h.pressed, h.border, h.dragged = -1, -1, false
	if ev.Button == desktop.MouseButtonSecondary {
		h.menu(ev.AbsolutePosition)
		return
	}
	h.pointerX = ev.Position.X
	if h.border = h.borderAt(ev.Position.X); h.border >= 0 {
		return
	}
	if i := h.t.cols.at(ev.Position.X); i >= 0 {
		h.pressed = h.t.cols.places[i].col
	}
}

// MouseUp sorts by the column that was clicked.
func (h *header[K]) MouseUp(*desktop.MouseEvent) {
	if h.pressed >= 0 && !h.dragged {
		h.click(h.pressed)
	}
	h.release()
}

// Dragged sizes or moves a column.
func (h *header[K]) Dragged(ev *fyne.DragEvent) {
	h.dragged = true
	switch {
	case h.border >= 0:
		h.size(ev.Position.X)
	case h.pressed >= 0:
		h.moveTo(ev.Position.X)
	}
}

// DragEnd ends a drag.
func (h *header[K]) DragEnd() { h.release() }

// MouseIn remembers where the pointer is, for its shape.
func (h *header[K]) MouseIn(ev *desktop.MouseEvent) { h.pointerX = ev.Position.X }

// MouseMoved remembers where the pointer is, for its shape.
func (h *header[K]) MouseMoved(ev *desktop.MouseEvent) { h.pointerX = ev.Position.X }

// MouseOut forgets where the pointer is.
func (h *header[K]) MouseOut() { h.pointerX = -reach }

// Cursor returns the shape of the pointer: at a border one for sizing.
func (h *header[K]) Cursor() desktop.Cursor {
	if h.border >= 0 || h.borderAt(h.pointerX) >= 0 {
		return desktop.HResizeCursor
	}
	return desktop.DefaultCursor
}

func (h *header[K]) release() {
	if h.dragged && h.t.OnColumns != nil {
		h.t.OnColumns()
	}
	h.pressed, h.border, h.dragged = -1, -1, false
	h.showMarker()
}

// click sorts by a column, the other way round if it is the sorted one.
func (h *header[K]) click(col int) {
	id := h.t.cols.all[col].ID
	h.t.SetSort(id, id == h.t.sort && !h.t.descending)
	if h.t.OnSort != nil {
		h.t.OnSort(id, h.t.descending)
	}
}

// borderAt returns the column whose right border is at x, or -1.
func (h *header[K]) borderAt(x float32) int {
	for _, p := range slices.Backward(h.t.cols.places) {
		if p.end()-reach <= x && x <= p.end()+reach {
			return p.col
		}
	}
	return -1
}

// size puts the border that is dragged at x.
func (h *header[K]) size(x float32) {
	for _, p := range h.t.cols.places {
		if p.col == h.border {
			h.t.cols.resize(p.col, x-p.x)
			h.t.relay()
			return
		}
	}
}

// moveTo moves the pressed column to where x is, once it would not move back at
// once because the other one is wider.
func (h *header[K]) moveTo(x float32) {
	places := h.t.cols.places
	to := h.t.cols.at(x)
	from := slices.IndexFunc(places, func(p place) bool { return p.col == h.pressed })
	if to < 0 || from < 0 || to == from {
		return
	}
	width := places[from].width
	if to > from && x < places[to].end()-width || to < from && x > places[to].x+width {
		return
	}
	h.t.cols.move(h.pressed, places[to].col)
	h.t.relay()
}

// menu asks which columns to show.
func (h *header[K]) menu(at fyne.Position) {
	c := fyne.CurrentApp().Driver().CanvasForObject(h)
	if c == nil {
		return
	}
	items := make([]*fyne.MenuItem, 0, len(h.t.cols.order))
	for _, col := range h.t.cols.order {
		items = append(items, h.menuItem(col))
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
}

func (h *header[K]) menuItem(col int) *fyne.MenuItem {
	hidden := h.t.cols.all[col].Hidden
	item := fyne.NewMenuItem(h.t.cols.all[col].Title, func() {
		h.t.cols.hide(col, !hidden)
		h.t.relay()
		if h.t.OnColumns != nil {
			h.t.OnColumns()
		}
	})
	item.Checked = !hidden
	item.Disabled = !hidden && len(h.t.cols.places) == 1
	return item
}
