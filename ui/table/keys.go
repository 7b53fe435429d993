package table

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

var _ interface {
	fyne.Focusable
	fyne.Shortcutable
} = (*body[int])(nil)

// pause is how long after a letter the next one still belongs to the same search.
const pause = time.Second

// search is what was typed to find a row.
type search struct {
	prefix string
	at     time.Time
}

// FocusGained shows where the keyboard is.
func (b *body[K]) FocusGained() {
	b.focused = true
	b.showRing()
}

// FocusLost shows that the keyboard is elsewhere.
func (b *body[K]) FocusLost() {
	b.focused = false
	b.showRing()
}

// TypedKey moves the cursor, activates or asks for a menu; other keys go to
// OnTypedKey.
func (b *body[K]) TypedKey(ev *fyne.KeyEvent) {
	if ev.Name == fyne.KeySpace && b.searching() {
		return // its rune belongs to the search
	}
	row, moves := b.target(ev.Name)
	switch {
	case moves:
		b.step(row)
	case ev.Name == fyne.KeyReturn || ev.Name == fyne.KeyEnter:
		if key, ok := b.t.Cursor(); ok {
			b.t.tell(b.t.OnActivate, key)
		}
	case ev.Name == desktop.KeyMenu || ev.Name == fyne.KeyF10 && b.t.modifiers() == fyne.KeyModifierShift:
		b.keyMenu()
	case b.t.OnTypedKey != nil:
		b.t.OnTypedKey(ev)
	}
}

// TypedRune finds the next row whose first text starts with what is typed.
func (b *body[K]) TypedRune(r rune) {
	if !b.searching() {
		if r == ' ' {
			return
		}
		b.search.prefix = ""
	}
	b.search.prefix += strings.ToLower(string(r))
	b.search.at = b.t.now()
	b.find()
}

// TypedShortcut selects all, and passes any other shortcut to OnShortcut or the window.
func (b *body[K]) TypedShortcut(s fyne.Shortcut) {
	if _, ok := s.(*fyne.ShortcutSelectAll); ok {
		b.t.SelectAll()
		return
	}
	if b.t.OnShortcut == nil || !b.t.OnShortcut(s) {
		b.t.passOn(s)
	}
}

// target returns the row to which a key moves the cursor, if it is such a key.
func (b *body[K]) target(key fyne.KeyName) (row int, moves bool) {
	from := b.t.cursor()
	page := max(1, int(b.t.scroll.Size().Height/b.rowHeight())-1)
	last := b.t.model.Len() - 1
	switch key {
	case fyne.KeyUp:
		row = from - 1
	case fyne.KeyDown:
		row = from + 1
	case fyne.KeyPageUp:
		row = from - page
	case fyne.KeyPageDown:
		row = from + page
	case fyne.KeyHome:
		row = 0
	case fyne.KeyEnd:
		row = last
	default:
		return 0, false
	}
	if from < 0 && key != fyne.KeyHome && key != fyne.KeyEnd {
		row = 0
		if b.t.selected.active {
			row = b.t.cursorRow // of a row that is gone
		}
	}
	return max(0, min(row, last)), true
}

// step moves the cursor to a row and selects it, or up to it with Shift.
func (b *body[K]) step(row int) {
	if b.t.model.Len() == 0 {
		return
	}
	if b.t.modifiers()&fyne.KeyModifierShift != 0 {
		b.t.extend(row, false)
	} else {
		b.t.selected.only(b.t.model.Key(row))
	}
	b.t.cursorRow = row
	b.t.reveal(row)
	b.selectionChanged()
}

// keyMenu asks for the menu of the row with the cursor, below it.
func (b *body[K]) keyMenu() {
	row := b.t.cursor()
	if row < 0 {
		return
	}
	b.t.reveal(row)
	origin := fyne.CurrentApp().Driver().AbsolutePositionForObject(b)
	b.menu(row, origin.AddXY(b.t.scroll.Offset.X+indent, float32(row+1)*b.rowHeight()))
}

func (b *body[K]) searching() bool {
	return b.search.prefix != "" && b.t.now().Sub(b.search.at) < pause
}

// find goes to the row that matches the search: from the cursor on, and past it
// if what is typed is one letter, so that the same letter goes on to the next.
func (b *body[K]) find() {
	col := b.textColumn()
	n := b.t.model.Len()
	if col < 0 || n == 0 {
		return
	}
	prefix, start := b.search.prefix, max(0, b.t.cursor())
	if repeated := strings.Trim(prefix, prefix[:runeLen(prefix)]) == ""; repeated && b.t.cursor() >= 0 {
		prefix = prefix[:runeLen(prefix)]
		start++
	}
	for i := range n {
		row := (start + i) % n
		if strings.HasPrefix(strings.ToLower(b.t.model.Text(row, col)), prefix) {
			b.t.selected.only(b.t.model.Key(row))
			b.t.cursorRow = row
			b.t.reveal(row)
			b.selectionChanged()
			return
		}
	}
}

// textColumn returns the first column of texts, or -1.
func (b *body[K]) textColumn() int {
	for i, c := range b.t.cols.all {
		if c.Kind == Text {
			return i
		}
	}
	return -1
}

// runeLen returns how many bytes the first rune of s has.
func runeLen(s string) int {
	for i := range s {
		if i > 0 {
			return i
		}
	}
	return len(s)
}
