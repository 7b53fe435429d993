package ui

import (
	"encoding/json"

	"fyne.io/fyne/v2"

	"piecewise/ui/table"
	"piecewise/ui/view"
)

// The keys of what the window remembers of its own looks.
const (
	keyWidth  = "window.width"
	keyHeight = "window.height"
	keySplit  = "window.split"
	keyTab    = "details.tab"
	keyTable  = "torrents.columns"
)

// save remembers how the window looks.
func (w *Window) save() {
	p := w.cfg.App.Preferences()
	if size := w.win.Canvas().Size(); size.Width > 1 && size.Height > 1 {
		p.SetFloat(keyWidth, float64(size.Width))
		p.SetFloat(keyHeight, float64(size.Height))
	}
	p.SetFloat(keySplit, w.split.Offset)
	p.SetInt(keyTab, w.details.tabs.SelectedIndex())
	if state, err := json.Marshal(w.rows.table.State()); err == nil { // a State is plain data
		p.SetString(keyTable, string(state))
	}
}

// restore makes the window look as it was when it was saved.
func (w *Window) restore() {
	p := w.cfg.App.Preferences()
	width := min(max(p.FloatWithFallback(keyWidth, 1180), 480), 8000)
	height := min(max(p.FloatWithFallback(keyHeight, 720), 320), 8000)
	w.win.Resize(fyne.NewSize(float32(width), float32(height)))
	w.split.SetOffset(min(max(p.FloatWithFallback(keySplit, 0.45), 0.1), 0.9))
	if i := p.Int(keyTab); i > 0 && i < len(w.details.all) {
		w.details.tabs.SelectIndex(i)
	}
	var state table.State
	if json.Unmarshal([]byte(p.String(keyTable)), &state) != nil {
		return // the first start, or nothing of use
	}
	w.rows.table.Restore(state)
	for _, c := range view.Columns() {
		if c.Key() == state.Sort {
			w.list.Sort(c, state.Descending)
		}
	}
}
