package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// The widgets here pass on the keys that Fyne's swallow, so that Esc and Enter
// mean the same wherever the keyboard is, and tell when they get the keyboard, so
// that a form that scrolls shows them.

// field is an entry that passes Esc on.
type field struct {
	widget.Entry
	other   func(*fyne.KeyEvent) bool
	reached func(fyne.CanvasObject) // may be nil
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

// AcceptsTab says that Tab leads on, also out of a field of several lines.
func (f *field) AcceptsTab() bool { return false }

// FocusGained tells that the keyboard has come.
func (f *field) FocusGained() {
	f.Entry.FocusGained()
	reach(f, f.reached)
}

// button is a button that is also pressed by Enter, and passes Esc on.
type button struct {
	widget.Button
	other   func(*fyne.KeyEvent) bool
	reached func(fyne.CanvasObject) // may be nil
}

func newButton(label string, tapped func(), other func(*fyne.KeyEvent) bool) *button {
	b := &button{other: other}
	b.Text, b.OnTapped = label, tapped
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey presses the button with Enter, and passes other keys on.
func (b *button) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		b.press()
	case fyne.KeySpace: // comes as a rune, too
	default:
		b.other(ev)
	}
}

// TypedRune presses the button with Space. As a key it would come a second time,
// as a rune, to whatever has the keyboard then.
func (b *button) TypedRune(r rune) {
	if r == ' ' {
		b.press()
	}
}

func (b *button) press() {
	if !b.Disabled() {
		b.OnTapped()
	}
}

// FocusGained tells that the keyboard has come.
func (b *button) FocusGained() {
	b.Button.FocusGained()
	reach(b, b.reached)
}

// check is a check box that passes Enter and Esc on.
type check struct {
	widget.Check
	other   func(*fyne.KeyEvent) bool
	reached func(fyne.CanvasObject) // may be nil
}

func newCheck(label string, on bool, other func(*fyne.KeyEvent) bool) *check {
	c := &check{other: other}
	c.Text, c.Checked = label, on
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey passes keys on; Space comes as a rune.
func (c *check) TypedKey(ev *fyne.KeyEvent) { c.other(ev) }

// FocusGained tells that the keyboard has come.
func (c *check) FocusGained() {
	c.Check.FocusGained()
	reach(c, c.reached)
}

// choiceBox is a list of which one is chosen. It passes Enter and Esc on; Space
// opens it, the arrows go through it.
type choiceBox struct {
	widget.Select
	other   func(*fyne.KeyEvent) bool
	reached func(fyne.CanvasObject) // may be nil
}

func newChoiceBox(options []string, at int, other func(*fyne.KeyEvent) bool) *choiceBox {
	c := &choiceBox{other: other}
	c.Options = options
	if at >= 0 && at < len(options) {
		c.Selected = options[at]
	}
	c.ExtendBaseWidget(c)
	return c
}

// TypedKey passes Enter and Esc on, and chooses with all other keys.
func (c *choiceBox) TypedKey(ev *fyne.KeyEvent) {
	switch ev.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeyEscape:
		c.other(ev)
	case fyne.KeyUp:
		c.SetSelectedIndex(max(0, c.SelectedIndex()-1))
	case fyne.KeyDown:
		c.SetSelectedIndex(min(len(c.Options)-1, c.SelectedIndex()+1))
	default:
		c.Select.TypedKey(ev)
	}
}

// FocusGained tells that the keyboard has come.
func (c *choiceBox) FocusGained() {
	c.Select.FocusGained()
	reach(c, c.reached)
}

func reach(o fyne.CanvasObject, reached func(fyne.CanvasObject)) {
	if reached != nil {
		reached(o)
	}
}
