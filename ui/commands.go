package ui

import (
	"context"
	"path/filepath"

	"piecewise/engine"
	"piecewise/ui/format"
)

// each sends a command for every selected torrent that is fit, in one task.
func (w *Window) each(what string, fit func(*engine.Torrent) bool, f func(context.Context, engine.ID) error) {
	var ids []engine.ID
	for _, r := range w.chosen.rows {
		if fit(r.Torrent) {
			ids = append(ids, r.ID)
		}
	}
	w.command(what, func(ctx context.Context) error {
		for _, id := range ids {
			if err := f(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Window) pause() { w.each("Pausing", running, w.cfg.Engine.Pause) }

func (w *Window) resume() { w.each("Resuming", stopped, w.cfg.Engine.Resume) }

// toggle pauses what is selected if any of it runs, and resumes it otherwise.
func (w *Window) toggle() {
	if w.nothingRuns() == "" {
		w.pause()
	} else {
		w.resume()
	}
}

func (w *Window) announce() { w.each("Announcing", running, w.cfg.Engine.Announce) }

func (w *Window) recheck() {
	w.each("Rechecking", known, w.cfg.Engine.Recheck)
}

func (w *Window) selectAll() {
	w.rows.table.SelectAll()
	w.rows.table.Focus()
}

func (w *Window) copyMagnet() {
	id := w.lead
	w.commands.add(func(ctx context.Context) func() {
		link, err := w.cfg.Engine.Magnet(ctx, id)
		return func() {
			if err != nil {
				w.say("There is no magnet link: " + sentenceOf(err))
				return
			}
			w.cfg.App.Clipboard().SetContent(link)
			w.say("The magnet link is on the clipboard")
		}
	})
}

// saveTorrent writes the .torrent of the torrent into a folder that the user picks.
func (w *Window) saveTorrent() {
	id := w.lead
	w.desktop.PickFolder(w.ctx, w.snapshot.Settings.Dir, func(dir string, err error) {
		switch {
		case err != nil:
			w.say("Cannot choose a folder: " + sentenceOf(err))
		case dir != "":
			w.commands.add(func(ctx context.Context) func() {
				path, err := w.cfg.Engine.SaveTorrent(ctx, id, dir)
				return func() {
					if err != nil {
						w.say("The .torrent was not saved: " + sentenceOf(err))
						return
					}
					w.say("Saved as " + format.Name(path))
				}
			})
		}
	})
}

// openFolder shows the torrent's folder, or its only file.
func (w *Window) openFolder() {
	r := w.list.Find(w.lead)
	if r == nil {
		return
	}
	path := r.Dir
	if r.Meta != nil && len(r.Meta.Files) > 0 {
		path = filepath.Join(r.Dir, r.Meta.Files[0].Path[0])
	}
	dir := r.Dir
	w.desktop.OpenFolder(w.ctx, path, func(err error) {
		if err == nil {
			return
		}
		// Nothing of it may be on disk yet; its folder is.
		w.desktop.OpenFolder(w.ctx, dir, func(err error) {
			if err != nil {
				w.say("Cannot open " + format.Name(dir) + ": " + sentenceOf(err))
			}
		})
	})
}

func (w *Window) toggleAsk() {
	s := w.snapshot.Settings
	s.AskOnAdd = !s.AskOnAdd
	w.saveSettings(s)
}

// toggleTurtle turns the alternative limits on or off.
func (w *Window) toggleTurtle() {
	on := !w.snapshot.Turtle.On
	w.command("Changing the limits", func(ctx context.Context) error { return w.cfg.Engine.Turtle(ctx, on) })
}

func (w *Window) saveSettings(s engine.Settings) {
	w.command("Saving the settings", func(ctx context.Context) error { return w.cfg.Engine.SetSettings(ctx, s) })
}

func (w *Window) quit() {
	w.save()
	if w.cfg.Quit != nil {
		w.cfg.Quit()
	}
}
