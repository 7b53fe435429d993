package ui

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"piecewise/engine"
	"piecewise/ui/format"
)

// say puts a sentence in the status bar, where it stays until the next.
func (w *Window) say(sentence string) { w.status.say(sentence) }

// tell puts an event in the status bar.
func (w *Window) tell(e engine.Event) {
	name := format.Name(e.Name)
	switch e.Kind {
	case engine.Finished:
		w.say(name + " is complete")
	case engine.GotMetadata:
		w.say("The details of " + name + " have arrived")
	case engine.Fault:
		if e.Name != "" { // else it is about many
			name += ": "
		}
		w.say(name + format.Text(e.Text))
	case engine.Notice:
		w.say(format.Text(e.Text))
	}
}

// sentenceOf returns an error as a sentence for the user.
func sentenceOf(err error) string {
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return "The torrent is no longer there."
	case errors.Is(err, engine.ErrStopped):
		return "The program is ending."
	}
	text := format.Text(err.Error())
	first, size := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(first)) + text[size:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
