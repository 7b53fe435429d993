package ui

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
)

// settingsOf opens the settings of a window and returns what it asks.
func settingsOf(t *testing.T, w *Window) *settingsSheet {
	t.Helper()
	s := newSettingsSheet(w)
	w.draft = s
	w.askSettings()
	return s
}

// page returns the page of a name, and shows it.
func (s *settingsSheet) page(t *testing.T, name string) *settingsPage {
	t.Helper()
	s.open(name)
	if s.shown().name != name {
		t.Fatalf("there is no page %q", name)
	}
	return s.shown()
}

// answer types over what a field has.
func (f *form) answer(t *testing.T, label, text string) *field {
	t.Helper()
	for _, q := range f.asked {
		if q.label == label {
			f.canvas.Focus(q.field)
			test.Type(q.field, text)
			if text == "" {
				q.field.SetText("")
			}
			return q.field
		}
	}
	t.Fatalf("nothing is asked that is called %q", label)
	return nil
}

func TestSettingsByKeyboard(t *testing.T) {
	s := newStage(t)
	s.actions.perform(s.actions.find("settings"))
	if s.win.Canvas().Focused() == nil {
		t.Fatal("nothing has the keyboard")
	}
	test.Type(s.win.Canvas().Focused(), "2 MiB")
	for range 3 {
		s.win.Canvas().FocusNext()
	}
	test.Type(s.win.Canvas().Focused(), "unlimited")
	s.press(fyne.KeyReturn)
	want := engine.DefaultSettings()
	want.Limits.Down, want.TurtleLimits.Up = 2<<20, engine.Unlimited
	s.until("the settings to hold", func() bool {
		got := s.snapshot.Settings
		want.Dir, want.Port, want.PortMapping = got.Dir, got.Port, got.PortMapping
		want.DHT, want.PEX, want.LSD = got.DHT, got.PEX, got.LSD // the stage has none
		return got.Equal(want) && s.snapshot.Limits == want.Limits
	})
	s.until("the status bar to show them", func() bool { return s.status.parts[2].Text == "limits ↓2 MiB/s" })
}

func TestSettingsRefuse(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	tests := []struct{ page, label, text, want string }{
		{"Speed", "Download limit", "500", "Download limit: “500” of what? Write a unit, such as 500 kB or 500 MB"},
		{"Speed", "Alternative upload limit", "fast", "“fast” is not a rate"},
		{"Peers", "Connections of all torrents", "0", "0 is not between 1 and"},
		{"Peers", "Upload slots of each torrent", "some", "“some” is not a whole number"},
		{"Finding peers", "First nodes", "a:1, b", "First nodes: “b” is not a host and its port"},
		{"Files", "Save in", "downloads", "name a folder by its whole path"},
	}
	for _, tt := range tests {
		s := settingsOf(t, w)
		x := s.page(t, tt.page).answer(t, tt.label, tt.text)
		w.win.Canvas().Unfocus()
		key(w, fyne.KeyReturn)
		if !w.sheets.open() || !strings.Contains(s.fault.Text, tt.want) || w.win.Canvas().Focused() != x {
			t.Errorf("%s %q: open %t, %q", tt.label, tt.text, w.sheets.open(), s.fault.Text)
		}
		s.untouched()
		key(w, fyne.KeyEscape)
	}
}

// Esc leaves, changes nothing, and keeps what was typed for the next time.
func TestSettingsKeepWhatWasTyped(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.askSettings()
	key(w, fyne.KeyEscape)
	if w.draft != nil {
		t.Error("something is kept though nothing was changed")
	}
	s := settingsOf(t, w)
	s.page(t, "Speed").answer(t, "Upload limit", "12 parsecs")
	s.page(t, "Files")
	key(w, fyne.KeyEscape)
	if w.sheets.open() || w.draft == nil || !strings.Contains(w.status.left.Text, "not saved") {
		t.Fatalf("the changes are not kept: %q", w.status.left.Text)
	}
	w.askSettings()
	if s.shown().name != "Files" {
		t.Errorf("the settings come back with the page %q", s.shown().name)
	}
	if got := s.page(t, "Speed").asked[1].field.Text; got != "12 parsecs" || !strings.Contains(w.sheets.current.title, "not saved") {
		t.Errorf("the settings come back with %q", got)
	}
	w.sheets.current.more.(*button).OnTapped() // start over
	if !w.sheets.open() || w.draft != nil || w.settings == s || strings.Contains(w.sheets.current.title, "not saved") {
		t.Error("the settings do not start over")
	}
}

