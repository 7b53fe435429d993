package ui

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"piecewise/engine"
)

// sharing opens the dialog of a window whose engine runs, with a folder to share. The
// tracker has any free port.
func sharing(t *testing.T) (s *stage, d *shareDialog, dir string) {
	t.Helper()
	s = newStage(t)
	v := s.snapshot.Settings
	v.TrackerPort = 0
	s.saveSettings(v)
	s.until("the settings", func() bool { return s.snapshot.Settings.TrackerPort == 0 })
	dir = filepath.Join(t.TempDir(), "to share")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 300_000), 0o644); err != nil {
		t.Fatal(err)
	}
	s.actions.perform(s.actions.find("share"))
	s.until("the dialog", func() bool { return s.Window.sharing != nil })
	return s, s.Window.sharing, dir
}

// TestShare: with the keyboard alone, from a folder to a link that can be sent.
func TestShare(t *testing.T) {
	s, d, dir := sharing(t)
	if s.win.Canvas().Focused() != fyne.Focusable(d.path) {
		t.Fatal("the path does not have the keyboard")
	}
	d.path.SetText(dir)
	s.press(fyne.KeyReturn) // nobody has looked yet
	s.until("what is there", func() bool { return d.found != nil })
	s.press(fyne.KeyReturn)
	s.press(fyne.KeyReturn) // once too often changes nothing
	if d.stage != shareWorks || !d.parts[shareWorks].Visible() {
		t.Fatalf("stage %d; %q", d.stage, d.fault.Text)
	}
	s.until("the link", func() bool { return d.stage == shareDoneWell })
	link := d.done.link.Text
	s.until("the tracker", func() bool { return s.snapshot.Hosting.On })
	announce := engine.AnnounceURL(netip.MustParseAddr("127.0.0.1"), s.snapshot.Hosting.Port)
	if !strings.HasPrefix(link, "magnet:?xt=urn:btih:") || d.done.s.announce != announce || !s.snapshot.Settings.TrackerOn {
		t.Errorf("%q, %q, expected %q", link, d.done.s.announce, announce)
	}
	s.press(fyne.KeyReturn)
	if got := s.cfg.App.Clipboard().Content(); got != link {
		t.Errorf("on the clipboard is %q", got)
	}
	s.until("that it is seeded", func() bool { return strings.HasPrefix(d.done.state.Text, "Seeding") })
	if !strings.HasPrefix(d.done.reach.Text, "Only programs on this machine") {
		t.Errorf("reachable: %q", d.done.reach.Text)
	}
	s.win.Canvas().Focus(d.done.save)
	s.press(fyne.KeyReturn)
	s.until("the file", func() bool { return d.done.saving.Text == "Saved" })
	src, err := engine.Open(t.Context(), dir+".torrent", true)
	if err != nil || src.ID != d.done.s.id || src.Trackers[0][0] != announce {
		t.Errorf("what was saved is another one: %v", err)
	}
	s.press(fyne.KeyReturn)
	s.until("that it overwrites nothing", func() bool { return strings.Contains(d.done.fault.Text, "is there already") })
	d.done.link.SetText("x")
	if d.done.link.Text != link {
		t.Error("the link can be changed")
	}
	s.press(fyne.KeyEscape)
	if s.sheets.open() || s.Window.sharing != nil || len(s.snapshot.Torrents) != 1 {
		t.Error("it is not over")
	}
}

// TestShareCancels: what is under way can be ended, and begun again.
func TestShareCancels(t *testing.T) {
	s, d, dir := sharing(t)
	d.path.SetText(dir)
	s.until("what is there", func() bool { return d.found != nil })
	d.goOn()
	s.press(fyne.KeyEscape)
	if d.stage != shareAsks || !s.sheets.open() {
		t.Fatalf("stage %d", d.stage)
	}
	d.goOn()
	s.until("the link", func() bool { return d.stage == shareDoneWell })
	s.press(fyne.KeyEscape)
	s.actions.perform(s.actions.find("share"))
	s.until("the dialog", func() bool { return s.Window.sharing != nil && s.Window.sharing != d })
	d = s.Window.sharing
	d.path.SetText(dir)
	s.until("what is there", func() bool { return d.found != nil })
	d.goOn()
	s.until("the link of what is shared already", func() bool { return d.stage == shareDoneWell })
	s.until("one torrent", func() bool { return len(s.snapshot.Torrents) == 1 })
}

// TestSharePortTaken: why nothing can be shared is said where it was asked.
func TestSharePortTaken(t *testing.T) {
	s, d, dir := sharing(t)
	other := newStage(t)
	v := other.snapshot.Settings
	v.TrackerOn, v.TrackerPort = true, 0
	other.saveSettings(v)
	other.until("a tracker", func() bool { return other.snapshot.Hosting.On })
	v = s.snapshot.Settings
	v.TrackerPort = other.snapshot.Hosting.Port
	s.saveSettings(v)
	s.until("the settings", func() bool { return s.snapshot.Settings.TrackerPort == v.TrackerPort })
	d.path.SetText(dir)
	s.until("what is there", func() bool { return d.found != nil })
	d.goOn()
	s.until("the end", func() bool { return d.stage == shareAsks })
	if !strings.Contains(d.fault.Text, "in use") || len(s.snapshot.Torrents) != 0 {
		t.Errorf("%q", d.fault.Text)
	}
}

func TestAnnounceAt(t *testing.T) {
	for name, want := range map[string]string{
		"example.org": "http://example.org:6969/announce", "example.org:80": "http://example.org:80/announce", "192.0.2.1": "http://192.0.2.1:6969/announce",
		"2001:db8::1": "http://[2001:db8::1]:6969/announce", "[2001:db8::1]": "http://[2001:db8::1]:6969/announce", "[2001:db8::1]:7": "http://[2001:db8::1]:7/announce",
		"a b": "", "http://a": "", "a/b": "", "a:0": "", "a:x": "", "a@b": "", "a:": "", ":1": "",
	} {
		if got, err := announceAt(name, 6969); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
}
