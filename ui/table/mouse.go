package table

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

var _ interface {
	desktop.Mouseable
	desktop.Hoverable
} = (*body[int])(nil)

// click is the last press of the primary button, to know a double click. Fyne's
// own would delay every click by the time it waits for a second one.
type click[K comparable] struct {
	key K
	at  time.Time
}

// MouseDown selects, opens, checks or asks for a menu.
func (b *body[K]) MouseDown(ev *desktop.MouseEvent) {
	b.t.Focus()
	row := b.rowAt(ev.Position.Y)
	switch {
	case row < 0:
		if ev.Modifier == 0 && len(b.t.selected.keys) > 0 {
			b.t.selected.clear()
			b.selectionChanged()
		}
	case ev.Button == desktop.MouseButtonSecondary:
		b.menu(row, ev.AbsolutePosition)
	case ev.Button == desktop.MouseButtonPrimary && !b.pressLead(row, ev.Position.X):
		b.press(row, ev.Modifier)
	}
}

// MouseUp does nothing: a row is selected when the button goes down.
func (b *body[K]) MouseUp(*desktop.MouseEvent) {}

// MouseIn marks the row under the pointer.
func (b *body[K]) MouseIn(ev *desktop.MouseEvent) { b.setHover(b.rowAt(ev.Position.Y)) }

// MouseMoved marks the row under the pointer.
func (b *body[K]) MouseMoved(ev *desktop.MouseEvent) { b.setHover(b.rowAt(ev.Position.Y)) }

// MouseOut marks no row.
func (b *body[K]) MouseOut() { b.setHover(-1) }

// press selects a row as the modifiers ask, and activates it at a double click.
func (b *body[K]) press(row int, mod fyne.KeyModifier) {
	key := b.t.model.Key(row)
	toggle := mod&(fyne.KeyModifierShortcutDefault|fyne.KeyModifierControl) != 0
	switch {
	case mod&fyne.KeyModifierShift != 0:
		b.t.extend(row, toggle)
	case toggle:
		b.t.selected.toggle(key)
	default:
		b.t.selected.only(key)
	}
	b.t.cursorRow = row
	b.selectionChanged()

	now := b.t.now()
	twice := mod == 0 && b.click.key == key && now.Sub(b.click.at) <= fyne.CurrentApp().Driver().DoubleTapDelay()
	b.click = click[K]{key, now}
	if twice {
		b.click.at = time.Time{} // a third press starts anew
		if b.t.OnActivate != nil {
			b.t.OnActivate(key)
		}
	}
}

// pressLead opens, closes or checks a row if x is on one of its signs.
func (b *body[K]) pressLead(row int, x float32) bool {
	first, ok := b.firstPlace()
	if b.leader == nil || !ok {
		return false
	}
	lead := b.leader.Lead(row)
	fold, check, width := lead.spots()
	x -= first.x + padding
	key := b.t.model.Key(row)
	switch {
	case x >= first.width-padding:
		return false
	case lead.Fold >= Closed && fold <= x && x < fold+icon:
		b.t.tell(b.t.OnFold, key)
		return true
	case lead.Check != Unboxed && check <= x && x < width:
		b.t.tell(b.t.OnCheck, key)
		return true
	}
	return false
}

// menu asks for the menu of a row, which is selected for it.
func (b *body[K]) menu(row int, at fyne.Position) {
	key := b.t.model.Key(row)
	if !b.t.selected.has(key) {
		b.t.selected.only(key)
		b.t.cursorRow = row
		b.selectionChanged()
	}
	if b.t.OnMenu != nil {
		b.t.OnMenu(key, at)
	}
}

func (b *body[K]) selectionChanged() {
	b.update()
	b.t.tellSelected()
}

// extend selects from the anchor to a row; more keeps what is selected besides.
func (t *Table[K]) extend(row int, more bool) {
	anchor := -1
	if t.selected.active {
		anchor = t.row(t.selected.anchor)
	}
	key := t.model.Key(row)
	if anchor < 0 {
		t.selected.only(key)
		return
	}
	if !more {
		t.selected.clear()
	}
	for r := min(anchor, row); r <= max(anchor, row); r++ {
		t.selected.keys[t.model.Key(r)] = struct{}{}
	}
	t.selected.cursor = key
}

func (t *Table[K]) tell(f func(K), key K) {
	if f != nil {
		f(key)
	}
}
