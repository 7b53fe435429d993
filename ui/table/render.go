package table

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
)

// tableRenderer lays the header above the rows.
type tableRenderer[K comparable] struct {
	t    *Table[K]
	clip *container.Clip // of the header
	line *canvas.Rectangle
}

func (r *tableRenderer[K]) Layout(size fyne.Size) {
	height := r.t.body.rowHeight()
	r.clip.Resize(fyne.NewSize(size.Width, height))
	r.line.Move(fyne.NewPos(0, height))
	r.line.Resize(fyne.NewSize(size.Width, 1))
	r.t.scroll.Move(fyne.NewPos(0, height+1))
	r.t.scroll.Resize(fyne.NewSize(size.Width, max(0, size.Height-height-1)))
	r.t.relay()
}

func (r *tableRenderer[K]) MinSize() fyne.Size {
	return fyne.NewSize(64, 3*r.t.body.rowHeight())
}

func (r *tableRenderer[K]) Refresh() {
	if c := r.t.color(theme.ColorNameSeparator); c != r.line.FillColor {
		r.line.FillColor = c
		r.line.Refresh()
	}
	r.Layout(r.t.Size())
}

func (r *tableRenderer[K]) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.clip, r.line, r.t.scroll}
}

func (r *tableRenderer[K]) Destroy() {}

// color returns a colour of the theme in which the table is shown.
func (t *Table[K]) color(name fyne.ThemeColorName) color.Color {
	return t.Theme().Color(name, fyne.CurrentApp().Settings().ThemeVariant())
}

// tone returns the colour of a tone.
func (t *Table[K]) tone(tone Tone) color.Color {
	return t.color([...]fyne.ThemeColorName{
		Plain:   theme.ColorNameForeground,
		Dim:     theme.ColorNamePlaceHolder,
		Good:    theme.ColorNameSuccess,
		Warning: theme.ColorNameWarning,
		Error:   theme.ColorNameError,
	}[tone])
}

// textSize returns the size of all text: the theme's.
func (t *Table[K]) textSize() float32 { return t.Theme().Size(theme.SizeNameText) }
