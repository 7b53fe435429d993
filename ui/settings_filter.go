package ui

import (
	"errors"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/ui/view"
)

// filter asks which addresses are refused, and leads to the bans.
func (p *settingsPage) filter() {
	v := p.v
	p.heading("Filter of addresses")
	p.body.Add(p.tick("Refuse these addresses", v.IPFilter, func(on bool) { v.IPFilter = on }))
	file := p.ask("List", v.FilterFile, "no file", func(text string) error {
		if v.FilterFile = expandHome(text); v.FilterFile != "" && !filepath.IsAbs(v.FilterFile) {
			return errors.New("name a file by its whole path")
		}
		return nil
	})
	browse := p.press("Browse…", func() { p.w.pickList(file) })
	if p.w.cfg.Desktop == nil {
		browse.Disable()
	}
	p.row("List", container.NewBorder(nil, nil, nil, browse, file))
	typed := p.ask("Addresses", v.FilterRanges, "one a line: 10.0.0.1, 10.0.0.0/8, 10.0.0.1-10.0.0.99", func(text string) error {
		v.FilterRanges = text
		return nil
	})
	typed.MultiLine = true
	typed.SetMinRowsVisible(4)
	p.row("And these", typed)
	p.note("The list may be eMule's ipfilter.dat, PeerGuardian's .p2p or .p2b, or lines as above, also packed with gzip. It is read again when it changes. " +
		"Peers from these addresses can neither connect nor are they connected to, wherever they come from.")
	state := widget.NewLabel("")
	state.Wrapping = fyne.TextWrapWord
	p.body.Add(state)
	again := p.press("Read it again", func() { p.w.command("Reading the list", p.w.cfg.Engine.ReloadFilter) })
	p.body.Add(container.NewHBox(again))
	p.update = func() {
		f := p.w.snapshot.Filter
		setText(state, view.Filter(f))
		if f.On && !f.Loading {
			again.Enable()
		} else {
			again.Disable()
		}
	}
}

// pickList has the user choose a file into a field.
func (w *Window) pickList(into *field) {
	w.desktop.PickFile(w.ctx, "", func(path string, err error) {
		switch {
		case err != nil:
			w.say("Cannot choose a file: " + sentenceOf(err))
		case path != "":
			into.SetText(path)
		}
	})
}
