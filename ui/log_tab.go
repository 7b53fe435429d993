package ui

import (
	"fyne.io/fyne/v2"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
	"piecewise/ui/view"
)

// logTab is what happened to a torrent, the newest on top.
type logTab struct {
	table *table.Table[int]
	lines []engine.LogLine
}

func newLogTab(w *Window) *logTab {
	t := &logTab{}
	t.table = table.New([]table.Column{
		{ID: "time", Title: "Time", Width: 72},
		{ID: "text", Title: "What happened", Width: 600},
	}, table.Model[int](t))
	t.table.OnTypedKey = w.actions.typedKey
	return t
}

func (t *logTab) content() fyne.CanvasObject { return t.table }

func (t *logTab) update(_ *view.Row, d *engine.Detail) {
	t.lines = nil
	if d != nil {
		t.lines = d.Log
	}
	t.table.Refresh()
}

func (t *logTab) line(row int) engine.LogLine { return t.lines[len(t.lines)-1-row] }

// Len returns the number of lines.
func (t *logTab) Len() int { return len(t.lines) }

// Key returns the place of a line from the oldest, so that it stays its own.
func (t *logTab) Key(row int) int { return len(t.lines) - 1 - row }

// Text returns what a cell shows.
func (t *logTab) Text(row, col int) string {
	if col == 0 {
		return view.LogTime(t.line(row))
	}
	return format.Text(t.line(row).Text)
}

// Tone returns how a cell is to be read.
func (t *logTab) Tone(_, col int) table.Tone {
	if col == 0 {
		return table.Dim
	}
	return table.Plain
}

// Strip is not used: no column is a bar.
func (t *logTab) Strip(int, int) piecemap.Strip { return piecemap.Strip{} }
