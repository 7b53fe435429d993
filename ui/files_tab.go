package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/filetree"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

var fileFormat = filetree.Format{Name: format.Name, Size: format.Size}

// filesTab is the tree of files with their progress and priorities.
type filesTab struct {
	w      *Window
	view   *filetree.View
	of     engine.ID
	pieces *engine.Pieces
	shown  *engine.Detail
}

func newFilesTab(w *Window) *filesTab {
	t := &filesTab{w: w, view: filetree.NewView(fileFormat)}
	t.view.OnMenu = t.menu
	t.view.OnRename = t.rename
	t.view.OnTypedKey = w.actions.typedKey
	return t
}

func (t *filesTab) content() fyne.CanvasObject { return t.view }

func (t *filesTab) update(r *view.Row, d *engine.Detail) {
	t.view.SetMeta(r.Meta)
	if t.of == r.ID && t.pieces == r.Pieces && t.shown == d && t.w.details.arrived.Len() == 0 {
		return
	}
	t.of, t.pieces, t.shown = r.ID, r.Pieces, d
	p := filetree.Progress{Pieces: r.Pieces, Recent: t.w.details.arrived}
	if d != nil {
		p.Done, p.Priorities = d.Done, d.Priorities
	}
	t.view.SetProgress(p)
}

// menu offers the priorities for some files, and another name for the one at which the
// keyboard is.
func (t *filesTab) menu(files []int, at fyne.Position) {
	item := func(label string, p engine.Priority) *fyne.MenuItem {
		return fyne.NewMenuItem(label, func() { t.prioritise(files, p) })
	}
	menu := fyne.NewMenu("",
		item("High priority", engine.High),
		item("Normal priority", engine.Normal),
		item("Skip", engine.Skip),
	)
	if e, ok := t.view.Current(); ok {
		menu.Items = append(menu.Items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem("Rename…", func() { t.rename(e) }))
	}
	widget.ShowPopUpMenuAtPosition(menu, t.w.win.Canvas(), at)
}

func (t *filesTab) prioritise(files []int, p engine.Priority) {
	id := t.of
	t.w.command("Setting the priority", func(ctx context.Context) error {
		return t.w.cfg.Engine.SetPriority(ctx, id, files, p)
	})
}
