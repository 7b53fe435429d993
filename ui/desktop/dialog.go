package desktop

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
)

// show asks with Fyne's dialog. Everything here runs on the UI goroutine.
func (d *Desktop) show(ctx context.Context, q question, done func([]string, error)) {
	var stop func() bool
	answered := false
	answer := func(uri fyne.URI, err error) {
		if answered {
			return
		}
		answered = true
		stop()
		switch {
		case err != nil:
			done(nil, fmt.Errorf("choose files: %w", err))
		case uri == nil:
			done(nil, nil)
		default:
			done([]string{uri.Path()}, nil)
		}
	}
	dlg := d.dialog(q, answer)
	stop = context.AfterFunc(ctx, func() {
		d.do(func() {
			dlg.Hide()
			answer(nil, ctx.Err())
		})
	})
	dlg.SetTitleText(q.title)
	dlg.Show()
	// It begins at its smallest, which shows hardly a name.
	size := d.win.Canvas().Size()
	dlg.Resize(fyne.NewSize(size.Width*0.8, size.Height*0.8))
}

func (d *Desktop) dialog(q question, answer func(fyne.URI, error)) *dialog.FileDialog {
	if q.torrents || q.file {
		dlg := dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
			if f == nil {
				answer(nil, err)
				return
			}
			// Only its name was wanted; nothing was written to it.
			_ = f.Close()
			answer(f.URI(), err)
		}, d.win)
		if q.torrents {
			dlg.SetFilter(storage.NewExtensionFileFilter([]string{".torrent"}))
		}
		begin(dlg, q.start)
		return dlg
	}
	dlg := dialog.NewFolderOpen(func(f fyne.ListableURI, err error) {
		if f == nil {
			answer(nil, err)
			return
		}
		answer(f, err)
	}, d.win)
	begin(dlg, q.start)
	return dlg
}

// begin makes a dialog begin at a folder, if it is one.
func begin(dlg *dialog.FileDialog, folder string) {
	if folder == "" {
		return
	}
	if l, err := storage.ListerForURI(storage.NewFileURI(folder)); err == nil {
		dlg.SetLocation(l)
	}
}
