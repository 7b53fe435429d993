package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// part is a figure in the status bar. Its hint stands in a bubble above it while
// the pointer is on it.
type part struct {
	widget.Label
	bar     *statusBar
	hint    string
	keys    string // that do what a click does
	tapped  func() // nil if it cannot be clicked
	hovered bool
}

func newPart(bar *statusBar) *part {
	p := &part{bar: bar}
	p.SizeName = theme.SizeNameCaptionText
	p.ExtendBaseWidget(p)
	return p
}

func (p *part) show(x shownPart) {
	setText(&p.Label, x.text)
	if p.hint = x.hint; p.keys != "" {
		p.hint += "  (" + p.keys + ")"
	}
	if p.hovered {
		p.bar.bubble.show(p.hint)
	}
}

// Tapped does what the part stands for.
func (p *part) Tapped(*fyne.PointEvent) {
	if p.tapped != nil {
		p.tapped()
	}
}

// MouseIn shows the hint.
func (p *part) MouseIn(*desktop.MouseEvent) {
	p.hovered = true
	p.bar.bubble.show(p.hint)
}

// MouseMoved changes nothing.
func (p *part) MouseMoved(*desktop.MouseEvent) {}

// MouseOut takes the hint away.
func (p *part) MouseOut() {
	p.hovered = false
	p.bar.bubble.show("")
}

// Cursor shows what can be clicked.
func (p *part) Cursor() desktop.Cursor {
	if p.tapped != nil {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// bubble is a hint that is too long for the status bar. It lies over the window
// just above the bar, and lets the pointer through.
type bubble struct {
	content *fyne.Container // the whole window
	box     *fyne.Container
	text    *widget.Label
}

func newBubble() *bubble {
	b := &bubble{text: widget.NewLabel("")}
	b.text.SizeName = theme.SizeNameCaptionText
	b.text.Wrapping = fyne.TextWrapWord
	fill := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	fill.StrokeWidth = 1
	back := newBand(fill)
	b.box = container.NewStack(back, container.New(layout.NewCustomPaddedLayout(2, 2, 4, 4), b.text))
	b.content = container.New(b, b.box)
	b.content.Hide()
	return b
}

func (b *bubble) show(text string) {
	if text == "" {
		b.content.Hide()
		return
	}
	setText(b.text, text)
	b.content.Show()
	b.content.Refresh()
}

const bubbleWidth = 460

// MinSize is nothing: the bubble takes the room that is there.
func (b *bubble) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

// Layout puts the bubble in the right bottom corner.
func (b *bubble) Layout(_ []fyne.CanvasObject, room fyne.Size) {
	width := min(bubbleWidth, room.Width)
	b.box.Resize(fyne.NewSize(width, b.box.MinSize().Height)) // the text wraps at this width
	height := b.box.MinSize().Height
	b.box.Resize(fyne.NewSize(width, height))
	b.box.Move(fyne.NewPos(room.Width-width, room.Height-height))
}
