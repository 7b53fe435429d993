package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
)

func TestEveryActionCanBeReached(t *testing.T) {
	w := newWindow(t)
	ids, keys, labels := map[string]bool{}, map[string]string{}, map[string]string{}
	for _, x := range w.actions.all {
		if x.id == "" || x.label == "" || x.menu == "" || x.run == nil || ids[x.id] {
			t.Errorf("action %q has no id of its own, no label, no menu or nothing to do", x.id)
		}
		ids[x.id] = true
		if k := x.keys(); k != "" && keys[k] != "" {
			t.Errorf("%s and %s have the same keys %s", x.id, keys[k], k)
		} else {
			keys[k] = x.id
		}
		if labels[x.label] != "" {
			t.Errorf("%s and %s have the same label", x.id, labels[x.label])
		}
		labels[x.label] = x.id
		if (x.toolbar || x.context) && x.icon == nil {
			t.Errorf("%s has no icon", x.id)
		}
	}
	for _, id := range []string{
		"open", "link", "paste", "pause", "resume", "toggle", "remove", "recheck", "folder", "magnet", "all",
		"announce", "ask", "settings", "options", "turtle", "bans", "keys", "about", "quit",
	} {
		if !ids[id] {
			t.Errorf("there is no action %s", id)
		}
	}
	items := 0
	for _, m := range w.win.MainMenu().Items {
		for _, item := range m.Items {
			if item.IsSeparator {
				continue
			}
			items++
			if labels[item.Label] == "" {
				t.Errorf("the menu item %q is no action", item.Label)
			}
		}
	}
	if items != len(w.actions.all) {
		t.Errorf("%d menu items for %d actions", items, len(w.actions.all))
	}
}

func TestReasons(t *testing.T) {
	w := newWindow(t)
	checkReasons := func(when string, want map[string]string) {
		t.Helper()
		for id, reason := range want {
			x := w.actions.find(id)
			if got := x.disabled(); got != reason {
				t.Errorf("%s: %s is disabled because %q, want %q", when, id, got, reason)
			}
			if w.actions.items[x].Disabled != (reason != "") {
				t.Errorf("%s: the menu item %s does not show it", when, id)
			}
		}
	}
	const first = "Select a torrent first"
	w.apply(engine.Update{Snapshot: aSnapshot()})
	checkReasons("empty", map[string]string{
		"open": "", "paste": "", "pause": first, "resume": first, "toggle": first, "remove": first, "recheck": first, "folder": first,
		"magnet": first, "announce": first, "all": "There is no torrent in the list",
	})
	all := someTorrents(7)
	w.apply(engine.Update{Snapshot: aSnapshot(all...)})
	w.rows.choose(all[4].ID) // downloading
	checkReasons("running", map[string]string{
		"pause": "", "resume": "What is selected runs already", "remove": "", "recheck": "", "magnet": "", "all": "", "announce": "",
	})
	w.rows.choose(all[0].ID) // stopped
	checkReasons("stopped", map[string]string{"pause": "What is selected is paused", "resume": "", "announce": "What is selected is paused"})
	w.rows.choose(all[3].ID) // without metadata
	checkReasons("metadata", map[string]string{"recheck": "Its details are not known yet"})
	w.selectAll()
	checkReasons("several", map[string]string{"magnet": "Select one torrent only", "pause": "", "resume": "", "folder": "Select one torrent only"})
}

func TestDisabledActionSaysWhy(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	for _, b := range w.toolbar.buttons {
		if b.action.id != "pause" {
			continue
		}
		b.MouseIn(nil)
		if got := w.status.left.Text; got != "Select a torrent first" {
			t.Errorf("under the pointer it says %q", got)
		}
		b.MouseOut()
		if got := w.status.left.Text; got != "" {
			t.Errorf("afterwards it says %q", got)
		}
		test.Tap(b)
		if got := w.status.left.Text; got != "Select a torrent first" {
			t.Errorf("tapped it says %q", got)
		}
	}
	if _, waits := w.commands.take(); waits {
		t.Error("a disabled action was done")
	}
}

func TestToolbarShowsKeys(t *testing.T) {
	w := newWindow(t)
	w.toolbar.buttons[0].MouseIn(nil)
	if got := w.status.left.Text; got != "Open  (Ctrl+O)" {
		t.Errorf("the hint is %q", got)
	}
}

func TestPasteIntoAField(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(aTorrent(1, "a"))})
	w.cfg.App.Clipboard().SetContent("magnet:?xt=urn:btih:" + hash)
	w.win.Canvas().Focus(w.toolbar.search)
	w.actions.perform(w.actions.find("paste"))
	if !strings.HasPrefix(w.toolbar.search.Text, "magnet:") {
		t.Errorf("the field holds %q", w.toolbar.search.Text)
	}
	if _, waits := w.opens.take(); waits {
		t.Error("what was pasted into a field is opened")
	}
	w.actions.perform(w.actions.find("all"))
	if w.toolbar.search.SelectedText() == "" || len(w.chosen.rows) != 0 {
		t.Error("Ctrl+A in a field selects torrents")
	}
	w.toolbar.search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if w.toolbar.search.Text != "" {
		t.Error("Esc does not clear the search")
	}
}

func TestNothingIsDoneBehindADialog(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(5)
	w.apply(engine.Update{Snapshot: aSnapshot(all...)})
	w.rows.choose(all[4].ID)
	for {
		if _, more := w.commands.take(); !more {
			break
		}
	}
	w.explain("A title", "A sentence.")
	w.actions.perform(w.actions.find("pause"))
	w.actions.typedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
	if _, waits := w.commands.take(); waits {
		t.Error("a command was given")
	}
	if _, waits := w.looks.take(); waits {
		t.Error("the remove dialog is on its way")
	}
}

func TestQuitFromADialog(t *testing.T) {
	w := newWindow(t)
	quit := 0
	w.cfg.Quit = func() { quit++ }
	w.explain("A title", "A sentence.")
	w.actions.perform(w.actions.find("quit"))
	if quit != 1 {
		t.Error("a dialog keeps the program from ending")
	}
}

func TestNothingIsDoneBehindAForeignDialog(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(aTorrent(1, "a"))})
	dialog.ShowInformation("Foreign", "dialog", w.win)
	w.actions.typedKey(&fyne.KeyEvent{Name: fyne.KeyF1})
	if w.sheets.open() {
		t.Error("a sheet comes up behind it")
	}
}

func TestContextMenu(t *testing.T) {
	w := newWindow(t)
	all := someTorrents(5)
	w.apply(engine.Update{Snapshot: aSnapshot(all...)})
	w.rows.choose(all[4].ID)
	w.rows.table.OnMenu(all[4].ID, fyne.NewPos(50, 50))
	if got := test.RenderToMarkup(w.win.Canvas()); !strings.Contains(got, "Copy magnet") || !strings.Contains(got, "Remove…") {
		t.Errorf("the menu holds\n%s", got)
	}
}
