package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
	"piecewise/ui/view"
)

// trackersTab has a row for each tracker.
type trackersTab struct {
	w        *Window
	table    *table.Table[int]
	trackers []engine.Tracker
	now      time.Time // the times are told as of then
}

var trackerWidths = [...]float32{
	view.TrackerTier: 40, view.TrackerURL: 300, view.TrackerStatus: 110, view.TrackerMessage: 260, view.TrackerSeeds: 60,
	view.TrackerPeers: 60, view.TrackerLast: 120, view.TrackerNext: 110,
}

func newTrackersTab(w *Window) *trackersTab {
	t := &trackersTab{w: w}
	var columns []table.Column
	for _, c := range view.TrackerColumns() {
		columns = append(columns, columnOf(c.Title(), c.Title(), trackerWidths[c], c.Numeric(), false))
	}
	t.table = table.New(columns, table.Model[int](t))
	t.table.OnTypedKey = w.actions.typedKey
	return t
}

func (t *trackersTab) content() fyne.CanvasObject { return t.table }

func (t *trackersTab) update(_ *view.Row, d *engine.Detail) {
	t.trackers = nil
	if d != nil {
		t.trackers = d.Trackers
	}
	t.now = t.w.now()
	t.table.Refresh()
}

// Len returns the number of trackers.
func (t *trackersTab) Len() int { return len(t.trackers) }

// Key returns the place of a tracker.
func (t *trackersTab) Key(row int) int { return row }

// Text returns what a cell shows.
func (t *trackersTab) Text(row, col int) string {
	return view.TrackerColumn(col).Text(&t.trackers[row], t.now)
}

// Tone returns how a cell is to be read.
func (t *trackersTab) Tone(row, col int) table.Tone {
	column := view.TrackerColumn(col)
	failing := t.trackers[row].State == engine.TrackerFailing
	switch {
	case failing && (column == view.TrackerStatus || column == view.TrackerMessage):
		return table.Error
	case column == view.TrackerStatus && t.trackers[row].State == engine.TrackerWorking:
		return table.Good
	case t.Text(row, col) == format.None:
		return table.Dim
	}
	return table.Plain
}

// Strip is not used: no column is a bar.
func (t *trackersTab) Strip(int, int) piecemap.Strip { return piecemap.Strip{} }
