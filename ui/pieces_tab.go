package ui

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/view"
)

// arrivedTime is how long a piece is shown as just arrived.
const arrivedTime = 2 * time.Second

// piecesTab is the map of all pieces, with what its colours mean and how many
// pieces have each.
type piecesTab struct {
	d     *details
	body  fyne.CanvasObject
	atlas *piecemap.Map
	keys  [5]*legendKey // by piece state
	hover *widget.Label

	row   *view.Row // what is shown
	avail []uint16
	under [2]int // pieces under the pointer
}

var pieceColours = [5]func(*piecemap.Palette) color.RGBA{
	engine.Missing:   func(p *piecemap.Palette) color.RGBA { return p.Missing },
	engine.Requested: func(p *piecemap.Palette) color.RGBA { return p.Requested },
	engine.Partial:   func(p *piecemap.Palette) color.RGBA { return p.Partial },
	engine.Verified:  func(p *piecemap.Palette) color.RGBA { return p.Verified },
	engine.Failed:    func(p *piecemap.Palette) color.RGBA { return p.Failed },
}

func newPiecesTab(d *details) *piecesTab {
	t := &piecesTab{d: d, atlas: piecemap.NewMap(), hover: widget.NewLabel("")}
	t.hover.SizeName = theme.SizeNameCaptionText
	t.hover.Truncation = fyne.TextTruncateEllipsis
	t.hover.Alignment = fyne.TextAlignTrailing
	t.atlas.OnHover = func(first, end int) {
		t.under = [2]int{first, end}
		t.point()
	}
	row := container.NewHBox()
	for i, colour := range pieceColours {
		t.keys[i] = newLegendKey(colour)
		row.Add(t.keys[i])
	}
	arrived := newLegendKey(func(p *piecemap.Palette) color.RGBA { return p.Arrived })
	arrived.label.SetText("just arrived")
	row.Add(arrived)
	line := container.NewBorder(nil, nil, row, nil, t.hover)
	t.body = container.NewBorder(line, nil, nil, nil, container.New(layout.NewCustomPaddedLayout(0, 4, 6, 6), t.atlas))
	return t
}

func (t *piecesTab) content() fyne.CanvasObject { return t.body }

func (t *piecesTab) update(r *view.Row, d *engine.Detail) {
	if d != nil {
		t.avail = d.Availability
	} else {
		t.avail = nil
	}
	same := t.row != nil && t.row.ID == r.ID && t.row.Pieces == r.Pieces
	t.row = r
	strip := piecemap.Strip{}
	if r.Pieces != nil {
		strip = piecemap.Strip{Source: r.Pieces, Recent: t.d.recent(r.ID)}
	}
	t.atlas.SetStrip(strip)
	if !same {
		t.count()
	}
	t.point()
}

func (t *piecesTab) count() {
	var n [5]int
	if t.row.Pieces != nil {
		n = view.CountPieces(t.row.Pieces)
	}
	for i, key := range t.keys {
		setText(key.label, format.Count(n[i])+" "+view.PieceWord(engine.PieceState(i)))
	}
}

// point tells of the pieces under the pointer.
func (t *piecesTab) point() {
	if t.row == nil {
		return
	}
	text := ""
	switch first, end := t.under[0], t.under[1]; {
	case t.row.Pieces == nil:
		text = "The pieces are not known until the torrent's details are here"
	case first < end && end <= t.row.Pieces.Len():
		text = view.PiecesSentence(t.row.Pieces, t.avail, first, end)
	}
	setText(t.hover, text)
}

// setText changes a label only if its text is another.
func setText(l *widget.Label, text string) {
	if l.Text != text {
		l.SetText(text)
	}
}

// legendKey is a patch of colour and what it means.
type legendKey struct {
	widget.BaseWidget
	colour func(*piecemap.Palette) color.RGBA
	patch  *canvas.Rectangle
	label  *widget.Label
}

func newLegendKey(colour func(*piecemap.Palette) color.RGBA) *legendKey {
	k := &legendKey{colour: colour, patch: canvas.NewRectangle(color.Transparent), label: widget.NewLabel("")}
	k.label.SizeName = theme.SizeNameCaptionText
	k.ExtendBaseWidget(k)
	return k
}

// CreateRenderer returns the renderer of the patch and its words.
func (k *legendKey) CreateRenderer() fyne.WidgetRenderer {
	k.patch.SetMinSize(fyne.NewSquareSize(11))
	k.patch.CornerRadius = 2
	k.patch.StrokeWidth = 1
	square := container.New(layout.NewCustomPaddedLayout(0, 0, 6, 0), container.NewCenter(k.patch))
	pair := container.New(layout.NewCustomPaddedHBoxLayout(0), square, k.label)
	r := &legendRenderer{widget.NewSimpleRenderer(pair), k}
	r.paint()
	return r
}

type legendRenderer struct {
	fyne.WidgetRenderer
	k *legendKey
}

// Refresh takes over the theme's palette.
func (r *legendRenderer) Refresh() {
	r.paint()
	r.WidgetRenderer.Refresh()
}

func (r *legendRenderer) paint() {
	palette := piecemap.PaletteFor(theme.Color(theme.ColorNameBackground))
	r.k.patch.FillColor = r.k.colour(palette)
	r.k.patch.StrokeColor = palette.Edge
}
