package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"piecewise/engine"
)

// urls are the trackers that the tab shows.
func (s *stage) urls() string {
	var all []string
	for _, t := range s.details.trackers.trackers {
		all = append(all, strings.TrimPrefix(t.URL, "http://127.0.0.1:1/"))
	}
	return strings.Join(all, " ")
}

// TestTrackersByKeyboard adds trackers to a torrent, edits, moves, copies and removes
// them.
func TestTrackersByKeyboard(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("one.bin", 1000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.adding.start.SetChecked(false)
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return s.list.All() == 1 && s.lead == s.snapshot.Torrents[0].ID })
	tab := s.details.trackers
	s.details.tabs.SelectIndex(3)
	s.until("details", func() bool { return s.detail() != nil })
	tab.table.Focus()
	for _, key := range []fyne.KeyName{fyne.KeyDelete, fyne.KeyF2} { // which without a tracker do nothing to the torrent
		s.press(key)
		if s.sheets.open() || !strings.HasPrefix(s.status.left.Text, "Select ") {
			t.Errorf("%s without a tracker: %q", key, s.status.left.Text)
		}
	}

	s.press(fyne.KeyInsert)
	s.typing("ftp://x/")
	s.sheets.choose(s.sheets.current, s.sheets.current.choices[0])
	if !s.sheets.open() {
		t.Fatal("what is no tracker is taken")
	}
	s.typing("http://127.0.0.1:1/a\nhttp://127.0.0.1:1/b\n\nhttp://127.0.0.1:1/c")
	s.sheets.choose(s.sheets.current, s.sheets.current.choices[0])
	s.until("three trackers", func() bool { return s.urls() == "a b c" })
	if got := tab.trackers[2]; got.Tier != 1 || got.State != engine.TrackerResting && got.State != engine.TrackerIdle {
		t.Errorf("%+v", got)
	}
	if !tab.buttons[0].Disabled() || tab.buttons[1].Disabled() {
		t.Error("a paused torrent can be announced")
	}

	tab.table.Focus()
	tab.table.Select("http://127.0.0.1:1/b")
	s.press(fyne.KeyF2)
	s.typing("http://127.0.0.1:1/x")
	s.press(fyne.KeyReturn)
	s.until("another address", func() bool { return s.urls() == "a x c" })

	tab.table.Focus()
	tab.table.Select("http://127.0.0.1:1/x")
	shortcut := func(sc fyne.Shortcut) { s.win.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(sc) }
	shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyUp, Modifier: fyne.KeyModifierShortcutDefault})
	s.until("it is before the others", func() bool { return s.urls() == "x a c" && tab.trackers[1].Tier == 1 })
	shortcut(&fyne.ShortcutCopy{})
	if got := s.cfg.App.Clipboard().Content(); got != "http://127.0.0.1:1/x" {
		t.Errorf("the clipboard has %q", got)
	}
	s.press(fyne.KeyDelete)
	s.until("it is gone", func() bool { return s.urls() == "a c" })
	if s.list.All() != 1 || s.sheets.open() {
		t.Error("Delete in the list of trackers is about the torrent")
	}
}

// A private torrent gets no other tracker without a warning.
func TestPrivateTrackersAreWarnedOf(t *testing.T) {
	s := newStage(t)
	tab := s.details.trackers
	for _, private := range []bool{false, true} {
		tab.private = private
		tab.askAdd()
		if c := s.sheets.current.choices[0]; c.danger != private || (c.label == "Add anyway") != private {
			t.Errorf("private %v: %+v", private, c.label)
		}
		s.press(fyne.KeyEscape)
	}
}
