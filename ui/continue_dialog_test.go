package ui

import (
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"piecewise/engine"
)

// TestContinueIsOffered offers to continue in files of others where they are in the way,
// in the menu and in the details.
func TestContinueIsOffered(t *testing.T) {
	w := newWindow(t)
	row := aTorrent(1, "film.mkv")
	row.State, row.Err, row.InTheWay = engine.Faulted, "It is in the way.", true
	w.apply(engine.Update{Snapshot: aSnapshot(row, aTorrent(2, "other.iso"))})
	overview := w.details.all[4].(*overviewTab)
	w.details.tabs.SelectIndex(4)
	for id, want := range map[engine.ID]bool{row.ID: true, {2, 0, 1}: false} {
		w.rows.choose(id)
		w.details.update()
		if got := w.actions.find("continue").disabled() == ""; got != want || overview.goOn.Visible() != want {
			t.Errorf("%v: the menu offers it: %v, the details: %v", id, got, overview.goOn.Visible())
		}
	}
}

// TestContinueByKeyboard adds a torrent where half of its file is, refuses to continue in
// that, and then agrees.
func TestContinueByKeyboard(t *testing.T) {
	s := newStage(t)
	path := s.write("zeros.bin", 50_000)
	dir := s.snapshot.Settings.Dir
	old := filepath.Join(dir, "zeros.bin")
	half := []byte("another program has begun with this")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(old, half, 0o644); err != nil {
		t.Fatal(err)
	}
	s.Open([]string{path})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.press(fyne.KeyReturn)
	s.until("the fault", func() bool { return s.state() == engine.Faulted && s.lead == s.snapshot.Torrents[0].ID })
	ask := func() {
		s.until("the offer", func() bool { return s.actions.find("continue").disabled() == "" })
		s.actions.perform(s.actions.find("continue"))
		s.until("the question", s.sheets.open)
	}
	ask()
	s.press(fyne.KeyReturn) // as they are
	ask()
	s.press(fyne.KeyEscape)
	if s.state() != engine.Faulted || s.sheets.open() {
		t.Errorf("it is %v without consent", s.state())
	}
	ask()
	s.sheets.choose(s.sheets.current, s.sheets.current.choices[1])
	s.until("the download", func() bool { return s.state() == engine.Downloading && !s.snapshot.Torrents[0].InTheWay })
}
