package ui

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
)

// shareJob is what is done between Share and the link, and how far it is.
type shareJob struct {
	d       *shareDialog
	content fyne.CanvasObject
	bar     *widget.ProgressBar
	text    *widget.Label
	run     int         // how often it was begun; what older ones leave is dropped
	told    atomic.Bool // a report is on its way to the window
}

// shared is what comes of it.
type shared struct {
	id       engine.ID
	made     *engine.Created
	magnet   string
	announce string
	kind     engine.PlaceKind
}

func newShareJob(d *shareDialog) *shareJob {
	j := &shareJob{d: d, bar: widget.NewProgressBar(), text: wrapped("")}
	j.content = container.NewVBox(j.bar, j.text)
	return j
}

// begin does everything in order on the lane that makes torrents.
func (j *shareJob) begin() {
	d := j.d
	j.run++
	run := j.run
	var ctx context.Context
	ctx, d.cancel = context.WithCancel(d.w.ctx)
	j.bar.SetValue(0)
	setText(j.text, "Waiting…")
	o := engine.CreateOptions{PieceLength: engine.PieceLengthFor(d.found.Size), CreatedBy: d.w.creator(), Created: time.Now()}
	content, v := d.found, d.way()
	d.w.makes.add(func(context.Context) func() {
		s, err := j.share(ctx, content, o, v)
		return func() {
			// What was cancelled too late is shown as well.
			if run == j.run && d.w.sharing == d && (d.stage == shareWorks || err == nil) {
				j.end(s, err)
			}
		}
	})
}

// share turns the tracker on, makes the torrent and adds it.
func (j *shareJob) share(ctx context.Context, c *engine.Content, o engine.CreateOptions, v way) (*shared, error) {
	e := j.d.w.cfg.Engine
	h, err := e.Host(ctx)
	if err != nil {
		return nil, err
	}
	s := &shared{}
	s.kind, s.announce = v.reached(h)
	o.Trackers = [][]string{{s.announce}}
	if s.made, err = engine.Create(ctx, c, o, func(done int64) { j.report(done, c.Size) }); err != nil {
		return nil, err
	}
	src, dir, err := s.made.Source()
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil { // the last moment at which it can be cancelled
		return nil, ctx.Err()
	}
	s.id, err = e.Add(ctx, src, engine.AddOptions{Dir: dir})
	var there *engine.DuplicateError
	if errors.As(err, &there) {
		s.id = there.ID
		err = e.Resume(ctx, s.id)
	}
	if err != nil {
		return nil, err
	}
	s.magnet, err = e.Magnet(ctx, s.id)
	return s, err
}

// report shows progress, unless the last report has not been shown yet.
func (j *shareJob) report(done, size int64) {
	if !j.told.CompareAndSwap(false, true) {
		return
	}
	j.d.w.looks.add(func(context.Context) func() {
		return func() {
			j.told.Store(false)
			j.bar.SetValue(float64(done) / float64(size))
			setText(j.text, format.Size(done)+" of "+format.Size(size)+" hashed")
		}
	})
}

// end shows what came of it, or goes back to what was asked.
func (j *shareJob) end(s *shared, err error) {
	if err != nil {
		j.d.show(shareAsks)
		setText(j.d.fault, "It is not shared: "+sentenceOf(err))
		return
	}
	j.d.done.take(s)
	j.d.show(shareDoneWell)
}
