package ui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/ui/view"
)

// shareDone gives out the link and the .torrent file, and says who can reach us and
// who is there.
type shareDone struct {
	d *shareDialog
	*form
	s                     *shared
	link, save            *field
	state, reach, tracker *widget.Label
	saving                *button
}

func newShareDone(d *shareDialog) *shareDone {
	x := &shareDone{d: d, form: newForm(&d.w.sheets), state: wrapped(""), reach: wrapped(""), tracker: wrapped("")}
	x.accept = func() {}
	x.link = x.ask("Magnet link", "", "", func(string) error { return nil })
	x.link.OnChanged = func(text string) {
		if x.s != nil && text != x.s.magnet {
			x.link.SetText(x.s.magnet) // it can be selected, not changed
		}
	}
	x.save = x.ask("Torrent file", "", "its whole path", x.readSave)
	x.saving = x.press("Save", x.keep)
	copying := x.press("Copy", x.copy)
	x.row("Magnet link", container.NewBorder(nil, nil, nil, copying, x.link))
	x.row(".torrent file", container.NewBorder(nil, nil, nil, x.saving, x.save))
	x.save.OnSubmitted = func(string) { x.keep() }
	x.row("Torrent", x.state)
	x.row("Tracker", x.tracker)
	x.row("Reachable", x.reach)
	x.note("Send the link or the file to whom it is for. They get it from you for as long as this program runs, and from each other.")
	return x
}

func (x *shareDone) content() fyne.CanvasObject { return x.form.content() }

func (x *shareDone) readSave(text string) error {
	if !filepath.IsAbs(text) && x.s != nil {
		return errors.New("name a file by its whole path")
	}
	return nil
}

// take shows what was shared.
func (x *shareDone) take(s *shared) {
	x.s = s
	x.link.SetText(s.magnet)
	x.save.SetText(saveFor(x.d.at))
	x.saving.SetText("Save")
	x.update()
}

// update shows what a new snapshot has.
func (x *shareDone) update() {
	snap := x.d.w.snapshot
	setText(x.tracker, x.s.announce)
	setText(x.reach, view.Reach(snap.Hosting, x.s.kind, snap.Port))
	text := "It is being added…"
	if t := snap.Torrent(x.s.id); t != nil {
		text = view.Sentence(t)
	}
	setText(x.state, text)
}

func (x *shareDone) copy() {
	x.d.w.cfg.App.Clipboard().SetContent(x.s.magnet)
	x.d.w.say("The magnet link is on the clipboard")
	x.d.sheet.buttons[1].SetText("Copied")
}

// keep saves the .torrent file, where nothing may be.
func (x *shareDone) keep() {
	if x.bad() {
		return
	}
	path, made := x.save.Text, x.s.made
	x.d.w.makes.add(func(context.Context) func() {
		err := made.Save(path, false)
		return func() {
			switch {
			case errors.Is(err, fs.ErrExist):
				setText(x.fault, fmt.Sprintf("%q is there already; choose another name, or move it away.", path))
			case err != nil:
				setText(x.fault, sentenceOf(err))
			default:
				setText(x.fault, "")
				x.saving.SetText("Saved")
				x.d.w.say(shortName(path) + " was saved")
			}
		}
	})
}
