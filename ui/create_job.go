package ui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
)

// creation is a torrent that is being made, and the sheet that tells how far it is.
type creation struct {
	w       *Window
	r       recipe
	content *engine.Content
	sheet   *sheet
	bar     *widget.ProgressBar
	text    *widget.Label
	told    atomic.Bool // a report is on its way to the window
}

// make begins to make the torrent, and keeps the choices for the next one.
func (d *createDialog) make() {
	d.cancel()
	d.w.recipe = d.r
	ctx, cancel := context.WithCancel(d.w.ctx)
	c := &creation{w: d.w, r: d.r, content: d.found, bar: widget.NewProgressBar(), text: widget.NewLabel("Waiting…")}
	c.sheet = &sheet{
		title: "Making " + shortName(c.r.save), content: container.NewVBox(c.bar, c.text), size: fyne.NewSize(460, 130),
		choices: []choice{{label: "Cancel", run: func() {
			cancel()
			d.w.say("No torrent was made")
		}}},
	}
	d.w.sheets.show(c.sheet)
	o := c.r.options(c.content, d.w.creator())
	d.w.makes.add(func(context.Context) func() {
		defer cancel()
		made, err := c.create(ctx, o)
		if ctx.Err() != nil {
			return nil
		}
		var src *engine.Source
		dir, unfit := "", error(nil)
		if err == nil && !c.r.idle {
			src, dir, unfit = made.Source()
		}
		return func() { c.done(src, dir, errors.Join(err, unfit), err == nil) }
	})
}

// create makes the torrent and saves it, where nothing may be.
func (c *creation) create(ctx context.Context, o engine.CreateOptions) (*engine.Created, error) {
	if _, err := os.Lstat(c.r.save); err == nil {
		return nil, fmt.Errorf("%q is there already; choose another name, or move it away", c.r.save)
	}
	made, err := engine.Create(ctx, c.content, o, c.report)
	if err == nil {
		err = made.Save(c.r.save, false)
	}
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%q was put there meanwhile, and was not overwritten", c.r.save)
	}
	return made, err
}

// report shows progress, unless the last report has not been shown yet.
func (c *creation) report(done int64) {
	if !c.told.CompareAndSwap(false, true) {
		return
	}
	c.w.looks.add(func(context.Context) func() {
		return func() {
			c.told.Store(false)
			c.bar.SetValue(float64(done) / float64(c.content.Size))
			setText(c.text, format.Size(done)+" of "+format.Size(c.content.Size)+" hashed")
		}
	})
}

// done says what has come of it, and begins to seed.
func (c *creation) done(src *engine.Source, dir string, err error, saved bool) {
	c.w.sheets.close(c.sheet)
	switch {
	case err != nil && saved:
		c.w.explain("The torrent was made, but is not seeded", sentenceOf(err))
	case err != nil:
		c.w.explain("No torrent was made", sentenceOf(err))
	default:
		c.w.say(shortName(c.r.save) + " was made")
		if src != nil {
			c.w.add(src, engine.AddOptions{Dir: dir})
		}
		c.w.recipe.path, c.w.recipe.save = "", ""
	}
	c.w.sheets.next()
}