// What cannot be read on a page that is not shown is told, and Enter leads there.
func TestSettingsLeadToTheFault(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	s := settingsOf(t, w)
	x := s.page(t, "Peers").answer(t, "Connections of all torrents", "0")
	s.page(t, "Files")
	if want := "Peers, Connections of all torrents: 0 is not between"; !strings.HasPrefix(s.fault.Text, want) || !s.list.marked[1] || s.list.marked[2] {
		t.Errorf("it says %q, marked are %v", s.fault.Text, s.list.marked)
	}
	key(w, fyne.KeyReturn)
	if !w.sheets.open() || s.shown().name != "Peers" || w.win.Canvas().Focused() != x || !s.pages[1].scroll.Visible() || s.pages[2].scroll.Visible() {
		t.Errorf("open %t, at %q", w.sheets.open(), s.shown().name)
	}
	x.SetText("5")
	if s.fault.Text != "" || s.list.marked[1] {
		t.Errorf("it still says %q", s.fault.Text)
	}
}

// The arrows go through the pages, Tab from the list into the page that is shown.
func TestPagesByKeyboard(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.askSettings()
	s, c := w.settings, w.win.Canvas()
	if c.Focused() != s.pages[0].asked[0].field {
		t.Errorf("at first %T has the keyboard", c.Focused())
	}
	c.FocusPrevious()
	for i := range settingsPages {
		want := min(i+1, len(settingsPages)-1) // the last one has none below
		key(w, fyne.KeyDown)
		if c.Focused() != s.list || s.list.at != want || !s.pages[want].scroll.Visible() {
			t.Errorf("%d: page %d, and %T has the keyboard", i, s.list.at, c.Focused())
		}
		c.FocusNext()
		if c.Focused() != s.pages[want].first {
			t.Errorf("Tab leads to %T", c.Focused())
		}
		c.FocusPrevious()
	}
	key(w, fyne.KeyHome)
	if s.list.at != 0 || s.pages[1].scroll.Visible() {
		t.Errorf("Home leads to page %d", s.list.at)
	}
	test.TapAt(s.list, fyne.NewPos(20, pageHeight()*1.5))
	if s.list.at != 1 || c.Focused() != s.list {
		t.Errorf("a click leads to page %d", s.list.at)
	}
	key(w, fyne.KeyReturn)
	if w.sheets.open() || w.settings != nil {
		t.Error("Enter in the list does not save")
	}
}

