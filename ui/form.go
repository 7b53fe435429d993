package ui

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"piecewise/ui/format"
)

// form is what a sheet asks for. Its texts are read whenever they change; while
// one cannot be read, a sentence says why, and the sheet cannot be accepted.
type form struct {
	canvas  fyne.Canvas
	keys    func(*fyne.KeyEvent) bool
	accept  func() // what Enter in a field does
	tell    func() // instead of check when something was changed; may be nil
	touched bool   // the user changed something
	asked   []*question
	first   fyne.Focusable // the first part that takes the keyboard
	fault   *widget.Label
	body    *fyne.Container // from top to bottom
	scroll  *container.Scroll
}

// question is a field, and how it is read.
type question struct {
	label string // for the sentence
	field *field
	read  func(text string) error
}

func newForm(s *sheets) *form {
	f := &form{canvas: s.canvas, keys: s.typedKey, fault: widget.NewLabel(""), body: container.NewVBox()}
	f.fault.Importance = widget.DangerImportance
	f.fault.Wrapping = fyne.TextWrapWord
	f.scroll = container.NewVScroll(container.New(layout.NewCustomPaddedLayout(0, 0, 0, 12), f.body))
	return f
}

// content is the whole form.
func (f *form) content() fyne.CanvasObject {
	return container.NewBorder(nil, f.fault, nil, nil, f.scroll)
}

// heading begins a part of the form, and names the columns of its rows if they
// have several.
func (f *form) heading(text string, columns ...string) {
	if len(f.body.Objects) > 0 {
		f.body.Add(widget.NewSeparator())
	}
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = theme.SizeNameSubHeadingText
	var parts []fyne.CanvasObject
	for _, c := range columns {
		parts = append(parts, widget.NewLabel(c))
	}
	f.line(l, parts)
}

// labelWidth is that of the left column.
const labelWidth = 190

// row adds a label with what belongs to it, side by side in equal widths.
func (f *form) row(label string, parts ...fyne.CanvasObject) {
	f.line(widget.NewLabel(label), parts)
}

func (f *form) line(l *widget.Label, parts []fyne.CanvasObject) {
	left := container.NewGridWrap(fyne.NewSize(labelWidth, l.MinSize().Height), l)
	f.body.Add(container.NewBorder(nil, nil, left, nil, container.NewGridWithColumns(max(1, len(parts)), parts...)))
}

// note adds a line of explanation.
func (f *form) note(text string) *widget.Label {
	l := wrapped(text)
	l.SizeName = theme.SizeNameCaptionText
	l.Importance = widget.LowImportance
	f.body.Add(l)
	return l
}

// ask makes a field. empty is what an empty one means.
func (f *form) ask(label, text, empty string, read func(text string) error) *field {
	x := newField(f.keys)
	x.reached = func(o fyne.CanvasObject) {
		f.reached(o)
		x.TypedShortcut(&fyne.ShortcutSelectAll{}) // what is typed takes its place
	}
	x.SetText(text)
	x.SetPlaceHolder(empty)
	x.OnChanged = func(string) { f.changed() }
	x.OnSubmitted = func(string) { f.accept() }
	f.begin(x)
	f.asked = append(f.asked, &question{label, x, read})
	return x
}

// choose makes a list of which one is chosen.
func (f *form) choose(options []string, at int, chosen func(int)) *choiceBox {
	c := newChoiceBox(options, at, f.keys)
	c.reached = f.reached
	f.begin(c)
	c.OnChanged = func(string) {
		chosen(c.SelectedIndex())
		f.changed()
	}
	return c
}

// tick makes a check box.
func (f *form) tick(label string, on bool, set func(bool)) *check {
	c := newCheck(label, on, f.keys)
	c.reached = f.reached
	f.begin(c)
	c.OnChanged = func(on bool) {
		set(on)
		f.changed()
	}
	return c
}

// press makes a button.
func (f *form) press(label string, tapped func()) *button {
	b := newButton(label, tapped, f.keys)
	b.reached = f.reached
	f.begin(b)
	return b
}

func (f *form) begin(part fyne.Focusable) {
	if f.first == nil {
		f.first = part
	}
}

// forget takes fields back that were asked for.
func (f *form) forget(fields ...*field) {
	kept := f.asked[:0]
	for _, q := range f.asked {
		gone := false
		for _, x := range fields {
			gone = gone || q.field == x
		}
		if !gone {
			kept = append(kept, q)
		}
	}
	f.asked = kept
}

func (f *form) changed() {
	f.touched = true
	if f.tell != nil {
		f.tell()
		return
	}
	f.check()
}

// check reads everything and shows what cannot be read. It returns the first
// field of that kind, or nil.
func (f *form) check() *field {
	bad, why := f.read()
	setText(f.fault, why)
	return bad
}

// read reads everything. It returns the first field that cannot be read, or nil,
// and says why.
func (f *form) read() (bad *field, why string) {
	for _, q := range f.asked {
		if err := q.read(q.field.Text); err != nil && bad == nil {
			bad, why = q.field, q.label+": "+err.Error()
		}
	}
	return bad, why
}

// bad reports whether something cannot be read, and goes there.
func (f *form) bad() bool {
	x := f.check()
	if x == nil {
		return false
	}
	f.canvas.Focus(x)
	return true
}

// reached scrolls to where the keyboard is.
func (f *form) reached(o fyne.CanvasObject) {
	d := fyne.CurrentApp().Driver()
	top := d.AbsolutePositionForObject(o).Y - d.AbsolutePositionForObject(f.scroll).Y
	const room = 8
	switch below := top + o.Size().Height + room - f.scroll.Size().Height; {
	case top < room:
		f.scroll.ScrollToOffset(f.scroll.Offset.AddXY(0, top-room))
	case below > 0:
		f.scroll.ScrollToOffset(f.scroll.Offset.AddXY(0, below))
	}
}

// limitInto reads a rate.
func limitInto(rate *int64) func(string) error {
	return func(text string) error {
		n, err := format.ParseLimit(text)
		if err == nil {
			*rate = n
		}
		return err
	}
}

// numberInto reads a number, or one of the words for which there is one.
func numberInto(number *int, least int, words map[string]int) func(string) error {
	return func(text string) error {
		n, err := format.ParseNumber(text, least, words)
		if err == nil {
			*number = n
		}
		return err
	}
}

// numberText is a number as it is typed; "" for that of an empty field.
func numberText(n int) string {
	if n < 0 {
		return ""
	}
	return fmt.Sprint(n)
}
