package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"

	"piecewise/assets"
	"piecewise/engine"
	"piecewise/engine/demo"
	"piecewise/ui"
	"piecewise/ui/desktop"
	"piecewise/ui/handover"
	"piecewise/ui/terminal"
)

const appID = "io.github.piecewise.Piecewise"

// endTime is how long a window that is closed may take to end.
const endTime = 5 * time.Second

// threads is "checked" in a build for tests, which tells of calls on the wrong
// goroutine; see test/window.go.
var threads = "trusted"

var errNoDisplay = errors.New("there is no display to open a window on; `piecewise demo --terminal` and `piecewise get` need none")

// open shows the window until it is closed. A second start with the same profile
// hands its sources to the first and leaves.
func open(ctx context.Context, w terminal.Window, args []string) error {
	if w.Demo {
		return openDemo(ctx, w)
	}
	instance, err := claim(ctx, w)
	if instance == nil {
		return err
	}
	defer instance.Close()
	if !hasDisplay() {
		return errNoDisplay
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := engine.New(w.Config)
	var running sync.WaitGroup
	var failed error
	running.Go(func() { failed = e.Run(ctx) })
	show(ctx, e, w, func(ctx context.Context, win *ui.Window) error {
		return instance.Serve(ctx, func(m handover.Message) {
			win.Open(m.Args)
			win.Raise()
		})
	})
	cancel()
	running.Wait()
	return failed
}

// claim makes this the one window of its profile. If there is one already, it
// hands the sources over and returns nil.
func claim(ctx context.Context, w terminal.Window) (*handover.Instance, error) {
	dir, _ := os.Getwd() // without one, relative paths are not found, and the window says so
	m := handover.Message{Args: w.Sources, Dir: dir}
	for deadline := time.Now().Add(endTime); ; {
		instance, err := handover.Claim(ctx, w.Config.Profile)
		if !errors.Is(err, handover.ErrRunning) {
			return instance, err
		}
		err = handover.Send(ctx, w.Config.Profile, m)
		if !isGone(err) || time.Now().After(deadline) {
			return nil, err
		}
	}
}

// isGone reports whether the other end went away before it answered, as a window
// does that is just closed or killed.
func isGone(err error) bool {
	for _, gone := range []error{io.EOF, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNREFUSED, fs.ErrNotExist} {
		if errors.Is(err, gone) {
			return true
		}
	}
	return false
}

// openDemo shows one leech of a swarm inside this process.
func openDemo(ctx context.Context, w terminal.Window) error {
	if !hasDisplay() {
		return errNoDisplay
	}
	swarm, err := demo.Start(ctx, demo.Options{KeepUpdates: true})
	if err != nil {
		return err
	}
	w.Config.Loopback = true
	show(ctx, swarm.Members[1].Engine, w, func(ctx context.Context, _ *ui.Window) error { return nil })
	return swarm.Close()
}

// show runs the window and, beside it, its pump and serve. When it returns, the
// window is closed and both have ended.
func show(ctx context.Context, e *engine.Engine, w terminal.Window, serve func(context.Context, *ui.Window) error) {
	ctx, cancel := context.WithCancel(ctx)
	if cache, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(cache, 0o700) // Fyne makes its own folder in it, and complains if it is not there
	}
	app.SetMetadata(fyne.AppMetadata{
		ID: appID, Name: "Piecewise", Version: terminal.Version, Migrations: map[string]bool{"fyneDo": threads != "checked"},
	})
	a := app.NewWithID(appID)
	cfg := ui.Config{
		App: a, Engine: e, ProgramName: "Piecewise", Version: terminal.Version, Icon: assets.Icon,
		Peers: w.Peers, Quit: a.Quit,
		Desktop: func(win fyne.Window) ui.Desktop { return desktop.New(a, win) },
	}
	if !w.Demo {
		cfg.Demo = startDemo
	}
	win := ui.New(cfg)
	var beside sync.WaitGroup
	beside.Go(func() {
		_ = win.Run(ctx) // it ends with ctx, or because the engine has; the engine tells why
		if ctx.Err() == nil {
			fyne.Do(a.Quit)
		}
	})
	beside.Go(func() { _ = serve(ctx, win) }) // without it, later starts are told that we do not answer
	defer context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })()
	win.Open(w.Sources)
	win.Show()
	a.Run()
	cancel()
	beside.Wait()
}

// startDemo shows the demo swarm in a process of its own.
func startDemo() {
	self, err := os.Executable()
	if err != nil {
		return
	}
	c := exec.Command(self, "demo")
	if c.Start() == nil {
		go c.Wait() // so that it does not stay a zombie; its own window tells what is wrong
	}
}
