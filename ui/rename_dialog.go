package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"piecewise/ui/filetree"
	"piecewise/ui/format"
)

// askName asks for another name, and sends the command that gives it.
func (w *Window) askName(title, label, name string, give func(ctx context.Context, name string) error) *sheet {
	text := newField(w.sheets.typedKey)
	text.SetText(name)
	sh := &sheet{title: title, content: container.NewVBox(wrapped(label), text), size: fyne.NewSize(560, 130), focus: text}
	sh.choices = []choice{
		{label: "Rename", run: func() {
			if chosen := text.Text; chosen != name {
				w.command("Renaming", func(ctx context.Context) error { return give(ctx, chosen) })
			}
		}},
		{label: "Cancel"},
	}
	text.OnSubmitted = func(string) { w.sheets.choose(sh, sh.choices[0]) }
	w.sheets.show(sh)
	text.TypedShortcut(&fyne.ShortcutSelectAll{})
	return sh
}

// askRename asks for another name of the selected torrent in the list.
func (w *Window) askRename() {
	r := w.list.Find(w.lead)
	if r == nil {
		return
	}
	id := r.ID
	w.askName("Rename "+r.Title, "Its name in the list; its files keep theirs. None is the name that it came with.", r.Name,
		func(ctx context.Context, name string) error { return w.cfg.Engine.Rename(ctx, id, name) })
}

// rename asks for another name of a file or folder.
func (t *filesTab) rename(e filetree.Entry) {
	id := t.of
	what, give := "file", func(ctx context.Context, name string) error { return t.w.cfg.Engine.RenameFile(ctx, id, e.File, name) }
	if e.Folder != nil {
		what, give = "folder", func(ctx context.Context, name string) error {
			return t.w.cfg.Engine.RenameFolder(ctx, id, e.Folder, name)
		}
	}
	sh := t.w.askName("Rename "+format.Name(e.Name), "The name of the "+what+" on this computer; others do not see it.", e.Name, give)
	sh.back = t.view.Focus
}