// What a sheet shows is what there is, and reading it back changes nothing.
func TestEverySettingIsShown(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	look := func(v engine.Settings) string {
		w.snapshot.Settings = v
		s := newSettingsSheet(w)
		if _, bad := s.read(); bad != nil {
			t.Errorf("%q cannot be read: %s", bad.Text, s.fault.Text)
		}
		if got := s.settings(); !got.Equal(v) {
			t.Errorf("%+v is read back as %+v", v, got)
		}
		looks := ""
		for _, p := range s.pages {
			looks += test.RenderObjectToMarkup(p.body)
		}
		return looks
	}
	usual := engine.DefaultSettings()
	usual.Dir = "/srv/torrents"
	other := engine.Settings{
		Dir: "/srv/other", Incomplete: "/srv/incomplete", Preallocate: true, Limits: engine.Limits{Down: 1_234_567, Up: 2 << 20}, TurtleLimits: engine.Limits{Down: 0, Up: 1_500_000},
		AddPaused: true, Timetable: engine.Timetable{{Days: 3, From: 22 * 60, To: 24 * 60}}, ExemptLocal: true, Slots: 4, MaxSlots: 0,
		SeedFastest: true, Connections: 55, TorrentConnections: engine.Unlimited, Encryption: engine.EncryptionOff,
		Port:     6881,
		Trackers: [][]string{{"http://127.0.0.1:1/announce", "udp://127.0.0.1:2"}, {"https://127.0.0.1:3/announce"}}, OneTier: true,
		TrackerOn: true, TrackerPort: 80, TrackerOpen: true,
		IPFilter: true, FilterFile: "/srv/list.p2p", FilterRanges: "10.0.0.0/8\n::1",
		DHTReadOnly: true, LowPorts: true,
		Privacy: engine.Privacy{Bind: "wg7", Anonymous: true, Proxy: engine.Proxy{
			Kind: engine.ProxyHTTP, Address: "proxy.example:3128", User: "me", Password: "secret", Peers: true, Trackers: true, WebSeeds: true, Listen: true,
		}},
	}
	look(other)
	before := look(usual)
	for i := range reflect.TypeFor[engine.Settings]().NumField() {
		v := usual
		reflect.ValueOf(&v).Elem().Field(i).Set(reflect.ValueOf(other).Field(i))
		if look(v) == before {
			t.Errorf("%s is not shown", reflect.TypeFor[engine.Settings]().Field(i).Name)
		}
	}
}

// So is every field of the privacy page.
func TestEveryPrivacySettingIsShown(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	look := func(v engine.Privacy) string {
		w.snapshot.Settings = engine.DefaultSettings()
		w.snapshot.Settings.Dir, w.snapshot.Settings.Privacy = "/srv/torrents", v
		s := newSettingsSheet(w)
		if got := s.settings().Privacy; got != v {
			t.Errorf("%+v is read back as %+v", v, got)
		}
		return test.RenderObjectToMarkup(s.page(t, "Privacy").body)
	}
	var usual engine.Privacy
	before := look(usual)
	vary := func(name string, v engine.Privacy) {
		if look(v) == before {
			t.Errorf("%s is not shown", name)
		}
	}
	vary("Bind", engine.Privacy{Bind: "wg7"})
	vary("Anonymous", engine.Privacy{Anonymous: true})
	other := engine.Proxy{
		Kind: engine.ProxySOCKS5, Address: "h:1", User: "me", Password: "secret", Peers: true, Trackers: true, WebSeeds: true, Listen: true,
	}
	for i := range reflect.TypeFor[engine.Proxy]().NumField() {
		var v engine.Privacy
		if name := reflect.TypeFor[engine.Proxy]().Field(i).Name; name != "Kind" { // which needs an address
			reflect.ValueOf(&v.Proxy).Elem().Field(i).Set(reflect.ValueOf(other).Field(i))
			vary(name, v)
		}
	}
	vary("Kind", engine.Privacy{Proxy: engine.Proxy{Kind: engine.ProxySOCKS5, Address: "h:1"}})
}

// A proxy that is chosen for the first time is for everything, and needs an address.
func TestProxyIsChosen(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	s := settingsOf(t, w)
	p := s.page(t, "Privacy")
	for _, o := range choicesIn(p.body) {
		if slices.Contains(o.Options, "SOCKS5") {
			o.SetSelected("SOCKS5")
		}
	}
	if !s.bad() || !strings.Contains(s.fault.Text, "host:port") {
		t.Errorf("without an address: %q", s.fault.Text)
	}
	p.answer(t, "Address of the proxy", "10.0.0.1:1080")
	want := engine.Proxy{Kind: engine.ProxySOCKS5, Address: "10.0.0.1:1080", Peers: true, Trackers: true, WebSeeds: true}
	if got := s.settings().Privacy.Proxy; got != want {
		t.Errorf("the proxy is %+v, want %+v", got, want)
	}
}

