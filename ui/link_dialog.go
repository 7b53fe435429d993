package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// paste opens what is on the clipboard, one link a line.
func (w *Window) paste() {
	links := linksIn(w.cfg.App.Clipboard().Content())
	if len(links) == 0 {
		w.say("There is no magnet link, info hash or link on the clipboard")
		return
	}
	w.say("Opening " + shortName(links[0]))
	w.Open(links)
}

// askLink asks for links, and offers what is on the clipboard if it is one.
func (w *Window) askLink() {
	link := newField(w.sheets.typedKey)
	link.SetPlaceHolder("magnet:?xt=…, an info hash, or https://….torrent")
	if found := linksIn(w.cfg.App.Clipboard().Content()); len(found) == 1 {
		link.SetText(found[0])
	}
	sh := &sheet{
		title:   "Add a link",
		content: container.NewVBox(widget.NewLabel("Magnet link, info hash, or address of a .torrent:"), link),
		size:    fyne.NewSize(560, 120),
		focus:   link,
	}
	sh.choices = []choice{
		{label: "Add", run: func() {
			if text := strings.TrimSpace(link.Text); text != "" {
				w.say("Opening " + shortName(text))
				w.Open([]string{text})
			}
		}},
		{label: "Cancel"},
	}
	link.OnSubmitted = func(string) { w.sheets.choose(sh, sh.choices[0]) }
	w.sheets.show(sh)
}

// linksIn returns the lines of text that look like something to add.
func linksIn(text string) []string {
	const most = 100 // links at once; more is a mistake
	var links []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); isLink(line) && len(links) < most {
			links = append(links, line)
		}
	}
	return links
}

func isLink(s string) bool {
	lower := strings.ToLower(s)
	for _, prefix := range []string{"magnet:?", "http://", "https://", "file://"} {
		if strings.HasPrefix(lower, prefix) && len(s) > len(prefix) {
			return true
		}
	}
	return len(s) == 40 && strings.Trim(lower, "0123456789abcdef") == "" ||
		len(s) == 32 && strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
