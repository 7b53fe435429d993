// Package xclient is what surrounds a window on an X screen: it looks at the
// screen, drags files onto a window, owns the clipboard and asks a window to
// close, as file managers, other programs and window managers do.
//
// Goroutines: Own starts one, which Clipboard.Close ends and awaits.
package xclient

import (
	"fmt"
	"image"
	"io"
	"log"
	"slices"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

func init() { xgb.Logger = log.New(io.Discard, "", 0) } // that there is no Xauthority is as it should be

// client is a connection to an X server, and the atoms it has asked for.
type client struct {
	*xgb.Conn
	root  xproto.Window
	atoms map[string]xproto.Atom
}

func dial(display string, names ...string) (*client, error) {
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return nil, fmt.Errorf("connect to display %s: %w", display, err)
	}
	c := &client{Conn: conn, root: xproto.Setup(conn).DefaultScreen(conn).Root, atoms: map[string]xproto.Atom{}}
	for _, name := range names {
		r, err := xproto.InternAtom(conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			conn.Close()
			return nil, fmt.Errorf("intern atom %s: %w", name, err)
		}
		c.atoms[name] = r.Atom
	}
	return c, nil
}

// window makes a window that is never shown, to own things.
func (c *client) window() (xproto.Window, error) {
	w, err := xproto.NewWindowId(c.Conn)
	if err != nil {
		return 0, fmt.Errorf("make window: %w", err)
	}
	err = xproto.CreateWindowChecked(c.Conn, 0, w, c.root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0, 0, nil).Check()
	if err != nil {
		return 0, fmt.Errorf("make window: %w", err)
	}
	return w, nil
}

// tell sends a client message to a window.
func (c *client) tell(to xproto.Window, message string, data ...uint32) error {
	var five [5]uint32
	copy(five[:], data)
	ev := xproto.ClientMessageEvent{
		Format: 32, Window: to, Type: c.atoms[message], Data: xproto.ClientMessageDataUnionData32New(five[:]),
	}
	if err := xproto.SendEventChecked(c.Conn, false, to, xproto.EventMaskNoEvent, string(ev.Bytes())).Check(); err != nil {
		return fmt.Errorf("send %s: %w", message, err)
	}
	return nil
}

// answer gives a selection to who asks for it: its types, or its only content.
func (c *client) answer(e xproto.SelectionRequestEvent, types []xproto.Atom, content string) error {
	n := xproto.SelectionNotifyEvent{
		Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: e.Property,
	}
	put := func(kind xproto.Atom, format byte, length int, b []byte) error {
		return xproto.ChangePropertyChecked(c.Conn, xproto.PropModeReplace, e.Requestor, e.Property, kind, format, uint32(length), b).Check()
	}
	var err error
	switch {
	case e.Target == c.atoms["TARGETS"]:
		b := make([]byte, 4*len(types))
		for i, t := range types {
			xgb.Put32(b[4*i:], uint32(t))
		}
		err = put(xproto.AtomAtom, 32, len(types), b)
	case content != "" && slices.Contains(types, e.Target):
		err = put(e.Target, 8, len(content), []byte(content))
	default:
		n.Property = xproto.AtomNone
	}
	if err != nil {
		return fmt.Errorf("answer for a selection: %w", err)
	}
	err = xproto.SendEventChecked(c.Conn, false, e.Requestor, xproto.EventMaskNoEvent, string(n.Bytes())).Check()
	if err != nil {
		return fmt.Errorf("answer for a selection: %w", err)
	}
	return nil
}

// Delete asks a window to close, as the cross in its title bar does.
func Delete(display string, window uint32) error {
	c, err := dial(display, "WM_PROTOCOLS", "WM_DELETE_WINDOW")
	if err != nil {
		return err
	}
	defer c.Close()
	return c.tell(xproto.Window(window), "WM_PROTOCOLS", uint32(c.atoms["WM_DELETE_WINDOW"]))
}

// Picture returns what is on the screen.
func Picture(display string) (*image.RGBA, error) {
	c, err := dial(display)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	s := xproto.Setup(c.Conn).DefaultScreen(c.Conn)
	w, h := s.WidthInPixels, s.HeightInPixels
	r, err := xproto.GetImage(c.Conn, xproto.ImageFormatZPixmap, xproto.Drawable(c.root), 0, 0, w, h, 1<<32-1).Reply()
	if err != nil {
		return nil, fmt.Errorf("read the screen: %w", err)
	}
	img := image.NewRGBA(image.Rect(0, 0, int(w), int(h)))
	if len(r.Data) != len(img.Pix) {
		return nil, fmt.Errorf("read the screen: %d bytes are not 32 bits a pixel", len(r.Data))
	}
	for i := 0; i < len(r.Data); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = r.Data[i+2], r.Data[i+1], r.Data[i], 0xff
	}
	return img, nil
}
