package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
)

// settingsPages are the pages of the settings in the order of the list. Each is a
// method in a file of its own, named as the page is.
var settingsPages = []struct {
	name string
	fill func(*settingsPage)
}{
	{"Speed", (*settingsPage).speed},
	{"Peers", (*settingsPage).peers},
	{"Files", (*settingsPage).files},
	{"Network", (*settingsPage).network},
	{"Finding peers", (*settingsPage).discovery},
	{"Trackers", (*settingsPage).trackers},
	{"Filter", (*settingsPage).filter},
	{"Sharing", (*settingsPage).sharing},
	{"Privacy", (*settingsPage).privacy},
}

// settingsSheet asks for the settings, one page at a time. What was changed but not
// saved is kept for the next time it is opened.
type settingsSheet struct {
	w     *Window
	v     engine.Settings // as chosen so far
	pages []*settingsPage
	list  *pageList
	fault *widget.Label // what cannot be read, on whatever page
}

// settingsPage is one page. What it asks is read into v; fill may also set what
// follows.
type settingsPage struct {
	*form
	w      *Window
	v      *engine.Settings
	name   string
	gather func()       // puts into v what is not put there by reading; may be nil
	update func()       // shows what a new snapshot has; may be nil
	times  *timesEditor // nil on pages that have none
}

// askSettings shows the settings, with the changes that were not saved if there
// are any.
func (w *Window) askSettings() { w.askSettingsOf(settingsPages[0].name) }

// askSettingsOf does so at a page. Changes that were not saved are shown where they
// were left.
func (w *Window) askSettingsOf(page string) {
	s := w.draft
	w.draft = nil
	unsaved := s != nil
	if !unsaved {
		s = newSettingsSheet(w)
		s.open(page)
	}
	sh := &sheet{title: "Settings", content: s.content(), size: fyne.NewSize(830, 590), focus: s.shown().first}
	sh.choices = []choice{{label: "Save", stay: s.bad, run: s.save}, {label: "Cancel", run: s.leave}}
	for _, p := range s.pages {
		p.accept = func() { w.sheets.choose(sh, sh.choices[0]) }
	}
	if unsaved {
		sh.title = "Settings: your changes are not saved yet"
		sh.more = newButton("Start over", func() {
			s.untouched()
			w.sheets.choose(sh, sh.choices[1])
			w.askSettingsOf(s.shown().name)
		}, w.sheets.typedKey)
	}
	w.settings = s
	s.update()
	w.sheets.show(sh)
}

func newSettingsSheet(w *Window) *settingsSheet {
	s := &settingsSheet{w: w, v: w.snapshot.Settings, fault: wrapped("")}
	s.fault.Importance = widget.DangerImportance
	names := make([]string, len(settingsPages))
	for i, x := range settingsPages {
		p := &settingsPage{form: newForm(&w.sheets), w: w, v: &s.v, name: x.name}
		p.tell = s.check
		x.fill(p)
		s.pages = append(s.pages, p)
		names[i] = x.name
	}
	s.list = newPageList(names, s.show, w.sheets.typedKey)
	s.show(0)
	return s
}

// content is the list, the page beside it, and what cannot be read below.
func (s *settingsSheet) content() fyne.CanvasObject {
	all := container.NewStack()
	for _, p := range s.pages {
		all.Add(p.scroll)
	}
	left := container.NewBorder(nil, nil, nil, widget.NewSeparator(), s.list)
	beside := container.New(layout.NewCustomPaddedLayout(0, 0, 10, 0), all)
	return container.New(layout.NewBorderLayout(nil, s.fault, left, nil), left, beside, s.fault) // Tab goes in this order
}

// shown returns the page that is shown.
func (s *settingsSheet) shown() *settingsPage { return s.pages[s.list.at] }

// open shows the page of a name.
func (s *settingsSheet) open(name string) {
	for i, p := range s.pages {
		if p.name == name {
			s.list.choose(i)
		}
	}
}

// show shows a page and hides the others.
func (s *settingsSheet) show(page int) {
	for i, p := range s.pages {
		if i == page {
			p.scroll.Show()
		} else {
			p.scroll.Hide()
		}
	}
	s.check()
}

// check reads all pages, marks those on which something cannot be read, and says
// what it is: of the page that is shown, else of the first.
func (s *settingsSheet) check() { s.read() }

func (s *settingsSheet) read() (page int, bad *field) {
	text := ""
	marked := make([]bool, len(s.pages))
	for i, p := range s.pages {
		x, why := p.read()
		if marked[i] = x != nil; x == nil {
			continue
		}
		switch here := i == s.list.at; {
		case here:
			page, bad, text = i, x, why
		case bad == nil:
			page, bad, text = i, x, p.name+", "+why
		}
	}
	s.list.mark(marked)
	setText(s.fault, text)
	return page, bad
}

// bad reports whether something cannot be read, and goes there.
func (s *settingsSheet) bad() bool {
	page, bad := s.read()
	if bad == nil {
		return false
	}
	s.list.choose(page)
	s.w.sheets.canvas.Focus(bad)
	return true
}

// update shows what a new snapshot has.
func (s *settingsSheet) update() {
	for _, p := range s.pages {
		if p.update != nil {
			p.update()
		}
	}
}

// settings returns what all pages say.
func (s *settingsSheet) settings() engine.Settings {
	s.read()
	for _, p := range s.pages {
		if p.gather != nil {
			p.gather()
		}
	}
	return s.v
}

func (s *settingsSheet) save() {
	s.w.settings = nil
	s.w.saveSettings(s.settings())
}

// leave keeps what was changed.
func (s *settingsSheet) leave() {
	s.w.settings = nil
	if s.touched() {
		s.w.draft = s
		s.w.say("The changes were not saved. They are still there when you open the settings again")
	}
}

func (s *settingsSheet) touched() bool {
	for _, p := range s.pages {
		if p.touched {
			return true
		}
	}
	return false
}

func (s *settingsSheet) untouched() {
	for _, p := range s.pages {
		p.touched = false
	}
}
