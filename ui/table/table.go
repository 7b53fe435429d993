package table

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// Table is a widget that shows a Model. Callbacks are set before it is shown and
// may be nil; they are called on the window's goroutine, and only for what the
// user did, save that OnSelect is also called when Refresh finds that selected
// rows are gone.
type Table[K comparable] struct {
	widget.BaseWidget

	OnSelect   func(keys []K)                       // the selection changed; keys in the order of the rows
	OnActivate func(key K)                          // double click or Enter
	OnMenu     func(key K, at fyne.Position)        // secondary click, Menu key or Shift+F10; the row is selected
	OnSort     func(column string, descending bool) // a title was clicked; the model is to be sorted
	OnColumns  func()                               // columns were sized, moved, hidden or shown
	OnTypedKey func(ev *fyne.KeyEvent)              // a key that the table has no use for, such as Space
	OnShortcut func(s fyne.Shortcut) bool           // a shortcut other than that for all; false if it is the window's
	OnFold     func(key K)                          // the sign to open or close a row was clicked
	OnCheck    func(key K)                          // a check box was clicked

	model      Model[K]
	cols       *columns
	selected   selection[K]
	cursorRow  int // where the cursor was last found
	sort       string
	descending bool

	header *header[K]
	body   *body[K]
	scroll *container.Scroll

	now       func() time.Time
	modifiers func() fyne.KeyModifier
	passOn    func(fyne.Shortcut) // to the window
}

// New returns a table of columns that shows a model. Of the columns at least one
// is not hidden, and their IDs differ.
func New[K comparable](cols []Column, m Model[K]) *Table[K] {
	t := &Table[K]{
		model:     m,
		cols:      newColumns(cols),
		selected:  newSelection[K](),
		now:       time.Now,
		modifiers: pressedModifiers,
	}
	t.header = newHeader(t)
	t.body = newBody(t)
	t.scroll = container.NewScroll(t.body)
	t.scroll.OnScrolled = func(fyne.Position) { t.scrolled() }
	t.passOn = t.toWindow
	t.ExtendBaseWidget(t)
	return t
}

// SetModel shows another model.
func (t *Table[K]) SetModel(m Model[K]) {
	t.model = m
	t.Refresh()
}

// Refresh shows what changed in the model. Selected rows that are gone are no
// longer selected. Cells that did not change cost a comparison.
func (t *Table[K]) Refresh() {
	if t.selected.keep(t.model.Len(), t.model.Key) {
		t.tellSelected()
	}
	t.relay()
}

// Selected returns the keys of the selected rows, in the order of the rows.
func (t *Table[K]) Selected() []K {
	keys := make([]K, 0, len(t.selected.keys))
	for row := 0; row < t.model.Len() && len(keys) < len(t.selected.keys); row++ {
		if k := t.model.Key(row); t.selected.has(k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// Select selects the rows with these keys and no others, and puts the cursor on
// the first, or on none if there is none. Keys of no row are passed over.
// OnSelect is not called.
func (t *Table[K]) Select(keys ...K) {
	t.selected.clear()
	t.selected.active = false
	for _, k := range keys {
		if t.row(k) >= 0 {
			t.selected.keys[k] = struct{}{}
		}
	}
	if i := slices.IndexFunc(keys, t.selected.has); i >= 0 {
		t.selected.anchor, t.selected.cursor, t.selected.active = keys[i], keys[i], true
		t.cursorRow = t.row(keys[i])
	}
	t.body.update()
}

// SelectAll selects every row, as Ctrl+A does.
func (t *Table[K]) SelectAll() {
	for row := range t.model.Len() {
		t.selected.keys[t.model.Key(row)] = struct{}{}
	}
	t.body.update()
	t.tellSelected()
}

// Cursor returns the key of the row that the keyboard is on, if it is on one.
func (t *Table[K]) Cursor() (key K, ok bool) {
	row := t.cursor()
	if row < 0 {
		return key, false
	}
	return t.model.Key(row), true
}

// ScrollTo scrolls as little as is needed to show the row with a key.
func (t *Table[K]) ScrollTo(key K) {
	if row := t.row(key); row >= 0 {
		t.reveal(row)
	}
}

// Focus gives the table the keyboard.
func (t *Table[K]) Focus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t.body); c != nil {
		c.Focus(t.body)
	}
}

// SetSort marks the column by which the model is sorted; "" marks none. OnSort
// is not called.
func (t *Table[K]) SetSort(column string, descending bool) {
	t.sort, t.descending = column, descending
	t.header.update()
}

// State returns what the user made of the columns.
func (t *Table[K]) State() State {
	return State{Columns: t.cols.state(), Sized: t.cols.sized, Sort: t.sort, Descending: t.descending}
}

// Restore applies a stored state. What does not fit these columns is passed
// over. No callback is called.
func (t *Table[K]) Restore(s State) {
	t.cols.restore(s.Columns, s.Sized)
	if t.cols.index(s.Sort) >= 0 {
		t.sort, t.descending = s.Sort, s.Descending
	}
	t.relay()
}

// CreateRenderer returns the renderer of the table.
func (t *Table[K]) CreateRenderer() fyne.WidgetRenderer {
	line := canvas.NewRectangle(t.color(theme.ColorNameSeparator))
	return &tableRenderer[K]{t: t, line: line, clip: container.NewClip(t.header)}
}

// cursor returns the row of the cursor, or -1.
func (t *Table[K]) cursor() int {
	if !t.selected.active {
		return -1
	}
	row := t.row(t.selected.cursor)
	if row >= 0 {
		t.cursorRow = row
	}
	return row
}

// row returns the row with a key, or -1. The cursor's old row is tried first.
func (t *Table[K]) row(key K) int {
	n := t.model.Len()
	if t.cursorRow < n && t.model.Key(t.cursorRow) == key {
		return t.cursorRow
	}
	for row := range n {
		if t.model.Key(row) == key {
			return row
		}
	}
	return -1
}

// reveal scrolls as little as is needed to show a row.
func (t *Table[K]) reveal(row int) {
	height := t.body.rowHeight()
	top, view := float32(row)*height, t.scroll.Size().Height
	at := t.scroll.Offset
	if top < at.Y {
		at.Y = top
	} else if top+height > at.Y+view {
		at.Y = top + height - view
	}
	if at != t.scroll.Offset {
		t.scroll.ScrollToOffset(at)
		t.scrolled()
	}
}

// relay lays out columns and rows anew, after either changed.
func (t *Table[K]) relay() {
	width := t.cols.lay(t.Size().Width)
	t.body.rearrange(width)
	t.header.update()
	t.header.Move(fyne.NewPos(-t.scroll.Offset.X, 0))
}

func (t *Table[K]) scrolled() {
	t.body.hover = -1
	t.body.update()
	t.header.Move(fyne.NewPos(-t.scroll.Offset.X, 0))
}

func (t *Table[K]) tellSelected() {
	if t.OnSelect != nil {
		t.OnSelect(t.Selected())
	}
}

// toWindow passes a shortcut on to the canvas, where the window has its own.
func (t *Table[K]) toWindow(s fyne.Shortcut) {
	if c, ok := fyne.CurrentApp().Driver().CanvasForObject(t.body).(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}

func pressedModifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}
