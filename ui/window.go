package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"piecewise/engine"
	"piecewise/ui/view"
)

// Window is the program's window. Run, Open and Raise may be called from any
// goroutine; all else belongs to Fyne's.
type Window struct {
	cfg     Config
	win     fyne.Window
	desktop Desktop

	dispatch func(func())     // onWindow, save in tests
	now      func() time.Time // time.Now, save in tests

	ctx    context.Context // ends when Run does
	cancel context.CancelFunc

	commands, opens, looks, makes *lane

	snapshot *engine.Snapshot // the newest; nil before the first
	list     *view.List
	chosen   chosen    // what is selected
	lead     engine.ID // whose details are shown; zero if none is selected
	watched  engine.ID // what the engine was told to watch
	early    []func()  // what waits for the first snapshot

	actions  *actions
	toolbar  *toolbar
	rows     *rows
	details  *details
	status   *statusBar
	sheets   sheets
	adding   *addDialog     // the one that is shown, or nil
	bans     *bansSheet     // likewise
	settings *settingsSheet // likewise
	sharing  *shareDialog   // likewise
	draft    *settingsSheet // changes that were not saved, or nil
	recipe   recipe         // what the last torrent was made with

	split *container.Split
	empty fyne.CanvasObject
}

// New builds the window. It starts nothing and shows nothing; it makes the
// program's theme the compact one.
func New(cfg Config) *Window {
	w := &Window{
		cfg:      cfg,
		dispatch: onWindow,
		now:      time.Now,
		commands: newLane(),
		opens:    newLane(),
		looks:    newLane(),
		makes:    newLane(),
		list:     view.NewList(),
	}
	w.ctx, w.cancel = context.WithCancel(context.Background())
	cfg.App.Settings().SetTheme(newTheme())
	w.win = cfg.App.NewWindow(cfg.ProgramName)
	if cfg.Icon != nil {
		w.win.SetIcon(cfg.Icon)
	}
	w.desktop = nowhere{}
	if cfg.Desktop != nil {
		w.desktop = cfg.Desktop(w.win)
	}
	w.build()
	w.restore()
	return w
}

func (w *Window) build() {
	w.sheets.canvas = w.win.Canvas()
	w.sheets.closed = func() { w.rows.table.Focus() }
	w.actions = newActions(w)
	w.status = newStatusBar(w)
	w.rows = newRows(w)
	w.details = newDetails(w)
	w.toolbar = newToolbar(w)
	w.empty = newEmpty(w)
	w.split = container.NewVSplit(w.rows.table, w.details.content)
	w.split.SetOffset(0.45)
	w.split.Hide()

	middle := container.NewStack(w.split, w.empty, w.status.bubble.content)
	w.win.SetContent(container.NewBorder(w.toolbar.content, w.status.content, nil, nil, middle))
	w.win.SetPadded(false)
	w.win.SetMainMenu(w.actions.mainMenu())
	w.win.SetMaster()
	w.win.SetOnClosed(w.save)
	w.win.SetOnDropped(w.dropped)
	w.win.Canvas().SetOnTypedKey(w.actions.typedKey)
	w.actions.refresh()
}

// Show shows the window.
func (w *Window) Show() {
	w.win.Show()
	w.rows.table.Focus()
}

// Raise brings the window to the front, where the desktop allows that.
func (w *Window) Raise() {
	w.commands.add(func(context.Context) func() {
		return func() {
			w.win.Show()
			w.win.RequestFocus()
		}
	})
}

// apply shows an update. It is the only way in which the engine's state reaches
// the window.
func (w *Window) apply(u engine.Update) {
	first := w.snapshot == nil
	w.snapshot = u.Snapshot
	if w.list.Update(u.Snapshot.Torrents) || first {
		w.chosen = newChosen(w.list, w.chosen.ids)
		w.rows.refresh()
		w.showEmpty(w.list.All() == 0)
	}
	w.status.show(view.Total(u.Snapshot, w.list.All()))
	for _, e := range u.Events {
		w.tell(e)
	}
	w.details.update()
	if w.adding != nil {
		w.adding.update()
	}
	if w.bans != nil {
		w.bans.update()
	}
	if w.settings != nil {
		w.settings.update()
	}
	if w.sharing != nil {
		w.sharing.update()
	}
	w.actions.refresh()
	if first {
		for _, f := range w.early {
			f()
		}
		w.early = nil
	}
}

// whenReady runs f now, or once the first snapshot is there.
func (w *Window) whenReady(f func()) {
	if w.snapshot == nil {
		w.early = append(w.early, f)
		return
	}
	f()
}

func (w *Window) showEmpty(empty bool) {
	if empty == w.empty.Visible() {
		return
	}
	if empty {
		w.split.Hide()
		w.empty.Show()
	} else {
		w.empty.Hide()
		w.split.Show()
		if len(w.chosen.rows) == 0 && w.rows.wish.IsZero() && w.list.Len() > 0 {
			w.rows.choose(w.list.Row(0).ID) // so that there is something to see
		}
		if w.win.Canvas().Focused() == nil && !w.sheets.open() {
			w.rows.table.Focus()
		}
	}
}

// selectRows is called when the selection has changed.
func (w *Window) selectRows(ids []engine.ID, lead engine.ID) {
	w.chosen, w.lead = newChosen(w.list, ids), lead
	w.watch()
	w.details.update()
	w.actions.refresh()
}

// watch tells the engine whose details are looked at.
func (w *Window) watch() {
	if w.lead == w.watched {
		return
	}
	w.watched = w.lead
	id := w.lead
	w.command("Showing the details", func(ctx context.Context) error { return w.cfg.Engine.Watch(ctx, id) })
}

// detail returns the newest details of the selected torrent, or nil.
func (w *Window) detail() *engine.Detail {
	if w.snapshot == nil || w.snapshot.Detail == nil || w.snapshot.Detail.ID != w.lead {
		return nil
	}
	return w.snapshot.Detail
}

// nowhere is a Desktop where there is none.
type nowhere struct{}

func (nowhere) PickTorrents(_ context.Context, done func([]string, error))       { done(nil, nil) }
func (nowhere) PickFile(_ context.Context, _ string, done func(string, error))   { done("", nil) }
func (nowhere) PickFolder(_ context.Context, _ string, done func(string, error)) { done("", nil) }
func (nowhere) OpenFolder(_ context.Context, _ string, done func(error))         { done(nil) }
func (nowhere) Wait()                                                            {}
