package ui

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// hint says what an action does and by which key.
func (a *action) hint() string {
	if keys := a.keys(); keys != "" {
		return strings.TrimSuffix(a.label, "…") + "  (" + keys + ")"
	}
	return strings.TrimSuffix(a.label, "…")
}

// keys names the keys of an action; "" if it has none.
func (a *action) keys() string {
	switch s := a.shortcut.(type) {
	case nil:
		return string(a.key)
	case *desktop.CustomShortcut:
		return "Ctrl+" + string(s.KeyName)
	case fyne.KeyboardShortcut:
		return "Ctrl+" + string(s.Key())
	}
	return ""
}

// otherKeys are those of the list, which are no actions.
var otherKeys = [][2]string{
	{"↑ ↓ Home End PgUp PgDn", "Move in a list"},
	{"Shift, Ctrl + click", "Select several"},
	{"Menu, Shift+F10", "What can be done with a row"},
	{"Tab", "Go to the next part"},
	{"Enter", "Accept a dialog"},
	{"Esc", "Leave a dialog, clear the search"},
}

func (w *Window) showKeys() {
	grid := container.NewGridWithColumns(2)
	add := func(keys, label string) {
		grid.Add(widget.NewLabelWithStyle(keys, fyne.TextAlignTrailing, fyne.TextStyle{Monospace: true}))
		grid.Add(widget.NewLabel(label))
	}
	for _, x := range w.actions.all {
		if keys := x.keys(); keys != "" {
			add(keys, strings.TrimSuffix(x.label, "…"))
		}
	}
	for _, k := range otherKeys {
		add(k[0], k[1])
	}
	w.sheets.show(&sheet{title: "Keys", content: container.NewVScroll(grid), size: fyne.NewSize(440, 680), choices: []choice{{label: "Close"}}})
}

func (w *Window) showAbout() {
	text := w.cfg.ProgramName
	if w.cfg.Version != "" {
		text += " " + w.cfg.Version
	}
	w.explain("About "+w.cfg.ProgramName, text+"\n\nA BitTorrent client that shows what it does: every piece, where it comes from and where it goes.\n\nFree software under the MIT licence.")
}
