package ui

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// moveDialog asks where the files of some torrents are to be.
type moveDialog struct {
	w     *Window
	rows  []*view.Row
	sheet *sheet
	dir   *field
	room  *widget.Label
	free  int64 // bytes below the folder; -1 if unknown
	asks  int   // how often free space was asked for; older answers are dropped
}

// askMove shows the dialog for what is selected.
func (w *Window) askMove() {
	d := &moveDialog{w: w, rows: w.chosen.rows, free: -1}
	title := "Set the location of " + d.rows[0].Title
	if n := len(d.rows); n > 1 {
		title = "Set the location of " + format.Plural(n, "torrent", "torrents")
	}
	keys := w.sheets.typedKey
	d.dir = newField(keys)
	d.dir.SetText(d.rows[0].Dir)
	d.dir.OnChanged = func(string) {
		d.showRoom()
		d.askFree()
	}
	d.dir.OnSubmitted = func(string) { w.sheets.choose(d.sheet, d.sheet.choices[0]) }
	browse := newButton("Browse…", d.browse, keys)
	if w.cfg.Desktop == nil {
		browse.Disable()
	}
	d.room = widget.NewLabel("")
	note := wrapped("The files are moved there. Downloads and uploads go on meanwhile. To another disk they are copied " +
		"and compared first; then the old ones are removed. Files that were there before the torrent are copied and stay. " +
		"Nothing that is there already is overwritten.")
	note.Importance = widget.LowImportance
	d.sheet = &sheet{
		title:   title,
		content: container.NewVBox(container.NewBorder(nil, nil, widget.NewLabel("Folder"), browse, d.dir), d.room, note),
		size:    fyne.NewSize(640, 200),
		focus:   d.dir,
		choices: []choice{{label: "Move", stay: d.badDir, run: d.accept}, {label: "Cancel"}},
		shown:   d.askFree,
	}
	d.showRoom()
	w.sheets.show(d.sheet)
	d.dir.TypedShortcut(&fyne.ShortcutSelectAll{})
}

func (d *moveDialog) folder() string { return expandHome(d.dir.Text) }

func (d *moveDialog) badDir() bool { return !filepath.IsAbs(d.folder()) }

func (d *moveDialog) showRoom() {
	text, importance := format.Size(d.free)+" free there", widget.LowImportance
	switch {
	case d.badDir():
		text, importance = "Name a folder by its whole path", widget.DangerImportance
	case d.free < 0:
		text = "Free space there is not known"
	}
	d.room.Importance = importance
	d.room.SetText(text)
}

// askFree looks up the free space in the folder.
func (d *moveDialog) askFree() {
	d.asks++
	ask, dir := d.asks, d.folder()
	d.w.looks.add(func(context.Context) func() {
		free, err := engine.FreeSpace(dir)
		if err != nil {
			free = -1
		}
		return func() {
			if ask == d.asks {
				d.free = free
				d.showRoom()
			}
		}
	})
}

func (d *moveDialog) browse() { d.w.pickFolder(d.folder(), d.dir) }

func (d *moveDialog) accept() {
	ids, dir := make([]engine.ID, len(d.rows)), filepath.Clean(d.folder())
	for i, r := range d.rows {
		ids[i] = r.ID
	}
	d.w.command("Moving", func(ctx context.Context) error { return d.w.cfg.Engine.Move(ctx, ids, dir) })
}

// cancelMoves ends the moves of what is selected.
func (w *Window) cancelMoves() { w.each("Cancelling the move", moving, w.cfg.Engine.CancelMove) }

func moving(t *engine.Torrent) bool { return t.Move != nil && t.Move.State < engine.MoveEnding }
