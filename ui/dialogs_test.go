package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
)

func key(w *Window, name fyne.KeyName) {
	ev := &fyne.KeyEvent{Name: name}
	if focused := w.win.Canvas().Focused(); focused != nil {
		focused.TypedKey(ev)
	} else {
		w.win.Canvas().OnTypedKey()(ev)
	}
}

func TestSheetsComeOneAfterAnother(t *testing.T) {
	w := newWindow(t)
	var log []string
	for _, name := range []string{"one", "two", "three"} {
		w.sheets.show(&sheet{title: name, content: wrapped(name), choices: []choice{
			{label: "OK", run: func() { log = append(log, name+" ok") }},
			{label: "Cancel", run: func() { log = append(log, name+" cancel") }},
		}})
	}
	key(w, fyne.KeyReturn)
	key(w, fyne.KeyEscape)
	test.Tap(w.sheets.current.buttons[1]) // the right one
	if got := strings.Join(log, ", "); got != "one ok, two cancel, three ok" || w.sheets.open() {
		t.Errorf("chosen: %s", got)
	}
}

// parts returns all that Tab reaches in the dialog that is shown.
func parts(w *Window) []fyne.Focusable {
	var all []fyne.Focusable
	for {
		w.win.Canvas().FocusNext()
		part := w.win.Canvas().Focused()
		if part == nil || slices.Contains(all, part) {
			return all
		}
		all = append(all, part)
	}
}

func TestEscFromEveryPart(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	src := &engine.Source{ID: engine.ID{1}, Name: "a", Meta: aMeta("a", 3)}
	w.askAdd(src)
	n := len(parts(w))
	key(w, fyne.KeyEscape)
	if n < 7 {
		t.Errorf("Tab reaches %d parts only", n)
	}
	for i := range n {
		w.askAdd(src)
		part := parts(w)[i]
		w.win.Canvas().Focus(part)
		key(w, fyne.KeyEscape)
		if w.sheets.open() {
			t.Fatalf("Esc in %T does not leave the dialog", part)
		}
	}
}

func TestEnterAcceptsFromFields(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	for _, focus := range []func(*addDialog) fyne.Focusable{
		func(d *addDialog) fyne.Focusable { return d.dir },
		func(d *addDialog) fyne.Focusable { return d.start },
		func(d *addDialog) fyne.Focusable { return d.silent },
		func(d *addDialog) fyne.Focusable { return d.sheet.buttons[1] },
	} {
		w.askAdd(&engine.Source{ID: engine.ID{1}, Name: "a", Meta: aMeta("a", 3)})
		part := focus(w.adding)
		w.win.Canvas().Focus(part)
		key(w, fyne.KeyReturn)
		if w.sheets.open() {
			t.Fatalf("Enter in %T does not accept", part)
		}
	}
}

func TestAddDialogOfAFile(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.askAdd(&engine.Source{ID: engine.ID{1}, Name: "a\u202eb", Meta: aMeta("a", 4,
		engine.File{Path: []string{"a", "x"}, Length: 3 << 20}, engine.File{Path: []string{"a", "y"}, Length: 1 << 20})})
	d := w.adding
	if d.name.Text != `a\u202eb` || d.size.Text != "4.19 MB in 2 files" || d.dir.Text != "/srv/torrents" || !d.start.Checked {
		t.Errorf("the dialog shows %q, %q, %q", d.name.Text, d.size.Text, d.dir.Text)
	}
	d.free = 2 << 20
	d.showRoom()
	if d.room.Text != "4.19 MB are needed, but only 2.10 MB are free there: 2.10 MB are missing" {
		t.Errorf("too little room is told as %q", d.room.Text)
	}
	d.tree.Tree().SetFileChecked(0, false)
	d.sum()
	if d.size.Text != "1.05 MB of 4.19 MB in 2 files chosen" || d.room.Text != "2.10 MB free there" {
		t.Errorf("with one file it shows %q, %q", d.size.Text, d.room.Text)
	}
	if got := d.skipped(); len(got) != 1 || got[0] != engine.Skip {
		t.Errorf("skipped are %v", got)
	}
	d.checkAll(false)
	if got := d.skipped(); len(got) != 2 {
		t.Errorf("with none, skipped are %v", got)
	}
	d.checkAll(true)
	if got := d.skipped(); len(got) != 0 {
		t.Errorf("with all, skipped are %v", got)
	}
}

func TestAddDialogWantsAWholePath(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.askAdd(&engine.Source{ID: engine.ID{1}, Name: "a", Meta: aMeta("a", 4)})
	for _, dir := range []string{"", "downloads", "../x"} {
		w.adding.dir.SetText(dir)
		key(w, fyne.KeyReturn)
		if !w.sheets.open() || w.adding.room.Text != "Name a folder by its whole path" {
			t.Fatalf("%q is taken", dir)
		}
	}
	w.adding.dir.SetText("~/x")
	key(w, fyne.KeyReturn)
	if w.sheets.open() {
		t.Error("the home folder is not taken")
	}
}

