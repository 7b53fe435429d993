package view

import (
	"strings"

	"piecewise/engine"
)

// Way is the status bar's part about the way out of this machine. Its text is "" while
// every way is open.
func Way(w engine.Way) Held {
	var text, hint []string
	if w.Bound != "" {
		text = append(text, "bound to "+w.Bound)
		hint = append(hint, "Everything goes over "+w.Bound+", and nothing while it is gone.")
	}
	if w.Proxy != "" {
		text = append(text, "through a proxy")
		hint = append(hint, "The proxy is "+w.Proxy+".")
	}
	if w.Anonymous {
		text = append(text, "anonymous")
		hint = append(hint, "Nobody is told which program this is.")
	}
	switch {
	case w.Closed != "":
		text = []string{w.Closed}
	case w.Failed != "":
		text = []string{"the proxy fails"}
		hint = append(hint, "It failed when it was last used: "+w.Failed+". Nothing goes past it.")
	}
	return Held{strings.Join(text, ", "), strings.Join(hint, " ")}
}
