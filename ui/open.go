package ui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

// openTime is how long a link may take to be fetched.
const openTime = time.Minute

// Open adds what the user named: files, magnet links, info hashes or links to
// .torrent files. It returns at once.
func (w *Window) Open(args []string) {
	for _, arg := range args {
		w.opens.add(func(ctx context.Context) func() {
			opening, cancel := context.WithTimeout(ctx, openTime)
			defer cancel()
			src, err := w.cfg.Engine.Open(opening, arg)
			if ctx.Err() != nil {
				return nil
			}
			return func() { w.whenReady(func() { w.opened(arg, src, err) }) }
		})
	}
}

func (w *Window) opened(arg string, src *engine.Source, err error) {
	switch {
	case err != nil:
		w.explain("Cannot open "+shortName(arg), sentenceOf(err))
	case w.isListed(src.ID) || !w.snapshot.Settings.AskOnAdd:
		w.add(src, engine.AddOptions{Paused: w.snapshot.Settings.AddPaused})
	default:
		w.askAdd(src)
	}
}

// isListed reports whether a torrent is in the list; a preview is not.
func (w *Window) isListed(id engine.ID) bool {
	t := w.snapshot.Torrent(id)
	return t != nil && !t.Preview
}

// add puts a torrent in the list, and selects it.
func (w *Window) add(src *engine.Source, opts engine.AddOptions) {
	w.commands.add(func(ctx context.Context) func() {
		_, err := w.cfg.Engine.Add(ctx, src, opts)
		w.dial(ctx, src.ID)
		return func() { w.added(src, err) }
	})
}

// dial has the engine dial the peers that the command line names, for a torrent
// that it knows.
func (w *Window) dial(ctx context.Context, id engine.ID) {
	if len(w.cfg.Peers) > 0 {
		_ = w.cfg.Engine.AddPeers(ctx, id, w.cfg.Peers) // one that could not be added is told of elsewhere
	}
}

func (w *Window) added(src *engine.Source, err error) {
	var duplicate *engine.DuplicateError
	switch {
	case errors.As(err, &duplicate):
		w.say(format.Name(duplicate.Name) + " is already there; trackers that are new were added")
	case err != nil:
		w.explain("Cannot add "+nameOf(src), sentenceOf(err))
		return
	default:
		w.say(nameOf(src) + " was added")
	}
	w.rows.choose(src.ID)
}

// nameOf returns what to call a source.
func nameOf(src *engine.Source) string {
	if src.Name == "" {
		return src.ID.String()
	}
	return format.Name(src.Name)
}

// shortName returns what to call an argument in a title.
func shortName(arg string) string {
	if !strings.Contains(arg, ":") {
		arg = filepath.Base(arg)
	}
	name := []rune(format.Name(arg))
	if len(name) > 60 {
		name = append(name[:60], '…')
	}
	return string(name)
}

// pickTorrents lets the user choose files.
func (w *Window) pickTorrents() {
	w.desktop.PickTorrents(w.ctx, func(paths []string, err error) {
		if err != nil {
			w.explain("Cannot choose files", sentenceOf(err))
			return
		}
		w.Open(paths)
	})
}
