package test

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"piecewise/test/xclient"
	"piecewise/ui/piecemap"
)

// Where things are in a window of the size it has at first, at the left top of
// the screen. All else is found by what it looks like.
var (
	menuBar  = image.Pt(900, 12)
	toolRow  = image.Rect(2, 30, 960, 56)
	firstRow = image.Rect(4, 92, 222, 110) // the name in the first row of the list
	firstBar = image.Rect(240, 95, 360, 104)
	rowEnd   = image.Pt(1176, 90) // a plain place in the first row
	belowAll = image.Pt(1176, 338)
	fileHead = image.Rect(240, 278, 330, 295) // "Name", above the files of the add dialog
	checks   = image.Rect(236, 588, 840, 606) // the choices below them
	tabRow   = image.Rect(2, 352, 960, 372)
)

const (
	rowHeight = 24
	wide      = 10 // pixels between two things; words are closer
)

// The tools in the toolbar, from left to right.
const (
	toolOpen = iota
	toolLink
	toolResume
	toolPause
	toolRemove
	toolFolder
	tools
)

// The items of the list's menu, by how far below the pointer they are.
const (
	menuResume = 15
	menuPause  = 48
	menuRemove = 80
)

var (
	primary = color.RGBA{R: 0x56, G: 0xB4, B: 0xE9, A: 0xff} // a dialog's first button
	danger  = color.RGBA{R: 0xFF, G: 0x8A, B: 0x5C, A: 0xff}
)

// Checked builds the program so that it prints an error for each call of Fyne on
// a wrong goroutine, and returns its path.
func Checked(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "piecewise")
	build := exec.Command("go", "build", "-tags", "nosqlite", "-ldflags", "-X main.threads=checked", "-o", path, "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build piecewise: %v\n%s", err, out)
	}
	return path
}

// complaints are what the program must never print: calls on the wrong goroutine,
// which such a build tells of, and what it did not find in a new home.
var complaints = []string{"Error in Fyne call thread", "cache space", "panic:"}

// Desk is where somebody sits: a screen and a home, in which the program is
// started again and again.
type Desk struct {
	*Screen
	Binary  string
	Home    string
	Profile string
	Dir     string // where downloads go
	Theme   string // "dark" or "light"
}

// NewDesk returns a desk on a new screen.
func NewDesk(t testing.TB) *Desk {
	t.Helper()
	home := t.TempDir()
	d := &Desk{Binary: Binary, Home: home, Profile: filepath.Join(home, "profile"), Dir: filepath.Join(home, "Downloads"), Theme: "dark"}
	for _, dir := range []string{d.Dir, filepath.Join(home, "run")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	d.Screen = StartScreen(t)
	return d
}

func (d *Desk) command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := Command(t, d.Home, d.Binary, args...)
	cmd.Env = append(cmd.Env, "DISPLAY="+d.display, "XDG_RUNTIME_DIR="+filepath.Join(d.Home, "run"), "LANG=en_US.UTF-8",
		"LC_ALL=en_US.UTF-8", "WAYLAND_DISPLAY=", "DBUS_SESSION_BUS_ADDRESS=disabled:", "FYNE_THEME="+d.Theme, "FYNE_SCALE=1")
	return cmd
}

// args are those of every start.
func (d *Desk) args(sources ...string) []string {
	return append([]string{"--loopback", "--profile", d.Profile, "--dir", d.Dir, "--listen", "127.0.0.1:0"}, sources...)
}

// Window is the program's window on a desk.
type Window struct {
	*Desk
	*Process
	id string // what xdotool calls it
}

// Open starts the program and waits for its window.
func (d *Desk) Open(t testing.TB, sources ...string) *Window {
	t.Helper()
	return d.open(t, d.args(sources...)...)
}

func (d *Desk) open(t testing.TB, args ...string) *Window {
	t.Helper()
	w := &Window{Desk: d, Process: Start(t, d.command(t, args...), nil)}
	Poll(t, 30*time.Second, "the window opens", func() bool {
		select {
		case <-w.Ended():
			t.Fatalf("the program ended:\n%s", w.Log())
		default:
		}
		id, err := d.try("search", "--all", "--onlyvisible", "--pid", fmt.Sprint(w.PID()), "--name", "^Piecewise$")
		w.id = id
		return err == nil && id != ""
	})
	d.Do(t, "windowfocus", "--sync", w.id)
	t.Cleanup(func() {
		if t.Failed() {
			d.Shot(t, "at the end")
		}
		for _, c := range complaints {
			if strings.Contains(w.Log(), c) {
				t.Errorf("the program printed %q:\n%s", c, tail(w.Log()))
			}
		}
	})
	return w
}

// HandOver starts the program while its window is open, and waits for its end.
func (w *Window) HandOver(t testing.TB, sources ...string) {
	t.Helper()
	second := Start(t, w.command(t, w.args(sources...)...), nil)
	if code := second.Wait(t, 15*time.Second); code != 0 {
		t.Fatalf("a second start ends with %d: %s", code, second.Log())
	}
}

// Drop drags files onto the window.
func (w *Window) Drop(t testing.TB, paths ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var uris []string
	for _, p := range paths {
		uris = append(uris, "file://"+p)
	}
	if err := xclient.Drag(ctx, w.display, w.number(t), image.Pt(600, 500), uris...); err != nil {
		t.Fatal(err)
	}
}

