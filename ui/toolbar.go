package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// toolbar has a button for each action that wants one, and the search field.
type toolbar struct {
	content fyne.CanvasObject
	buttons []*tool
	search  *field
}

func newToolbar(w *Window) *toolbar {
	t := &toolbar{}
	row := container.NewHBox()
	for _, x := range w.actions.all {
		if !x.toolbar {
			continue
		}
		b := newTool(x, w)
		t.buttons = append(t.buttons, b)
		if x.first {
			row.Add(widget.NewSeparator())
		}
		row.Add(b)
	}
	t.search = newField(func(*fyne.KeyEvent) bool {
		t.search.SetText("")
		w.rows.table.Focus()
		return true
	})
	t.search.SetPlaceHolder("Search")
	t.search.ActionItem = widget.NewIcon(theme.SearchIcon())
	t.search.OnChanged = w.rows.filter
	t.search.OnSubmitted = func(string) { w.rows.table.Focus() }
	search := container.NewGridWrap(fyne.NewSize(200, t.search.MinSize().Height), t.search)
	band := canvas.NewRectangle(theme.Color(theme.ColorNameHeaderBackground))
	t.content = container.NewStack(newBand(band), container.New(layout.NewCustomPaddedLayout(3, 3, 4, 6),
		container.NewBorder(nil, nil, row, container.NewCenter(search))))
	return t
}

func (t *toolbar) refresh() {
	for _, b := range t.buttons {
		b.setDisabled(b.action.disabled() != "")
	}
}

// tool is a button of the toolbar: icon and words. What it does, or why it
// cannot, stands in the status bar while the pointer is on it.
type tool struct {
	widget.BaseWidget
	action   *action
	w        *Window
	disabled bool
	hovered  bool

	icon *widget.Icon
	text *canvas.Text
	back *canvas.Rectangle
}

func newTool(x *action, w *Window) *tool {
	t := &tool{action: x, w: w, icon: widget.NewIcon(x.icon), text: canvas.NewText(x.label, color.Transparent), back: canvas.NewRectangle(color.Transparent)}
	t.ExtendBaseWidget(t)
	return t
}

func (t *tool) setDisabled(disabled bool) {
	if t.disabled != disabled {
		t.disabled = disabled
		t.Refresh()
	}
}

// Tapped does the action.
func (t *tool) Tapped(*fyne.PointEvent) { t.w.actions.perform(t.action) }

// MouseIn shows what the action is.
func (t *tool) MouseIn(*desktop.MouseEvent) {
	t.hovered = true
	if why := t.action.disabled(); why != "" {
		t.w.status.hint(why)
	} else {
		t.w.status.hint(t.action.hint())
	}
	t.Refresh()
}

// MouseMoved changes nothing.
func (t *tool) MouseMoved(*desktop.MouseEvent) {}

// MouseOut takes the hint away.
func (t *tool) MouseOut() {
	t.hovered = false
	t.w.status.hint("")
	t.Refresh()
}

// CreateRenderer returns the renderer of the button.
func (t *tool) CreateRenderer() fyne.WidgetRenderer {
	t.back.CornerRadius = 4
	pair := container.NewHBox(t.icon, t.text)
	content := container.NewStack(t.back, container.New(layout.NewCustomPaddedLayout(5, 5, 7, 9), pair))
	r := &toolRenderer{WidgetRenderer: widget.NewSimpleRenderer(content), t: t}
	r.restyle()
	return r
}

type toolRenderer struct {
	fyne.WidgetRenderer
	t *tool
}

// Refresh takes over colours and state.
func (r *toolRenderer) Refresh() {
	r.restyle()
	r.WidgetRenderer.Refresh()
}

func (r *toolRenderer) restyle() {
	t := r.t
	t.text.TextSize = theme.Size(theme.SizeNameText)
	t.text.Color = theme.Color(theme.ColorNameForeground)
	t.icon.Resource = t.action.icon
	if t.disabled {
		t.text.Color = theme.Color(theme.ColorNameDisabled)
		t.icon.Resource = theme.NewDisabledResource(t.action.icon)
	}
	t.back.FillColor = color.Transparent
	if t.hovered && !t.disabled {
		t.back.FillColor = theme.Color(theme.ColorNameHover)
	}
}

// band is a coloured background that follows the theme, with a border if it has a
// stroke.
type band struct {
	widget.BaseWidget
	fill *canvas.Rectangle
}

func newBand(fill *canvas.Rectangle) *band {
	b := &band{fill: fill}
	b.ExtendBaseWidget(b)
	return b
}

// CreateRenderer returns the renderer of the background.
func (b *band) CreateRenderer() fyne.WidgetRenderer {
	return &bandRenderer{widget.NewSimpleRenderer(b.fill), b}
}

type bandRenderer struct {
	fyne.WidgetRenderer
	b *band
}

// Refresh takes over the theme's colour.
func (r *bandRenderer) Refresh() {
	r.b.fill.FillColor = theme.Color(theme.ColorNameHeaderBackground)
	r.b.fill.StrokeColor = theme.Color(theme.ColorNameInputBorder)
	r.WidgetRenderer.Refresh()
}
