// Package desktop reaches what surrounds the window: the desktop's own file
// dialogs and its file manager. Where there is an XDG desktop portal, it shows
// the dialogs; elsewhere Fyne's own do.
//
// It speaks D-Bus itself because the ready binding for the portal takes any
// signal for the answer, reads a plus sign in a name as a space, cannot be
// cancelled, and starts a bus where there is none.
//
// Goroutines: each call starts one, which ends when the person has decided, the
// context has ended or the bus has gone; Wait awaits them.
package desktop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
)

// errNoPortal means that nobody was asked yet: Fyne's dialog takes over.
var errNoPortal = errors.New("no desktop portal")

// Desktop opens dialogs for one window. Its methods are called on the UI
// goroutine, return at once, and call back on the UI goroutine.
type Desktop struct {
	app     fyne.App
	win     fyne.Window
	do      func(func()) // puts a function on the UI goroutine
	running sync.WaitGroup
}

// New returns the Desktop of a window. It asks nothing of the system yet.
func New(app fyne.App, win fyne.Window) *Desktop {
	return &Desktop{app: app, win: win, do: fyne.Do}
}

// Wait returns when no call is under way any more; end their contexts first.
// What they had to call back is on its way to the UI goroutine by then.
func (d *Desktop) Wait() { d.running.Wait() }

// PickTorrents lets the person choose .torrent files, several at once where the
// desktop's dialog can, and calls done with their absolute paths. No paths and
// no error: the person chose none. When the context ends first, the dialog goes
// and done gets the context's error.
func (d *Desktop) PickTorrents(ctx context.Context, done func(paths []string, err error)) {
	d.pick(ctx, question{title: "Open torrents", accept: "_Open", torrents: true}, done)
}

// PickFile lets the person choose one file of any kind. It works as PickFolder does.
func (d *Desktop) PickFile(ctx context.Context, start string, done func(path string, err error)) {
	d.pickOne(ctx, question{title: "Choose a file", accept: "_Choose", file: true, start: existing(start)}, done)
}

// PickFolder lets the person choose a folder, beginning at start if that is
// one, and calls done with its absolute path. An empty path and no error: the
// person chose none. The context works as in PickTorrents.
func (d *Desktop) PickFolder(ctx context.Context, start string, done func(path string, err error)) {
	d.pickOne(ctx, question{title: "Choose a folder", accept: "_Choose", start: existing(start)}, done)
}

func (d *Desktop) pickOne(ctx context.Context, q question, done func(path string, err error)) {
	d.pick(ctx, q, func(paths []string, err error) {
		if err != nil || len(paths) == 0 {
			done("", err)
			return
		}
		done(paths[0], nil)
	})
}

// OpenFolder shows a path in the file manager: a folder is opened, a file is
// selected in its folder where the file manager can do that. It calls done with
// what went wrong, nil if nothing did; a path that does not exist satisfies
// fs.ErrNotExist.
func (d *Desktop) OpenFolder(ctx context.Context, path string, done func(err error)) {
	d.running.Go(func() {
		fi, err := os.Stat(path)
		if err == nil && !fi.IsDir() && showItem(ctx, path) == nil {
			d.do(func() { done(nil) })
			return
		}
		d.do(func() { done(d.openFolder(path, fi, err)) })
	})
}

func (d *Desktop) openFolder(path string, fi fs.FileInfo, err error) error {
	if err == nil {
		if !fi.IsDir() {
			path = filepath.Dir(path)
		}
		err = d.app.OpenURL(fileURL(path))
	}
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	return nil
}

// question is what a dialog asks for.
type question struct {
	title    string
	accept   string // label of the button, _ before its access key
	torrents bool   // .torrent files, several at once
	file     bool   // one file of any kind; without both, a folder
	start    string // folder to begin at, if not empty
	parent   string // the window in the portal's notation, empty if unknown
}

func (d *Desktop) pick(ctx context.Context, q question, done func([]string, error)) {
	q.parent = windowHandle(d.win)
	d.running.Go(func() {
		paths, err := ask(ctx, q)
		if ctx.Err() == nil && errors.Is(err, errNoPortal) {
			d.do(func() { d.show(ctx, q, done) })
			return
		}
		if ctx.Err() != nil {
			paths, err = nil, ctx.Err()
		}
		if err != nil {
			err = fmt.Errorf("choose files: %w", err)
		}
		d.do(func() { done(paths, err) })
	})
}

// existing is the absolute path of a folder, or empty if that is none.
func existing(folder string) string {
	if folder == "" {
		return ""
	}
	abs, err := filepath.Abs(folder)
	if err != nil {
		return ""
	}
	if fi, err := os.Stat(abs); err != nil || !fi.IsDir() {
		return ""
	}
	return abs
}

func fileURL(path string) *url.URL {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // C:/…
	}
	return &url.URL{Scheme: "file", Path: slashed}
}
