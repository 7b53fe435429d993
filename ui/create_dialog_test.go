package ui

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"piecewise/engine"
)

// run runs what waits on a lane, and shows what it leaves.
func run(t *testing.T, l *lane) {
	t.Helper()
	for f, ok := l.take(); ok; f, ok = l.take() {
		if then := f(t.Context()); then != nil {
			then()
		}
	}
}

// creating opens the dialog with a folder of two files, and returns the path.
func creating(t *testing.T, w *Window) (path, save *field, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"a": 100_000, "b": 50, "Thumbs.db": 1} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.actions.perform(w.actions.find("create"))
	path, ok := w.win.Canvas().Focused().(*field)
	if !ok {
		t.Fatal("the path does not have the keyboard")
	}
	w.win.Canvas().FocusNext()
	for {
		if save, ok = w.win.Canvas().Focused().(*field); ok && save != path {
			return path, save, dir
		}
		w.win.Canvas().FocusNext()
	}
}

func TestCreateDialogMakes(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	path, save, dir := creating(t, w)
	key(w, fyne.KeyReturn)
	if !w.sheets.open() || len(w.makes.waiting) > 0 {
		t.Fatal("nothing is made into a torrent")
	}
	path.SetText(dir)
	if save.Text != dir+".torrent" {
		t.Errorf("it goes to %q", save.Text)
	}
	w.win.Canvas().Focus(path)
	key(w, fyne.KeyReturn)
	if w.sheets.current.title != "New torrent" {
		t.Fatal("it is made before anybody has looked what is there")
	}
	run(t, w.looks)
	key(w, fyne.KeyReturn)
	if !w.sheets.open() || !strings.HasPrefix(w.sheets.current.title, "Making data.torrent") {
		t.Fatalf("the sheet is %q", w.sheets.current.title)
	}
	run(t, w.makes)
	run(t, w.looks)
	if w.sheets.open() {
		t.Errorf("there is still %q", w.sheets.current.title)
	}
	src, err := engine.Open(t.Context(), dir+".torrent", true)
	if err != nil || len(src.Meta.Files) != 2 || src.Meta.Version != "v1" {
		t.Errorf("made %+v, %v", src, err)
	}
	if len(w.commands.waiting) == 0 {
		t.Error("it is not added")
	}
}

func TestCreateDialogOverwritesNothing(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	path, _, dir := creating(t, w)
	if err := os.WriteFile(dir+".torrent", []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	path.SetText(dir)
	run(t, w.looks)
	w.win.Canvas().Focus(path)
	key(w, fyne.KeyReturn)
	run(t, w.makes)
	if !w.sheets.open() || w.sheets.current.title != "No torrent was made" {
		t.Error("it is not said that the file is there")
	}
	if b, err := os.ReadFile(dir + ".torrent"); string(b) != "old" {
		t.Errorf("it holds %q, %v", b, err)
	}
	key(w, fyne.KeyEscape)
	w.actions.perform(w.actions.find("create"))
	if again := w.win.Canvas().Focused().(*field); again.Text != dir {
		t.Errorf("what was chosen is lost: %q", again.Text)
	}
}

func TestCreateDialogCancels(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	path, _, dir := creating(t, w)
	path.SetText(dir)
	run(t, w.looks)
	w.win.Canvas().Focus(path)
	key(w, fyne.KeyReturn)
	key(w, fyne.KeyEscape)
	run(t, w.makes)
	if _, err := os.Lstat(dir + ".torrent"); err == nil || w.sheets.open() {
		t.Errorf("it was made after all: %v", err)
	}
}

func TestCreateDialogShowsThePlan(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	d := newCreateDialog(w)
	_, _, dir := creating(t, w)
	d.path.SetText(dir)
	run(t, w.looks)
	if want := "100 kB in 2 files: 7 pieces of 16 KiB, a .torrent of 311 B. 1 entry is left out, such as Thumbs.db (ignored)."; d.plan.Text != want {
		t.Errorf("the plan is %q", d.plan.Text)
	}
	d.r.length, d.r.format = 3, engine.FormatHybrid
	d.showPlan()
	if !strings.Contains(d.plan.Text, "3 pieces of 64 KiB") {
		t.Errorf("the plan is %q", d.plan.Text)
	}
	d.path.SetText(dir + "2")
	run(t, w.looks)
	if err := d.readPath(d.path.Text); err == nil || !strings.Contains(err.Error(), "no such file") || d.plan.Text != "" {
		t.Errorf("%v, %q", err, d.plan.Text)
	}
	if d.readTrackers("ftp://a/") == nil || d.readSave("a.torrent") == nil || d.readInto(&d.r.comment)("\xff") == nil {
		t.Error("what cannot be used is taken")
	}
}

func TestTiersIn(t *testing.T) {
	for text, want := range map[string][][]string{
		"":                     nil,
		"\n \n":                nil,
		"a":                    {{"a"}},
		" a \nb\n\n\nc\r\n":    {{"a", "b"}, {"c"}},
		"\n\na\n \nb\nc\n\n\n": {{"a"}, {"b", "c"}},
	} {
		if got := tiersIn(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestLengthNames(t *testing.T) {
	names := lengthNames()
	if len(names) != 16 || names[1] != "16 KiB" || names[7] != "1 MiB" || names[15] != "256 MiB" {
		t.Errorf("the choices are %q", names)
	}
	r := recipe{length: 7}
	if o := r.options(nil, ""); o.PieceLength != 1<<20 {
		t.Errorf("%d bytes", o.PieceLength)
	}
}