func TestAddDialogOfAMagnetFillsIn(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	id := engine.ID{1}
	w.askAdd(&engine.Source{ID: id})
	d := w.adding
	if d.name.Text != id.String() || !d.waits.Visible() || d.files.Visible() {
		t.Errorf("the dialog of %q does not wait", d.name.Text)
	}
	w.apply(engine.Update{Snapshot: aSnapshot(&engine.Torrent{ID: id, Preview: true, State: engine.Metadata})})
	if !d.waits.Visible() {
		t.Error("the dialog has stopped to wait")
	}
	w.apply(engine.Update{Snapshot: aSnapshot(&engine.Torrent{ID: id, Preview: true, Meta: aMeta("real name", 4)})})
	if d.waits.Visible() || !d.files.Visible() || d.name.Text != "real name" || d.size.Text != "4.19 MB in 1 file" {
		t.Errorf("the dialog shows %q, %q", d.name.Text, d.size.Text)
	}
	if w.list.All() != 0 || !w.empty.Visible() {
		t.Error("the preview is in the list")
	}
}

func TestAddDialogLeavesWhenTheTorrentIsThere(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	one := aTorrent(1, "a")
	w.askAdd(&engine.Source{ID: one.ID, Name: "a"})
	w.adding.refused(&engine.DuplicateError{ID: one.ID, Name: "a"})
	if w.sheets.open() || w.adding != nil {
		t.Error("the dialog stays although the engine has the torrent")
	}
	w.askAdd(&engine.Source{ID: one.ID, Name: "a", Meta: one.Meta})
	w.apply(engine.Update{Snapshot: aSnapshot(one)})
	if w.sheets.open() || w.adding != nil {
		t.Error("the dialog stays although the torrent is in the list")
	}
}

func TestAddDialogOfManyFiles(t *testing.T) {
	meta := manyFiles()
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.askAdd(&engine.Source{ID: engine.ID{1}, Name: "many", Meta: meta})
	w.adding.checkAll(false)
	w.adding.tree.Tree().SetFileChecked(49_999, true)
	w.adding.sum()
	if got := len(w.adding.skipped()); got != 49_999 {
		t.Errorf("%d are skipped", got)
	}
}

func manyFiles() *engine.Meta {
	files := make([]engine.File, 50_000)
	for i := range files {
		files[i] = engine.File{Path: []string{"many", fmt.Sprintf("folder %d", i/100), fmt.Sprintf("file %d", i)}, Length: 1 << 20, Offset: int64(i) << 20}
	}
	return aMeta("many", len(files), files...)
}

func BenchmarkAddDialog(b *testing.B) {
	meta := manyFiles()
	w := newWindow(b)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	for b.Loop() {
		w.askAdd(&engine.Source{ID: engine.ID{1}, Name: "many", Meta: meta})
		w.sheets.close(w.sheets.current)
	}
}

func TestRemoveDialogKeepsFilesByDefault(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot(someTorrents(2)...)})
	w.selectAll()
	files := make([]string, 1434)
	for i := range files {
		files[i] = fmt.Sprintf("/srv/torrents/%d\u202e", i)
	}
	w.showRemove(w.chosen.rows, files)
	sh := w.sheets.current
	if sh.title != "Remove 2 torrents?" || sh.choices[0].label != "Remove from the list" || sh.choices[0].danger ||
		sh.choices[len(sh.choices)-1].run != nil {
		t.Errorf("%s: %v", sh.title, sh.choices)
	}
	list := listing(files)
	if !strings.Contains(list, "and 1,234 more") || !strings.Contains(list, `/srv/torrents/199\u202e`) || strings.Contains(list, "/200") {
		t.Errorf("the list ends %q", list[len(list)-60:])
	}
	key(w, fyne.KeyEscape)

	w.showRemove(w.chosen.rows, nil)
	if got := len(w.sheets.current.choices); got != 2 {
		t.Errorf("%d choices where nothing can be deleted", got)
	}
}

func TestLinks(t *testing.T) {
	tests := map[string]int{
		"":                                   0,
		"some text":                          0,
		"magnet:?xt=urn:btih:" + hash:        1,
		strings.ToUpper(hash):                1,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567":   1,
		"https://example.org/a.torrent":      1,
		hash + "\n\n  " + hash + "\r\nother": 2,
		strings.Repeat(hash+"\n", 1000):      100,
		hash + "0":                           0,
		"http://":                            0,
		"MAGNET:?xt=urn:btih:" + hash:        1,
	}
	for in, want := range tests {
		if got := linksIn(in); len(got) != want {
			t.Errorf("%.60q holds %v", in, got)
		}
	}
}

func TestLinkDialogOffersTheClipboard(t *testing.T) {
	w := newWindow(t)
	w.cfg.App.Clipboard().SetContent(hash)
	w.actions.perform(w.actions.find("link"))
	link, ok := w.win.Canvas().Focused().(*field)
	if !ok || link.Text != hash {
		t.Fatalf("the dialog holds %v", link)
	}
	link.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if _, opens := w.opens.take(); !opens || w.sheets.open() {
		t.Error("Enter does not open the link")
	}
}
