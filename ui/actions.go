package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
)

// action is one thing that the user can do. Menus, toolbar and keys are all
// made from the list of actions.
type action struct {
	id       string
	label    string
	icon     fyne.Resource
	menu     string        // the main menu it stands in
	first    bool          // a line stands before it
	toolbar  bool          // it has a button
	context  bool          // it is in the menu of the list
	shortcut fyne.Shortcut // nil if it has none
	key      fyne.KeyName  // a key without Ctrl; "" if it has none
	quit     bool          // it ends the program

	why     func() string // why it cannot be done now; "" if it can, nil if it always can
	checked func() bool   // nil if it is not a choice
	run     func()
}

func (a *action) disabled() string {
	if a.why == nil {
		return ""
	}
	return a.why()
}

func ctrl(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}

// newActions makes the list of everything that the user can do.
func newActions(w *Window) *actions {
	a := &actions{w: w}
	a.all = append(w.fileActions(), w.torrentActions()...)
	a.all = append(a.all, w.helpActions()...)
	return a
}

func (w *Window) fileActions() []*action {
	return []*action{
		{
			id: "open", label: "Open…", icon: theme.ContentAddIcon(), menu: "File", toolbar: true, shortcut: ctrl(fyne.KeyO),
			why: w.noDesktop, run: w.pickTorrents,
		},
		{
			id: "link", label: "Add link…", icon: linkIcon, menu: "File", toolbar: true, shortcut: ctrl(fyne.KeyL),
			run: w.askLink,
		},
		{id: "create", label: "New torrent…", icon: theme.DocumentCreateIcon(), menu: "File", shortcut: ctrl(fyne.KeyN), why: w.notReady, run: w.askCreate},
		{id: "share", label: "Share…", icon: theme.UploadIcon(), menu: "File", shortcut: ctrl(fyne.KeyS), why: w.notReady, run: w.askShare},
		{id: "paste", label: "Paste", icon: theme.ContentPasteIcon(), menu: "File", shortcut: &fyne.ShortcutPaste{}, run: w.paste},
		{
			id: "ask", label: "Ask before adding", menu: "File", first: true, why: w.notReady,
			checked: func() bool { return w.snapshot != nil && w.snapshot.Settings.AskOnAdd }, run: w.toggleAsk,
		},
		{
			id: "turtle", label: "Alternative limits", menu: "File", first: true, shortcut: ctrl(fyne.KeyT), why: w.notReady,
			checked: func() bool { return w.snapshot != nil && w.snapshot.Turtle.On }, run: w.toggleTurtle,
		},
		{
			id: "bans", label: "Banned peers…", menu: "File", why: w.notReady, run: w.showBans,
		},
		{
			id: "settings", label: "Settings…", icon: theme.SettingsIcon(), menu: "File", shortcut: ctrl(fyne.KeyComma),
			why: w.notReady, run: w.askSettings,
		},
		{id: "restore", label: "Restore backup…", menu: "File", why: w.notReady, run: w.askRestore},
		{id: "quit", label: "Quit", menu: "File", first: true, shortcut: ctrl(fyne.KeyQ), quit: true, run: w.quit},
	}
}

func (w *Window) torrentActions() []*action {
	return []*action{
		{
			id: "resume", label: "Resume", icon: theme.MediaPlayIcon(), menu: "Torrent", first: true, toolbar: true, context: true,
			why: w.nothingPaused, run: w.resume,
		},
		{
			id: "pause", label: "Pause", icon: theme.MediaPauseIcon(), menu: "Torrent", toolbar: true, context: true,
			why: w.nothingRuns, run: w.pause,
		},
		{id: "toggle", label: "Pause or resume", menu: "Torrent", key: fyne.KeySpace, why: w.nothingSelected, run: w.toggle},
		{
			id: "remove", label: "Remove…", icon: theme.DeleteIcon(), menu: "Torrent", toolbar: true, context: true,
			key: fyne.KeyDelete, why: w.nothingSelected, run: w.askRemove,
		},
		{
			id: "folder", label: "Open folder", icon: theme.FolderOpenIcon(), menu: "Torrent", first: true, toolbar: true, context: true,
			why: w.noFolder, run: w.openFolder,
		},
		{
			id: "magnet", label: "Copy magnet", icon: theme.ContentCopyIcon(), menu: "Torrent", context: true,
			why: w.notOne, run: w.copyMagnet,
		},
		{
			id: "savetorrent", label: "Save .torrent…", icon: theme.DocumentSaveIcon(), menu: "Torrent", context: true,
			why: w.notOneKnown, run: w.saveTorrent,
		},
		{
			id: "options", label: "Options…", icon: theme.SettingsIcon(), menu: "Torrent", context: true, shortcut: ctrl(fyne.KeyI),
			why: w.nothingSelected, run: w.askOptions,
		},
		{
			id: "move", label: "Set location…", icon: theme.FolderIcon(), menu: "Torrent", first: true, context: true, shortcut: ctrl(fyne.KeyM),
			why: w.nothingSelected, run: w.askMove,
		},
		{
			id: "stopmove", label: "Cancel the move", icon: theme.CancelIcon(), menu: "Torrent", context: true,
			why: w.nothingMoves, run: w.cancelMoves,
		},
		{
			id: "rename", label: "Rename…", icon: theme.DocumentCreateIcon(), menu: "Torrent", context: true, key: fyne.KeyF2,
			why: w.notOne, run: w.askRename,
		},
		{
			id: "announce", label: "Announce now", icon: theme.ViewRefreshIcon(), menu: "Torrent", first: true, context: true,
			why: w.nothingRuns, run: w.announce,
		},
		{
			id: "recheck", label: "Recheck", icon: theme.ConfirmIcon(), menu: "Torrent", context: true,
			why: w.nothingToCheck, run: w.recheck,
		},
		{
			id: "continue", label: "Continue in the files that are there…", icon: theme.MediaSkipNextIcon(), menu: "Torrent", context: true,
			why: w.nothingInTheWay, run: w.askContinue,
		},
		{
			id: "all", label: "Select all", menu: "Torrent", first: true, shortcut: &fyne.ShortcutSelectAll{},
			why: w.nothingThere, run: w.selectAll,
		},
		{
			id: "find", label: "Find", menu: "Torrent", shortcut: ctrl(fyne.KeyF), why: w.nothingThere,
			run: func() { w.win.Canvas().Focus(w.toolbar.search) },
		},
	}
}

func (w *Window) helpActions() []*action {
	list := []*action{
		{id: "keys", label: "Keys", menu: "Help", key: fyne.KeyF1, run: w.showKeys},
		{id: "about", label: "About " + w.cfg.ProgramName, menu: "Help", run: w.showAbout},
	}
	if w.cfg.Demo != nil {
		list = append(list, &action{id: "demo", label: "See how it works", menu: "Help", first: true, run: w.cfg.Demo})
	}
	return list
}
