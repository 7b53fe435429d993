package xclient

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// ErrRefused is returned by Drag when the window takes no files.
var ErrRefused = errors.New("the window refused the drop")

const (
	uriList = "text/uri-list"
	version = 5 // of the XDND protocol, whose description is at freedesktop.org
)

// Drag drops addresses such as file:///a/b onto a window, at a point of the
// screen, and returns when the window has taken them.
func Drag(ctx context.Context, display string, window uint32, at image.Point, uris ...string) error {
	c, err := dial(display, "XdndAware", "XdndSelection", "XdndEnter", "XdndPosition", "XdndStatus", "XdndDrop",
		"XdndLeave", "XdndFinished", "XdndActionCopy", "TARGETS", uriList)
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, c.Close)()
	d := &drag{client: c, to: xproto.Window(window), list: strings.Join(uris, "\r\n") + "\r\n"}
	if err := d.begin(at); err != nil {
		return err
	}
	for {
		ev, failed := c.WaitForEvent()
		switch {
		case ev == nil && failed == nil:
			return fmt.Errorf("drag: the connection is closed: %w", ctx.Err())
		case failed != nil:
			return fmt.Errorf("drag: %w", failed)
		}
		if done, err := d.hear(ev); done || err != nil {
			return err
		}
	}
}

// drag is the source's half of one drag.
type drag struct {
	*client
	from, to xproto.Window
	list     string
}

// begin enters the window and asks whether it would take a drop at a point.
func (d *drag) begin(at image.Point) error {
	r, err := xproto.GetProperty(d.Conn, false, d.to, d.atoms["XdndAware"], xproto.AtomAtom, 0, 1).Reply()
	if err != nil {
		return fmt.Errorf("look at the window: %w", err)
	}
	if len(r.Value) < 4 || xgb.Get32(r.Value) < version {
		return fmt.Errorf("%w: it knows no XDND %d", ErrRefused, version)
	}
	if d.from, err = d.window(); err != nil {
		return err
	}
	err = xproto.SetSelectionOwnerChecked(d.Conn, d.from, d.atoms["XdndSelection"], xproto.TimeCurrentTime).Check()
	if err != nil {
		return fmt.Errorf("own the drag: %w", err)
	}
	if err := d.tell(d.to, "XdndEnter", uint32(d.from), version<<24, uint32(d.atoms[uriList])); err != nil {
		return err
	}
	return d.tell(d.to, "XdndPosition", uint32(d.from), 0, uint32(at.X)<<16|uint32(at.Y),
		xproto.TimeCurrentTime, uint32(d.atoms["XdndActionCopy"]))
}

// hear goes on with the drag, and reports whether it is over.
func (d *drag) hear(ev xgb.Event) (bool, error) {
	switch e := ev.(type) {
	case xproto.SelectionRequestEvent:
		return false, d.answer(e, []xproto.Atom{d.atoms[uriList]}, d.list)
	case xproto.ClientMessageEvent:
		flags := e.Data.Data32[1]
		switch e.Type {
		case d.atoms["XdndStatus"]:
			if flags&1 == 0 {
				return true, errors.Join(ErrRefused, d.tell(d.to, "XdndLeave", uint32(d.from)))
			}
			return false, d.tell(d.to, "XdndDrop", uint32(d.from), 0, xproto.TimeCurrentTime)
		case d.atoms["XdndFinished"]:
			if flags == 0 { // GLFW tells the length of what it took instead of a bit
				return true, ErrRefused
			}
			return true, nil
		}
	}
	return false, nil
}
