package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"piecewise/engine"
	"piecewise/ui/view"
)

// typing replaces what is in the field that has the keyboard.
func (s *stage) typing(text string) {
	s.t.Helper()
	f, ok := s.win.Canvas().Focused().(*field)
	if !ok {
		s.t.Fatalf("%T has the keyboard", s.win.Canvas().Focused())
	}
	f.SetText(text)
}

// TestMoveAndRenameByKeyboard moves a torrent and renames it, its folder and its file.
func TestMoveAndRenameByKeyboard(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("zeros.bin", 50_000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return s.state() == engine.Downloading && s.lead == s.snapshot.Torrents[0].ID })

	to := filepath.Join(t.TempDir(), "elsewhere")
	s.actions.perform(s.actions.find("move"))
	s.until("the question", s.sheets.open)
	s.typing("relative")
	s.press(fyne.KeyReturn)
	if !s.sheets.open() {
		t.Fatal("a relative path is accepted")
	}
	s.typing(to)
	s.press(fyne.KeyReturn)
	s.until("the move", func() bool { r := s.snapshot.Torrents[0]; return r.Dir == to && r.Move == nil })
	if _, err := os.Stat(to); err != nil {
		t.Error(err)
	}

	s.press(fyne.KeyF2)
	s.until("the question", s.sheets.open)
	s.typing("My zeros")
	s.press(fyne.KeyReturn)
	s.until("the name", func() bool { return s.snapshot.Torrents[0].Name == "My zeros" && s.list.Row(0).Title == "My zeros" })

	s.details.tabs.SelectIndex(2)
	s.until("the files", func() bool { return s.details.files.view.Tree().Len() == 1 })
	s.details.files.view.Focus()
	s.press(fyne.KeyDown)
	s.press(fyne.KeyF2)
	s.until("the question", s.sheets.open)
	s.typing("nothing.bin")
	s.press(fyne.KeyReturn)
	s.until("the file's name", func() bool {
		m := s.snapshot.Torrents[0].Meta
		return m != nil && m.Files[0].Path[0] == "nothing.bin" && s.details.files.view.Tree().Name(0) == "nothing.bin"
	})
	s.press(fyne.KeyF2)
	s.until("the question", s.sheets.open)
	s.typing("a/b")
	s.press(fyne.KeyReturn)
	s.until("the reason", func() bool { return strings.Contains(s.status.left.Text, "Renaming failed") })
}

// TestMoveIsShown shows a move in the row and in the details, with its cancel.
func TestMoveIsShown(t *testing.T) {
	w := newWindow(t)
	row := aTorrent(1, "film.mkv")
	row.Move = &engine.Move{To: "/mnt/big", State: engine.MoveRunning, Done: 43e6, Total: 100e6, Rate: 5e6, Left: 11e9}
	w.apply(engine.Update{Snapshot: aSnapshot(row, aTorrent(2, "other.iso"))})
	w.rows.choose(row.ID)
	w.details.tabs.SelectIndex(4)
	w.details.update()
	if got := w.actions.find("stopmove").disabled(); got != "" {
		t.Errorf("the move cannot be cancelled: %s", got)
	}
	overview := w.details.all[4].(*overviewTab)
	if !overview.cancel.Visible() {
		t.Error("the details have no button to cancel it")
	}
	var texts []string
	for _, l := range overview.labels {
		texts = append(texts, l.Text)
	}
	for _, want := range []string{"Moving, 43 %, 5.00 MB/s, 11 s left", "/mnt/big", "43.0 MB of 100 MB"} {
		if !slices.Contains(texts, want) {
			t.Errorf("the details do not say %q: %q", want, texts)
		}
	}
	if got := w.list.Find(row.ID).Text(view.Status); !strings.HasPrefix(got, "Moving, 43 %") {
		t.Errorf("the row says %q", got)
	}
	still := *row
	still.Move = nil
	w.apply(engine.Update{Snapshot: aSnapshot(&still, aTorrent(2, "other.iso"))})
	if overview.cancel.Visible() || w.actions.find("stopmove").disabled() == "" {
		t.Error("what does not move can be cancelled")
	}
}

func TestMoveDialogOfSeveral(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(someTorrents(3)...)})
	w.selectAll()
	w.askMove()
	if got := w.sheets.current.title; got != "Set the location of 3 torrents" {
		t.Errorf("it asks %q", got)
	}
	if n := len(parts(w)); n < 4 {
		t.Errorf("Tab reaches %d parts only", n)
	}
	key(w, fyne.KeyEscape)
	if w.sheets.open() {
		t.Error("Esc does not leave")
	}
}
