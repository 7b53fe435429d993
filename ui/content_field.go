package ui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"piecewise/engine"
)

// contentField asks for a file or folder of which a torrent is to be made, and looks
// what is there.
type contentField struct {
	form   *form
	w      *Window
	path   *field
	at     string             // what the field says
	found  *engine.Content    // what is there; nil while that is not known
	wrong  error              // why there is none
	looked int                // how often that was asked for; older answers are dropped
	cancel context.CancelFunc // ends the last of it
	leave  func() string      // a file that is left out of what is there; "" is none
	moved  func(was string)   // called when the field says something else; may be nil
	seen   func()             // called when found has changed
}

func newContentField(w *Window, f *form, at string) *contentField {
	return &contentField{form: f, w: w, at: at, cancel: func() {}, leave: func() string { return "" }}
}

// rows adds the field and its buttons to the form.
func (c *contentField) rows() {
	c.path = c.form.ask("File or folder", c.at, "its whole path", c.readPath)
	pick := func(label string, from func(context.Context, string, func(string, error))) *button {
		b := c.form.press(label, func() { from(c.w.ctx, filepath.Dir(c.path.Text), c.picked) })
		if c.w.cfg.Desktop == nil {
			b.Disable()
		}
		return b
	}
	c.form.row("File or folder", c.path)
	c.form.row("", pick("Choose a file…", c.w.desktop.PickFile), pick("Choose a folder…", c.w.desktop.PickFolder))
}

// picked takes over what was chosen in a file dialog.
func (c *contentField) picked(path string, err error) {
	switch {
	case err != nil:
		c.w.say("Cannot choose files: " + sentenceOf(err))
	case path != "":
		c.path.SetText(path)
	}
}

// readPath takes the path, and looks what is there if it is another one.
func (c *contentField) readPath(text string) error {
	if text = strings.TrimSpace(text); text != c.at {
		was := c.at
		c.at = text
		c.look()
		if c.moved != nil {
			defer c.moved(was)
		}
	}
	switch {
	case !filepath.IsAbs(text):
		return errors.New("name a file or folder by its whole path")
	case c.found == nil && c.wrong == nil:
		return errors.New("looking what is there…")
	}
	return c.wrong
}

// look finds what is at the path.
func (c *contentField) look() {
	c.cancel()
	c.found, c.wrong = nil, nil
	c.looked++
	looked, path, leave := c.looked, c.at, c.leave()
	c.seen()
	if !filepath.IsAbs(path) {
		return
	}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(c.w.ctx)
	c.w.looks.add(func(context.Context) func() {
		content, err := engine.LookAt(ctx, path, engine.IgnoredNames(), leave)
		return func() {
			if looked != c.looked {
				return
			}
			c.found, c.wrong = content, err
			c.form.check()
			c.seen()
		}
	})
}
