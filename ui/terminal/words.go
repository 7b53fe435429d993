package terminal

import (
	"strings"
	"unicode"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"

	"golang.org/x/text/width"
)

// title returns a torrent's name, or its info hash while it has none.
func title(t *engine.Torrent) string {
	if t.Name == "" {
		return t.ID.String()
	}
	return format.Name(t.Name)
}

// status returns what a torrent is doing, in words.
func status(t *engine.Torrent) string {
	switch t.State {
	case engine.Faulted:
		return format.Text(t.Err)
	case engine.Starting:
		return "starting"
	case engine.Metadata:
		if f := t.Fetch; f != nil && (f.Of > 0 || f.Problem != engine.NoProblem) {
			return view.Fetching(t)
		}
		return "waiting for a peer to send the list of files, " + format.Plural(t.Peers, "peer", "peers")
	case engine.Checking:
		if t.Known() {
			return checking(t)
		}
	}
	parts := []string{
		format.Percent(t.Have, t.Wanted) + " of " + format.Size(t.Wanted),
		"↓ " + format.Rate(t.Down), "↑ " + format.Rate(t.Up), format.Plural(t.Peers, "peer", "peers"),
	}
	if !t.Done() && t.ETA >= 0 {
		parts = append(parts, format.Duration(t.ETA)+" left")
	}
	return strings.Join(parts, "  ")
}

func checking(t *engine.Torrent) string {
	if t.CheckWaits {
		return "waiting to be checked, after another torrent on the same disk"
	}
	text := "checking what is there: " + format.Percent(int64(t.Checked), int64(t.Pieces.Len()))
	if t.CheckRate > 0 {
		text += "  " + format.Rate(t.CheckRate)
	}
	if t.CheckRate > 0 && t.ETA >= 0 {
		text += "  " + format.Duration(t.ETA) + " left"
	}
	return text
}

// wayOut says why nothing, or not all, can leave this machine; "" if all can.
func wayOut(w engine.Way) string {
	switch {
	case w.Closed != "":
		return format.Text(w.Closed)
	case w.Failed != "":
		return "The proxy fails (" + format.Text(w.Proxy) + "), and nothing goes past it: " + format.Text(w.Failed)
	}
	return ""
}

// clip cuts s where it would be wider than so many columns of a terminal.
func clip(s string, columns int) string {
	used := 0
	for i, r := range s {
		cell := 1
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			cell = 2
		}
		if unicode.In(r, unicode.Mn, unicode.Me) {
			cell = 0
		}
		if used += cell; used > columns {
			return s[:i]
		}
	}
	return s
}

// verified reports whether all that is wanted is there, and not only was there when it
// was recorded.
func verified(t *engine.Torrent) bool { return t.Done() && !t.Unseen }