// Paste puts a text on the clipboard and presses Ctrl+V.
func (w *Window) Paste(t testing.TB, text string) {
	t.Helper()
	c, err := xclient.Own(w.display, text)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	w.Key(t, "ctrl+v")
}

// Key presses keys, one after another.
func (w *Window) Key(t testing.TB, keys ...string) {
	t.Helper()
	w.Do(t, append([]string{"key", "--delay", "30"}, keys...)...)
}

// Leave closes the window as a window manager does, and expects exit code 0.
func (w *Window) Leave(t testing.TB) {
	t.Helper()
	if err := xclient.Delete(w.display, w.number(t)); err != nil {
		t.Fatal(err)
	}
	w.Left(t)
}

// Left waits for the program to end well.
func (w *Window) Left(t testing.TB) {
	t.Helper()
	if code := w.Process.Wait(t, 10*time.Second); code != 0 {
		t.Fatalf("the window ends with %d:\n%s", code, w.Log())
	}
}

func (w *Window) number(t testing.TB) uint32 {
	t.Helper()
	n, err := strconv.ParseUint(w.id, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

// See waits until the window looks as expected.
func (w *Window) See(t testing.TB, what string, right func(Picture) bool) {
	t.Helper()
	w.SeeWithin(t, 15*time.Second, what, right)
}

// SeeWithin is See with another limit.
func (w *Window) SeeWithin(t testing.TB, limit time.Duration, what string, right func(Picture) bool) {
	t.Helper()
	Poll(t, limit, what, func() bool { return right(w.Picture(t)) })
}

// palette returns the colours of the theme.
func (d *Desk) palette() *piecemap.Palette {
	if d.Theme == "light" {
		return &piecemap.Light
	}
	return &piecemap.Dark
}

// Calm reports whether no dialog dims the window.
func (w *Window) Calm(p Picture) bool {
	return p.RGBAAt(menuBar.X, menuBar.Y) == w.palette().Background
}

// Asks waits for a dialog and returns where its first button is.
func (w *Window) Asks(t testing.TB, what string) image.Point {
	t.Helper()
	var at image.Point
	w.See(t, "the window asks: "+what, func(p Picture) bool {
		var ok bool
		at, ok = p.Button(primary)
		return ok && !w.Calm(p)
	})
	return at
}

// AsksToAdd waits for the add dialog with its files.
func (w *Window) AsksToAdd(t testing.TB) image.Point {
	t.Helper()
	at := w.Asks(t, "add this torrent?")
	w.See(t, "the dialog shows the files", func(p Picture) bool { return !w.Calm(p) && p.Has(fileHead) })
	return at
}

// Rests waits until no dialog is shown and the list has so many rows.
func (w *Window) Rests(t testing.TB, rows int) {
	t.Helper()
	w.See(t, fmt.Sprintf("the window rests with %d rows", rows), func(p Picture) bool { return w.Calm(p) && w.Rows(p) == rows })
}

// Rows returns how many rows the list has.
func (w *Window) Rows(p Picture) int {
	n := 0
	for n < 9 && p.Has(firstRow.Add(image.Pt(0, n*rowHeight))) {
		n++
	}
	return n
}

// Row returns a point on a row of the list.
func (w *Window) Row(row int) image.Point { return image.Pt(150, 100+row*rowHeight) }

// Selected reports whether a row is selected.
func (w *Window) Selected(p Picture, row int) bool {
	const more = 30 // than the pointer changes it
	return distance(p.RGBAAt(rowEnd.X, rowEnd.Y+row*rowHeight), p.RGBAAt(belowAll.X, belowAll.Y)) > more
}

// Full reports whether the bar of a row shows all pieces as verified.
func (w *Window) Full(p Picture, row int) bool {
	return p.Share(firstBar.Add(image.Pt(0, row*rowHeight)), w.palette().Verified) > 0.99
}

// Tool clicks on a tool.
func (w *Window) Tool(t testing.TB, tool int) {
	t.Helper()
	m := w.Picture(t).Marks(toolRow, wide)
	if len(m) != tools {
		t.Fatalf("there are %d tools: %v", len(m), m)
	}
	w.Click(t, middle(m[tool]), 1)
}

// Can reports whether a tool can be used.
func (w *Window) Can(p Picture, tool int) bool {
	m := p.Marks(toolRow, wide)
	return len(m) == tools && p.Contrast(m[tool]) > 150
}

// Choose clicks on an item of the menu of a row.
func (w *Window) Choose(t testing.TB, row, item int) {
	t.Helper()
	before := w.Picture(t)
	at := w.Row(row)
	w.Click(t, at, 3)
	beside := at.Add(image.Pt(40, item))
	w.See(t, "the menu of a row", func(p Picture) bool {
		return p.Plain(image.Rectangle{beside, beside.Add(image.Pt(60, 6))}) != before.Plain(image.Rectangle{beside, beside.Add(image.Pt(60, 6))})
	})
	w.Click(t, beside, 1)
}

func middle(r image.Rectangle) image.Point { return r.Min.Add(r.Max).Div(2) }