// choicesIn returns the lists to choose from below an object.
func choicesIn(o fyne.CanvasObject) (all []*choiceBox) {
	switch o := o.(type) {
	case *choiceBox:
		return []*choiceBox{o}
	case *fyne.Container:
		for _, x := range o.Objects {
			all = append(all, choicesIn(x)...)
		}
	}
	return all
}

func TestTimes(t *testing.T) {
	s := newStage(t)
	sheet := settingsOf(t, s.Window)
	x := sheet.page(t, "Speed")
	add := x.times.content.(*fyne.Container).Objects[1].(*fyne.Container).Objects[0].(*button)
	for range 2 {
		s.win.Canvas().Focus(add)
		s.press(fyne.KeySpace) // as the window system does: as a key, and as a rune
		s.win.Canvas().Focused().TypedRune(' ')
	}
	if x.times.periods[0].from.Text != "8:00" {
		t.Errorf("the time is %q", x.times.periods[0].from.Text)
	}
	if len(x.times.periods) != 2 || s.win.Canvas().Focused() != x.times.periods[1].from {
		t.Fatalf("%d lines, and the keyboard elsewhere", len(x.times.periods))
	}
	first := x.times.periods[0]
	days := first.content.(*fyne.Container).Objects[0].(*fyne.Container).Objects
	for _, d := range days[:5] {
		d.(*check).SetChecked(false)
	}
	if !sheet.bad() || sheet.fault.Text != "Times: choose at least one day" {
		t.Errorf("no days: %q", sheet.fault.Text)
	}
	days[6].(*check).SetChecked(true)
	first.to.SetText("25:00")
	if !sheet.bad() || !strings.Contains(sheet.fault.Text, "not a time of day") {
		t.Errorf("no time: %q", sheet.fault.Text)
	}
	first.to.SetText("6.30")
	x.times.remove(x.times.periods[1])
	s.press(fyne.KeyReturn)
	want := engine.Timetable{{Days: 1 << time.Sunday, From: 8 * 60, To: 6*60 + 30}}
	s.until("the timetable to hold", func() bool { return slices.Equal(s.snapshot.Settings.Timetable, want) })
}

func TestAlternativeLimits(t *testing.T) {
	s := newStage(t)
	test.Tap(s.status.parts[2])
	s.until("the alternative limits", func() bool {
		return s.snapshot.Turtle.On && s.status.parts[2].Text == "slow: ↓500 kB/s ↑50 kB/s" && s.actions.items[s.actions.find("turtle")].Checked
	})
	s.actions.perform(s.actions.find("turtle"))
	s.until("the usual ones", func() bool { return !s.snapshot.Turtle.On && s.status.parts[2].Text == "limits off" })
	s.status.parts[2].MouseIn(nil)
	if got := s.status.bubble.text.Text; !s.status.bubble.content.Visible() || !strings.Contains(got, "Ctrl+T") {
		t.Errorf("the hint is %q", got)
	}
	s.status.parts[2].MouseOut()
	if s.status.bubble.content.Visible() {
		t.Error("the hint stays")
	}
}

func TestOptionsOfSeveral(t *testing.T) {
	w := newWindow(t)
	a, b := aTorrent(1, "a"), aTorrent(2, "b")
	b.Options.Limits.Up, b.Options.Sequential, b.Options.Slots = 50_000, true, engine.Automatic
	w.apply(engine.Update{Snapshot: aSnapshot(a, b)})
	w.selectAll()
	s := newOptionsSheet(&w.sheets, w.chosen.rows)
	if bad := s.bad(); bad || s.answered(a.Options) != a.Options || s.answered(b.Options) != b.Options {
		t.Errorf("unanswered, they become %+v and %+v", s.answered(a.Options), s.answered(b.Options))
	}
	s.answer(t, "Download limit", "1 MB")
	s.answer(t, "Connections", "50")
	s.answer(t, "Upload slots", "")
	want := func(o engine.Options) engine.Options {
		o.Limits.Down, o.Connections, o.Slots = 1_000_000, 50, engine.AsSession
		return o
	}
	if s.answered(a.Options) != want(a.Options) || s.answered(b.Options) != want(b.Options) {
		t.Errorf("they become %+v and %+v", s.answered(a.Options), s.answered(b.Options))
	}
}

