package ui

import (
	"errors"
	"fmt"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"piecewise/engine"
	"piecewise/ui/format"
)

// settingsSheet asks for the settings. What was changed but not saved is kept for
// the next time it is opened.
type settingsSheet struct {
	*form
	w     *Window
	v     engine.Settings // as chosen so far
	times *timesEditor
	dir   *field
}

var encryptions = []struct {
	words  string
	policy engine.EncryptionPolicy
}{
	{"if the peer wants it", engine.EncryptionAllow},
	{"whenever the peer can", engine.EncryptionPrefer},
	{"always: others are not connected", engine.EncryptionRequire},
	{"never", engine.EncryptionOff},
}

var (
	automaticSlots = map[string]int{"": engine.Automatic, "automatic": engine.Automatic}
	unlimited      = map[string]int{"": engine.Unlimited, "unlimited": engine.Unlimited}
)

// askSettings shows the settings, with the changes that were not saved if there
// are any.
func (w *Window) askSettings() {
	s := w.draft
	w.draft = nil
	unsaved := s != nil
	if !unsaved {
		s = newSettingsSheet(w)
	}
	sh := &sheet{title: "Settings", content: s.content(), size: fyne.NewSize(660, 680), focus: s.asked[0].field}
	sh.choices = []choice{{label: "Save", stay: s.bad, run: s.save}, {label: "Cancel", run: s.leave}}
	s.accept = func() { w.sheets.choose(sh, sh.choices[0]) }
	if unsaved {
		sh.title = "Settings: your changes are not saved yet"
		sh.more = newButton("Start over", func() {
			s.touched = false
			w.sheets.choose(sh, sh.choices[1])
			w.askSettings()
		}, w.sheets.typedKey)
	}
	w.sheets.show(sh)
}

func newSettingsSheet(w *Window) *settingsSheet {
	s := &settingsSheet{form: newForm(&w.sheets), w: w, v: w.snapshot.Settings}
	s.speed()
	s.peers()
	s.saving()
	return s
}

func (s *settingsSheet) speed() {
	v := &s.v
	limit := func(label string, rate *int64) *field {
		return s.ask(label, format.Limit(*rate), "no limit", limitInto(rate))
	}
	s.heading("Speed", "Download", "Upload")
	s.row("Limits", limit("Download limit", &v.Limits.Down), limit("Upload limit", &v.Limits.Up))
	s.row("Alternative limits", limit("Alternative download limit", &v.TurtleLimits.Down), limit("Alternative upload limit", &v.TurtleLimits.Up))
	s.note("Write a rate such as 500 kB or 2 MiB, nothing at all for no limit. " +
		"The alternative limits hold while you turn them on (Ctrl+T, or a click on the limits in the status bar), and at these times:")
	s.times = newTimesEditor(s.form, v.Timetable)
	s.body.Add(s.times.content)
	s.body.Add(s.tick("No limits for peers in the local network", v.ExemptLocal, func(on bool) { v.ExemptLocal = on }))
}

func (s *settingsSheet) peers() {
	v := &s.v
	number := func(label string, n *int, least int, words map[string]int, empty string) *field {
		return s.ask(label, numberText(*n), empty, numberInto(n, least, words))
	}
	s.heading("Peers", "Each torrent", "All together")
	s.row("Upload slots", number("Upload slots of each torrent", &v.Slots, 0, automaticSlots, "automatic"),
		number("Upload slots of all torrents", &v.MaxSlots, 0, unlimited, "unlimited"))
	s.row("Connections", number("Connections of each torrent", &v.TorrentConnections, 1, unlimited, "unlimited"),
		number("Connections of all torrents", &v.Connections, 1, unlimited, "unlimited"))
	s.note("Upload slots are how many peers may ask us for blocks at the same time; 0 gives nothing to anybody.")
	fastest := 0
	if v.SeedFastest {
		fastest = 1
	}
	s.row("A seed gives its slots to", s.choose([]string{"everybody in turn", "those who take the most"}, fastest,
		func(i int) { v.SeedFastest = i == 1 }))
	words, at := make([]string, len(encryptions)), 0
	for i, e := range encryptions {
		words[i] = e.words
		if e.policy == v.Encryption {
			at = i
		}
	}
	s.row("Encrypt connections", s.choose(words, at, func(i int) { v.Encryption = encryptions[i].policy }))
}

func (s *settingsSheet) saving() {
	v := &s.v
	s.heading("New torrents")
	s.dir = s.folder("Save in", &v.Dir, "")
	s.folder("Until complete in", &v.Incomplete, "the same folder")
	s.body.Add(s.tick("Ask before adding", v.AskOnAdd, func(on bool) { v.AskOnAdd = on }))
	s.body.Add(s.tick("Do not start them", v.AddPaused, func(on bool) { v.AddPaused = on }))
	s.body.Add(s.tick("Files that are not complete end in .part", v.PartSuffix, func(on bool) { v.PartSuffix = on }))
	s.body.Add(s.tick("Files take all their room on the disk at once", v.Preallocate, func(on bool) { v.Preallocate = on }))
}

// folder asks for a folder; empty is what an empty field means, "" if it must be named.
func (s *settingsSheet) folder(label string, path *string, empty string) *field {
	x := s.ask(label, *path, empty, func(text string) error {
		if *path = expandHome(text); !filepath.IsAbs(*path) && (*path != "" || empty == "") {
			return errors.New("name a folder by its whole path")
		}
		return nil
	})
	browse := s.press("Browse…", func() { s.w.pickFolder(*path, x) })
	if s.w.cfg.Desktop == nil {
		browse.Disable()
	}
	s.row(label, container.NewBorder(nil, nil, nil, browse, x))
	return x
}

// numberText is a number as it is typed; "" for that of an empty field.
func numberText(n int) string {
	if n < 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (s *settingsSheet) save() {
	s.check()
	s.v.Timetable = s.times.timetable()
	s.w.saveSettings(s.v)
}

// leave keeps what was changed.
func (s *settingsSheet) leave() {
	if s.touched {
		s.w.draft = s
		s.w.say("The changes were not saved. They are still there when you open the settings again")
	}
}
