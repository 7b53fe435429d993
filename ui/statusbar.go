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
	parts   []*part
	row     *fyne.Container // of the parts
	bubble  *bubble
	shown   view.Totals
}

func newStatusBar(w *Window) *statusBar {
	s := &statusBar{left: widget.NewLabel(""), bubble: newBubble()}
	s.left.Truncation = fyne.TextTruncateEllipsis
	s.left.SizeName = theme.SizeNameCaptionText
	s.row = container.NewHBox()
	for _, x := range partsOf(view.Totals{}) {
		p := newPart(s)
		if x.action != "" {
			p.tapped = func() { w.actions.perform(w.actions.find(x.action)) }
			p.keys = w.actions.find(x.action).keys()
		}
		s.parts = append(s.parts, p)
		s.row.Add(p)
	}
	back := newBand(canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground)))
	s.content = container.NewStack(back, container.New(layout.NewCustomPaddedLayout(0, 0, 4, 4),
		container.NewBorder(nil, nil, nil, s.row, s.left)))
	return s
}

// shownPart is what a part shows.
type shownPart struct {
	text, hint string
	action     string // what a click does; "" for nothing
}

func partsOf(t view.Totals) []shownPart {
	return []shownPart{
		{t.Down, t.Traffic, ""},
		{t.Up, t.Traffic, ""},
		{t.Limits.Text, t.Limits.Hint, "turtle"},
		{t.Torrents, "", ""},
		{t.Peers, "", ""},
		{t.DHT, t.Nodes, ""},
		{t.Port.Text, t.Port.Hint, ""},
		{t.Free, "", ""},
		{t.Way.Text, t.Way.Hint, ""},
	}
}

func (s *statusBar) show(t view.Totals) {
	if t == s.shown {
		return
	}
	s.shown = t
	before := s.row.MinSize()
	for i, x := range partsOf(t) {
		s.parts[i].show(x)
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