func TestOptionsAreSaved(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("zeros.bin", 50_000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return len(s.chosen.rows) == 1 })
	s.actions.perform(s.actions.find("options"))
	for range 2 {
		s.win.Canvas().FocusNext()
	}
	s.press(fyne.KeyDown) // priority
	for range 3 {
		s.win.Canvas().FocusNext()
	}
	s.press(fyne.KeyDown) // order
	s.win.Canvas().FocusNext()
	s.press(fyne.KeyDown) // ends first
	s.win.Canvas().FocusNext()
	s.press(fyne.KeyDown) // super-seeding
	s.press(fyne.KeyReturn)
	want := engine.DefaultOptions()
	want.Weight, want.Sequential, want.EndsFirst, want.SuperSeed = engine.WeightHigh, true, true, engine.SuperSeedOn
	s.until("the options to hold", func() bool { return s.list.Row(0).Options == want })
}

func TestBansAreTakenBack(t *testing.T) {
	s := newStage(t)
	peer := netip.MustParseAddrPort("192.0.2.1:6881")
	s.ban(peer)
	s.until("the ban", func() bool { return len(s.snapshot.Bans) == 1 })
	s.actions.perform(s.actions.find("bans"))
	if got := test.RenderObjectToMarkup(s.bans.table); !strings.Contains(got, "192.0.2.1") || !strings.Contains(got, "Banned by you.") {
		t.Errorf("the ban is not shown:\n%s", got)
	}
	s.bans.table.SelectAll()
	s.bans.allow()
	s.until("the end of the ban", func() bool { return len(s.snapshot.Bans) == 0 && s.bans.Len() == 0 })
	s.press(fyne.KeyEscape)
	if s.bans != nil || s.sheets.open() {
		t.Error("the list of bans stays")
	}
}

// Every sheet with a form is left by Esc from every part, and shows the part that
// has the keyboard, also in a small window.
func TestFormsByKeyboard(t *testing.T) {
	w := newWindow(t)
	w.win.Resize(fyne.NewSize(500, 340))
	w.apply(engine.Update{Snapshot: aSnapshot(aTorrent(1, strings.Repeat("a long name ", 20)))})
	w.selectAll()
	w.snapshot.Settings.Timetable = engine.Timetable{workdays}
	peer := engine.Peer{Addr: netip.MustParseAddrPort("[2001:db8::1]:6881"), Limits: engine.NoLimits}
	sheets := map[string]func(){
		"options": w.askOptions,
		"peer":    func() { w.askPeerLimit(w.lead, peer) },
		"bans":    w.showBans,
	}
	for _, p := range settingsPages {
		sheets["settings, "+p.name] = func() { w.askSettingsOf(p.name) }
	}
	for name, open := range sheets {
		open()
		if size, room := w.sheets.current.popup.Content.Size(), w.win.Canvas().Size(); size.Height > room.Height {
			t.Errorf("%s: the sheet is %v in a window of %v", name, size, room)
		}
		n := len(parts(w))
		key(w, fyne.KeyEscape)
		for i := range n {
			open()
			part := parts(w)[i]
			w.win.Canvas().Focus(part)
			o, d := part.(fyne.CanvasObject), fyne.CurrentApp().Driver()
			if top, height := d.AbsolutePositionForObject(o).Y, w.win.Canvas().Size().Height; top < 0 || top+o.Size().Height > height {
				t.Errorf("%s: %T at %v cannot be seen", name, part, top)
			}
			key(w, fyne.KeyEscape)
			if w.sheets.open() {
				t.Fatalf("%s: Esc in %T does not leave the sheet", name, part)
			}
			w.draft = nil
		}
	}
}
