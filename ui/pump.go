package ui

import (
	"context"
	"sync"
	"time"

	"fyne.io/fyne/v2"
)

// Run shows what the engine sends and does what the user wants until ctx ends or
// the engine has stopped. It waits for all goroutines that it started. A
// Window runs once.
func (w *Window) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, w.cancel)()
	ctx = w.ctx
	results := make(chan func())
	var lanes sync.WaitGroup
	for _, l := range []*lane{w.commands, w.opens, w.looks, w.makes} {
		lanes.Go(func() { l.run(ctx, results) })
	}
	defer w.desktop.Wait()
	defer lanes.Wait()
	defer w.cancel()

	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		var show func()
		select {
		case <-ctx.Done():
			return nil
		case u, open := <-w.cfg.Engine.Updates():
			if !open {
				return nil
			}
			show = func() { w.apply(u) }
		case show = <-results:
		case <-second.C:
			show = w.details.update // times and what just arrived grow old
		}
		w.dispatch(show)
	}
}

// onWindow runs f on the window's goroutine and waits for it.
func onWindow(f func()) { fyne.DoAndWait(f) }
