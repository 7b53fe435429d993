package ui

import (
	"errors"
	"path/filepath"

	"fyne.io/fyne/v2/container"
)

// files asks where new torrents go, and what happens to their files.
func (p *settingsPage) files() {
	v := p.v
	p.heading("New torrents")
	p.folder("Save in", &v.Dir, "")
	p.folder("Until complete in", &v.Incomplete, "the same folder")
	p.body.Add(p.tick("Ask before adding", v.AskOnAdd, func(on bool) { v.AskOnAdd = on }))
	p.body.Add(p.tick("Do not start them", v.AddPaused, func(on bool) { v.AddPaused = on }))
	p.body.Add(p.tick("Files that are not complete end in .part", v.PartSuffix, func(on bool) { v.PartSuffix = on }))
	p.body.Add(p.tick("Files take all their room on the disk at once", v.Preallocate, func(on bool) { v.Preallocate = on }))
}

// folder asks for a folder; empty is what an empty field means, "" if it must be named.
func (p *settingsPage) folder(label string, path *string, empty string) *field {
	x := p.ask(label, *path, empty, func(text string) error {
		if *path = expandHome(text); !filepath.IsAbs(*path) && (*path != "" || empty == "") {
			return errors.New("name a folder by its whole path")
		}
		return nil
	})
	browse := p.press("Browse…", func() { p.w.pickFolder(*path, x) })
	if p.w.cfg.Desktop == nil {
		browse.Disable()
	}
	p.row(label, container.NewBorder(nil, nil, nil, browse, x))
	return x
}
