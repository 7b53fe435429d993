package desktop

import (
	"context"
	"errors"
	"go/build"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if path == "fyne.io/fyne/v2/app" || strings.HasPrefix(path, "piecewise/") || strings.Contains(path, "anacrolix") {
			t.Errorf("desktop imports %s", path)
		}
	}
}

// opener is an application that writes down what it was to open.
type opener struct {
	fyne.App
	opened []string
	err    error
}

func (o *opener) OpenURL(u *url.URL) error {
	o.opened = append(o.opened, u.String())
	return o.err
}

// screen is a Desktop whose UI goroutine is the test's.
type screen struct {
	*Desktop
	app   *opener
	queue chan func()
}

func newScreen(t *testing.T) screen {
	t.Helper()
	app := &opener{App: test.NewTempApp(t)}
	win := test.NewTempWindow(t, widget.NewLabel("window"))
	win.Resize(fyne.NewSize(800, 600))
	s := screen{New(app, win), app, make(chan func(), 10)}
	s.do = func(f func()) { s.queue <- f }
	t.Cleanup(s.Wait)
	return s
}

// step runs one function of the UI goroutine.
func (s screen) step(t *testing.T) {
	t.Helper()
	select {
	case f := <-s.queue:
		f()
	case <-time.After(5 * time.Second):
		t.Fatal("nothing was called back")
	}
}

// noBus is a machine without a desktop.
func noBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
}

// reply keeps what a call answered.
type reply struct {
	paths []string
	err   error
	calls int
}

func (r *reply) many(paths []string, err error) { r.paths, r.err, r.calls = paths, err, r.calls+1 }

func (r *reply) one(path string, err error) {
	r.paths, r.err, r.calls = []string{path}, err, r.calls+1
}

func TestWithoutPortalFyneAsks(t *testing.T) {
	noBus(t)
	s := newScreen(t)
	var r reply
	began := time.Now()
	s.PickTorrents(t.Context(), r.many)
	s.step(t)
	if d := time.Since(began); d > time.Second {
		t.Errorf("the dialog took %v to appear", d)
	}
	if s.win.Canvas().Overlays().Top() == nil {
		t.Fatal("no dialog is shown")
	}
	tap(t, s.win, "Cancel")
	if r.calls != 1 || r.paths != nil || r.err != nil {
		t.Errorf("after Cancel: %+v, want one call without paths and error", r)
	}
}

func TestFyneFolderDialogBeginsAtStart(t *testing.T) {
	noBus(t)
	s := newScreen(t)
	start := t.TempDir()
	var r reply
	s.PickFolder(t.Context(), start, r.one)
	s.step(t)
	tap(t, s.win, "Open")
	if r.calls != 1 || r.err != nil || !slices.Equal(r.paths, []string{start}) {
		t.Errorf("chosen %+v, want %s", r, start)
	}
}

func TestEndedContextTakesTheDialogAway(t *testing.T) {
	noBus(t)
	s := newScreen(t)
	ctx, cancel := context.WithCancel(t.Context())
	var r reply
	s.PickFolder(ctx, "", r.one)
	s.step(t)
	cancel()
	s.step(t)
	if r.calls != 1 || !errors.Is(r.err, context.Canceled) {
		t.Errorf("after cancel: %+v, want one call with context.Canceled", r)
	}
	if top := s.win.Canvas().Overlays().Top(); top != nil {
		t.Error("the dialog is still there")
	}
}

func TestOpenFolder(t *testing.T) {
	noBus(t)
	dir := filepath.Join(t.TempDir(), "a b+ü#")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := "file://" + filepath.Dir(dir) + "/a%20b+%C3%BC%23"
	broken := errors.New("broken")
	tests := []struct {
		name, path string
		fail, err  error
		opened     []string
	}{
		{"folder", dir, nil, nil, []string{want}},
		{"file", file, nil, nil, []string{want}},
		{"missing", file + "2", nil, fs.ErrNotExist, nil},
		{"no file manager", dir, broken, broken, []string{want}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newScreen(t)
			s.app.err = tt.fail
			got := errors.New("not called")
			s.OpenFolder(t.Context(), tt.path, func(err error) { got = err })
			s.step(t)
			if !errors.Is(got, tt.err) {
				t.Errorf("error %v, want %v", got, tt.err)
			}
			if !slices.Equal(s.app.opened, tt.opened) {
				t.Errorf("opened %q, want %q", s.app.opened, tt.opened)
			}
		})
	}
}

// tap presses the button with the label in the topmost dialog.
func tap(t *testing.T, win fyne.Window, label string) {
	t.Helper()
	var button *widget.Button
	var walk func(fyne.CanvasObject)
	walk = func(o fyne.CanvasObject) {
		switch o := o.(type) {
		case *widget.Button:
			if o.Text == label {
				button = o
			}
		case fyne.Widget:
			for _, child := range test.WidgetRenderer(o).Objects() {
				walk(child)
			}
		case *fyne.Container:
			for _, child := range o.Objects {
				walk(child)
			}
		}
	}
	walk(win.Canvas().Overlays().Top())
	if button == nil {
		t.Fatalf("no button %s", label)
	}
	test.Tap(button)
}

func TestFyneFileDialogBeginsAtStart(t *testing.T) {
	noBus(t)
	s := newScreen(t)
	var r reply
	s.PickFile(t.Context(), t.TempDir(), r.one)
	s.step(t)
	if s.win.Canvas().Overlays().Top() == nil {
		t.Fatal("no dialog is shown")
	}
	tap(t, s.win, "Cancel")
	if r.calls != 1 || r.paths[0] != "" || r.err != nil {
		t.Errorf("after Cancel: %+v, want one call without path and error", r)
	}
}
