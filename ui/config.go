package ui

import (
	"context"
	"net/netip"

	"fyne.io/fyne/v2"

	"piecewise/engine"
)

// Config is what a Window is made with.
type Config struct {
	App         fyne.App
	Engine      *engine.Engine
	ProgramName string // the title the window is created with, which desktops know it by
	Version     string // for the about box
	Icon        fyne.Resource
	Peers       []netip.AddrPort // to dial for every torrent that is opened

	Desktop func(fyne.Window) Desktop // nil: no file dialogs, and folders cannot be opened
	Quit    func()                    // ends the program
	Demo    func()                    // starts the demo swarm; nil if there is none to start
}

// Desktop is what surrounds the window. Its methods are called on the window's
// goroutine, return at once and call back on it; an empty answer means that the
// user changed their mind.
type Desktop interface {
	PickTorrents(ctx context.Context, done func(paths []string, err error))
	PickFile(ctx context.Context, start string, done func(path string, err error))
	PickFolder(ctx context.Context, start string, done func(path string, err error))
	OpenFolder(ctx context.Context, path string, done func(err error))
	Wait() // until nothing is under way, once the contexts have ended
}
