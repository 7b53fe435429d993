package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"piecewise/ui/view"
)

// statusBar has the totals on the right and one sentence on the left: a hint
// about what the pointer is on, or what was last said.
type statusBar struct {
	content fyne.CanvasObject
	said    string
	hinted  string
	left    *widget.Label
	parts   []*widget.Label
	row     *fyne.Container // of the parts
	shown   view.Totals
}

func newStatusBar() *statusBar {
	s := &statusBar{left: widget.NewLabel("")}
	s.left.Truncation = fyne.TextTruncateEllipsis
	s.left.SizeName = theme.SizeNameCaptionText
	s.row = container.NewHBox()
	for range len(partsOf(view.Totals{})) {
		part := widget.NewLabel("")
		part.SizeName = theme.SizeNameCaptionText
		s.parts = append(s.parts, part)
		s.row.Add(part)
	}
	back := newBand(canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground)))
	s.content = container.NewStack(back, container.New(layout.NewCustomPaddedLayout(0, 0, 4, 4),
		container.NewBorder(nil, nil, nil, s.row, s.left)))
	return s
}

func partsOf(t view.Totals) []string {
	return []string{t.Down, t.Up, t.Torrents, t.Peers, t.DHT, t.Port, t.Free}
}

func (s *statusBar) show(t view.Totals) {
	if t == s.shown {
		return
	}
	s.shown = t
	before := s.row.MinSize()
	for i, text := range partsOf(t) {
		setText(s.parts[i], text)
	}
	if s.row.MinSize() != before {
		s.content.Refresh() // the parts push one another
	}
}

// say shows a sentence until the next one.
func (s *statusBar) say(sentence string) {
	s.said = sentence
	s.update()
}

// hint shows what the pointer is on; "" when it is on nothing.
func (s *statusBar) hint(text string) {
	s.hinted = text
	s.update()
}

func (s *statusBar) update() {
	text := s.said
	if s.hinted != "" {
		text = s.hinted
	}
	setText(s.left, text)
}
