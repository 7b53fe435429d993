package xclient

import (
	"fmt"

	"github.com/jezek/xgb/xproto"
)

// Clipboard is a text that can be pasted.
type Clipboard struct {
	c    *client
	done chan struct{} // closed when the goroutine has ended
}

// Own puts a text on the clipboard, where it stays until Close or until another
// program has something to paste.
func Own(display, text string) (*Clipboard, error) {
	c, err := dial(display, "CLIPBOARD", "TARGETS", "UTF8_STRING")
	if err != nil {
		return nil, err
	}
	w, err := c.window()
	if err == nil {
		err = xproto.SetSelectionOwnerChecked(c.Conn, w, c.atoms["CLIPBOARD"], xproto.TimeCurrentTime).Check()
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("own the clipboard: %w", err)
	}
	b := &Clipboard{c: c, done: make(chan struct{})}
	go b.serve(text)
	return b, nil
}

func (b *Clipboard) serve(text string) {
	defer close(b.done)
	types := []xproto.Atom{b.c.atoms["UTF8_STRING"], xproto.AtomString}
	for {
		ev, err := b.c.WaitForEvent()
		if ev == nil && err == nil {
			return // closed
		}
		if e, ok := ev.(xproto.SelectionRequestEvent); ok {
			_ = b.c.answer(e, types, text) // who asked may be gone already
		}
	}
}

// Close takes the text off the clipboard.
func (b *Clipboard) Close() {
	b.c.Close()
	<-b.done
}
