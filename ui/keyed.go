package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// The widgets here pass on the keys that Fyne's swallow, so that Esc and Enter
// mean the same wherever the keyboard is.

// field is an entry that passes Esc on.
type field struct {
	widget.Entry
	other func(*fyne.KeyEvent) bool
}

func newField(other func(*fyne.KeyEvent) bool) *field {
	f := &field{other: other}
	f.ExtendBaseWidget(f)
	return f
}

// TypedKey passes Esc on and edits with all other keys.
func (f *field) TypedKey(ev *fyne.KeyEvent) {
	if ev.Name != fyne.KeyEscape || !f.other(ev) {
		f.Entry.TypedKey(ev)
	}
}

// button is a button that is also pressed by Enter, and passes Esc on.
type button struct {
	widget.Button
	other func(*fyne.KeyEvent) bool
}

func newButton(label string, tapped func(), other func(*fyne.KeyEvent) bool) *button {
	b := &button{other: other}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey presses the button with Enter and Space, and passes other keys on.
func (b *button) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if !b.Disabled() {
			b.OnTapped()
		}
	default:
		b.other(ev)
	}
}

// check is a check box that passes Enter and Esc on.
type check struct {
	widget.Check
	other func(*fyne.KeyEvent) bool
}

func newCheck(label string, on bool, other func(*fyne.KeyEvent) bool) *check {
	c := &check{other: other}
	c.Text, c.Checked = label, on
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey passes keys on; Space comes as a rune.
func (c *check) TypedKey(ev *fyne.KeyEvent) { c.other(ev) }
