package ui

import (
	"encoding/json"

	"fyne.io/fyne/v2"

	"piecewise/ui/table"
)

// The keys of what the window remembers of its own looks.
const (
	keyWidth  = "window.width"
	keyHeight = "window.height"
	keySplit  = "window.split"
	keyTab    = "details.tab"
)

// columned is a list whose columns the user can change.
type columned interface {
	State() table.State
	Restore(table.State)
}

// lists are those lists, by the keys under which they are remembered.
func (w *Window) lists() map[string]columned {
	return map[string]columned{
		"torrents.columns": w.rows,
		"peers.columns":    w.details.peers,
		"files.columns":    w.details.files.view,
		"trackers.columns": w.details.trackers.table,
	}
}

// save remembers how the window looks.
func (w *Window) save() {
	p := w.cfg.App.Preferences()
	if size := w.win.Canvas().Size(); size.Width > 1 && size.Height > 1 {
		p.SetFloat(keyWidth, float64(size.Width))
		p.SetFloat(keyHeight, float64(size.Height))
	}
	p.SetFloat(keySplit, w.split.Offset)
	p.SetInt(keyTab, w.details.tabs.SelectedIndex())
	for key, list := range w.lists() {
		if state, err := json.Marshal(list.State()); err == nil { // a State is plain data
			p.SetString(key, string(state))
		}
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
	for key, list := range w.lists() {
		var state table.State
		if json.Unmarshal([]byte(p.String(key)), &state) == nil { // else it is the first start
			list.Restore(state)
		}
	}
}
