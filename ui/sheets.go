package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"
)

// sheet is a dialog over the window. Enter does what its first button does, Esc
// what its last one does.
type sheet struct {
	title   string
	content fyne.CanvasObject
	size    fyne.Size // the least
	choices []choice  // the first is accepted by Enter, the last by Esc
	more    fyne.CanvasObject
	focus   fyne.Focusable // has the keyboard at first; nil for none
	shown   func()         // when it comes up; may be nil
	back    func()         // gives the keyboard back when the last sheet has gone; nil for closed

	buttons []*button
	popup   *widget.PopUp
}

// choice is one button of a sheet, which closes it.
type choice struct {
	label  string
	danger bool
	stay   func() bool // reports that it cannot be taken yet; may be nil
	run    func()      // may be nil
}

// sheets shows one sheet after another.
type sheets struct {
	canvas  fyne.Canvas
	current *sheet
	waiting []*sheet
	closed  func() // when the last one has gone
	back    func() // instead of closed; may be nil
}

// open reports whether a sheet is shown.
func (s *sheets) open() bool { return s.current != nil }

// show shows a sheet now, or when those before it are closed.
func (s *sheets) show(sh *sheet) {
	if s.current != nil {
		s.waiting = append(s.waiting, sh)
		return
	}
	s.current = sh
	sh.popup = widget.NewModalPopUp(s.layOut(sh), s.canvas)
	room := s.canvas.Size()
	sh.popup.Resize(sh.popup.MinSize().Max(sh.size.Min(fyne.NewSize(room.Width-40, room.Height-40))))
	sh.popup.Show()
	if sh.focus != nil {
		s.canvas.Focus(sh.focus)
	}
	if sh.shown != nil {
		sh.shown()
	}
}

func (s *sheets) layOut(sh *sheet) fyne.CanvasObject {
	title := widget.NewLabelWithStyle(sh.title, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	title.Truncation = fyne.TextTruncateEllipsis
	row := container.NewHBox(layout.NewSpacer())
	if sh.more != nil {
		row = container.NewHBox(sh.more, layout.NewSpacer())
	}
	for i := len(sh.choices) - 1; i >= 0; i-- {
		c := sh.choices[i]
		b := newButton(c.label, func() { s.choose(sh, c) }, s.typedKey)
		switch {
		case c.danger:
			b.Importance = widget.DangerImportance
		case i == 0:
			b.Importance = widget.HighImportance
		}
		sh.buttons = append(sh.buttons, b)
		row.Add(b)
	}
	border := container.NewBorder(title, row, nil, nil, sh.content)
	return container.New(layout.NewCustomPaddedLayout(8, 8, 10, 10), border)
}

func (s *sheets) choose(sh *sheet, c choice) {
	if s.current != sh || c.stay != nil && c.stay() {
		return
	}
	s.close(sh)
	if c.run != nil {
		c.run()
	}
	s.next()
}

// close takes a sheet away, shown or not, without any choice.
func (s *sheets) close(sh *sheet) {
	if s.current == sh {
		s.canvas.Unfocus() // its parts may be shown again
		sh.popup.Hide()
		s.current, s.back = nil, sh.back
	}
}

func (s *sheets) next() {
	switch {
	case s.current != nil:
	case len(s.waiting) > 0:
		sh := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.show(sh)
	case s.back != nil:
		s.back()
	default:
		s.closed()
	}
}

// typedKey takes Enter and Esc, and reports whether a sheet is there to take
// keys at all.
func (s *sheets) typedKey(ev *fyne.KeyEvent) bool {
	sh := s.current
	if sh == nil {
		return false
	}
	switch ev.Name {
	case fyne.KeyEscape:
		s.choose(sh, sh.choices[len(sh.choices)-1])
	case fyne.KeyReturn, fyne.KeyEnter:
		s.choose(sh, sh.choices[0])
	}
	return true
}

// explain shows a sentence that waits to be read.
func (w *Window) explain(title, sentence string) {
	text := widget.NewLabel(sentence)
	text.Wrapping = fyne.TextWrapWord
	w.sheets.show(&sheet{title: title, content: text, size: fyne.NewSize(460, 130), choices: []choice{{label: "OK"}}})
}
