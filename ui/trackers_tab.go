package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
	"piecewise/ui/view"
)

// trackersTab has a row for each tracker, and below them what can be done.
type trackersTab struct {
	w        *Window
	body     fyne.CanvasObject
	table    *table.Table[string] // by URL
	trackers []engine.Tracker
	now      time.Time // the times are told as of then
	private  bool
	runs     bool
	doings   []*trackerDoing
	buttons  []*widget.Button // of doings
}

var trackerWidths = [...]float32{
	view.TrackerTier: 40, view.TrackerURL: 270, view.TrackerStatus: 112, view.TrackerMessage: 210, view.TrackerSeeds: 60,
	view.TrackerPeers: 76, view.TrackerDownloads: 92, view.TrackerLast: 112, view.TrackerNext: 118, view.TrackerOver: 84,
	view.TrackerSeen: 140,
}

func newTrackersTab(w *Window) *trackersTab {
	t := &trackersTab{w: w}
	var columns []table.Column
	for _, c := range view.TrackerColumns() {
		column := columnOf(c.Title(), c.Title(), trackerWidths[c], c.Numeric(), false)
		column.Hidden = c == view.TrackerSeen
		columns = append(columns, column)
	}
	t.table = table.New(columns, table.Model[string](t))
	t.table.OnTypedKey = t.typedKey
	t.table.OnShortcut = t.typedShortcut
	t.table.OnSelect = func([]string) { t.refresh() }
	t.table.OnActivate = func(string) { t.announce() }
	t.table.OnMenu = func(_ string, at fyne.Position) { t.menu(at) }
	t.doings = t.allDoings()
	row := container.NewHBox()
	for _, d := range t.doings {
		b := widget.NewButton(d.label, d.run)
		b.Importance = widget.LowImportance
		t.buttons = append(t.buttons, b)
		row.Add(b)
	}
	t.body = container.NewBorder(nil, container.NewHScroll(row), nil, nil, t.table)
	return t
}

func (t *trackersTab) content() fyne.CanvasObject { return t.body }

func (t *trackersTab) update(r *view.Row, d *engine.Detail) {
	t.trackers = nil
	if d != nil {
		t.trackers = d.Trackers
	}
	t.private = r.Meta != nil && r.Meta.Private
	t.runs = running(r.Torrent)
	t.now = t.w.now()
	t.table.Refresh()
	t.refresh()
}

// refresh shows what can be done now.
func (t *trackersTab) refresh() {
	for i, d := range t.doings {
		if off := d.why() != ""; off != t.buttons[i].Disabled() {
			if off {
				t.buttons[i].Disable()
			} else {
				t.buttons[i].Enable()
			}
		}
	}
}

func (t *trackersTab) menu(at fyne.Position) {
	var items []*fyne.MenuItem
	for _, d := range t.doings {
		item := fyne.NewMenuItem(d.label, d.run)
		item.Disabled = d.why() != ""
		item.Shortcut = d.shortcut()
		items = append(items, item)
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), t.w.win.Canvas(), at)
}

// typedKey does what a key of the list of trackers stands for; all others are the
// window's.
func (t *trackersTab) typedKey(ev *fyne.KeyEvent) {
	for _, d := range t.doings {
		if d.key == ev.Name {
			t.perform(d)
			return
		}
	}
	t.w.actions.typedKey(ev)
}

func (t *trackersTab) typedShortcut(s fyne.Shortcut) bool {
	for _, d := range t.doings {
		if own := d.shortcut(); own != nil && d.key == "" && own.ShortcutName() == s.ShortcutName() {
			t.perform(d)
			return true
		}
	}
	return false
}

func (t *trackersTab) perform(d *trackerDoing) {
	if why := d.why(); why != "" {
		t.w.say(why)
		return
	}
	d.run()
}

// Len returns the number of trackers.
func (t *trackersTab) Len() int { return len(t.trackers) }

// Key returns the URL of a tracker.
func (t *trackersTab) Key(row int) string { return t.trackers[row].URL }

// Text returns what a cell shows.
func (t *trackersTab) Text(row, col int) string {
	return view.TrackerColumn(col).Text(&t.trackers[row], t.now)
}

// Tone returns how a cell is to be read.
func (t *trackersTab) Tone(row, col int) table.Tone {
	column, state := view.TrackerColumn(col), t.trackers[row].State
	failing := state == engine.TrackerFailing || state == engine.TrackerRefusing || state == engine.TrackerDisabled
	switch {
	case failing && (column == view.TrackerStatus || column == view.TrackerMessage):
		return table.Error
	case column == view.TrackerStatus && state == engine.TrackerWorking:
		return table.Good
	case column == view.TrackerStatus && (state == engine.TrackerReserve || state == engine.TrackerResting):
		return table.Dim
	case t.Text(row, col) == format.None:
		return table.Dim
	}
	return table.Plain
}

// Strip is not used: no column is a bar.
func (t *trackersTab) Strip(int, int) piecemap.Strip { return piecemap.Strip{} }

// trackerDoing is one thing to do with trackers.
type trackerDoing struct {
	label string
	key   fyne.KeyName // without Ctrl if ctrl is not set
	ctrl  fyne.Shortcut
	why   func() string // why it cannot be done now; "" if it can
	run   func()
}

func (d *trackerDoing) shortcut() fyne.Shortcut {
	if d.key != "" {
		return &desktop.CustomShortcut{KeyName: d.key}
	}
	return d.ctrl
}

func (t *trackersTab) allDoings() []*trackerDoing {
	always := func() string { return "" }
	return []*trackerDoing{
		{label: "Announce now", why: t.notAnnounced, run: t.announce},
		{label: "Add…", key: fyne.KeyInsert, why: always, run: t.askAdd},
		{label: "Edit…", key: fyne.KeyF2, why: t.notOne, run: t.askEdit},
		{label: "Remove", key: fyne.KeyDelete, why: t.none, run: t.remove},
		{label: "Up", ctrl: ctrl(fyne.KeyUp), why: t.notOne, run: func() { t.move(true) }},
		{label: "Down", ctrl: ctrl(fyne.KeyDown), why: t.notOne, run: func() { t.move(false) }},
		{label: "Copy address", ctrl: &fyne.ShortcutCopy{}, why: t.none, run: t.copy},
	}
}

func (t *trackersTab) none() string {
	if len(t.table.Selected()) == 0 {
		return "Select a tracker first"
	}
	return ""
}

func (t *trackersTab) notOne() string {
	if len(t.table.Selected()) != 1 {
		return "Select one tracker first"
	}
	return ""
}

func (t *trackersTab) notAnnounced() string {
	switch {
	case !t.runs:
		return "A torrent that is paused announces nothing"
	case len(t.trackers) == 0:
		return "The torrent has no trackers"
	}
	return ""
}
