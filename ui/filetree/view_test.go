package filetree

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
)

const pieceLength = 1000

// meta returns the metainfo of files of 1500 bytes at these paths.
func meta(paths ...string) *engine.Meta {
	m := &engine.Meta{PieceLength: pieceLength}
	for _, p := range paths {
		m.Files = append(m.Files, engine.File{Path: strings.Split(p, "/"), Length: 1500, Offset: m.Size})
		m.Size += 1500
	}
	m.Pieces = int((m.Size + pieceLength - 1) / pieceLength)
	return m
}

func show(t *testing.T, v *View) fyne.Window {
	t.Helper()
	w := test.NewTempWindow(t, v)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(600, 200))
	return w
}

var album = []string{"album/one.flac", "album/extra/cover.png", "album/two.flac", "album/extra/notes.txt"}

func TestMarkup(t *testing.T) {
	test.NewTempApp(t)
	picker := NewPicker(Format{
		Name: strings.ToUpper,
		Size: func(n int64) string { return fmt.Sprint(n, " B") },
	})
	w := show(t, picker)
	test.AssertRendersToMarkup(t, "empty.xml", w.Canvas())
	picker.SetMeta(meta(album...))
	picker.Tree().SetFileChecked(2, false)
	picker.Refresh()
	test.AssertRendersToMarkup(t, "picker.xml", w.Canvas())
}

func TestProgressMarkup(t *testing.T) {
	test.NewTempApp(t)
	v := NewView(Format{})
	w := show(t, v)
	v.SetMeta(meta(album...))
	v.Tree().SetAllOpen(true)
	v.SetProgress(Progress{
		Pieces:     engine.UniformPieces(6, engine.Partial),
		Done:       []int64{1500, 750, 0, 1499},
		Priorities: []engine.Priority{engine.Normal, engine.High, engine.Skip, engine.High},
	})
	test.AssertRendersToMarkup(t, "progress.xml", w.Canvas())
}

func TestKeyboard(t *testing.T) {
	test.NewTempApp(t)
	v := NewPicker(Format{})
	show(t, v)
	v.SetMeta(meta(album...))
	changes := 0
	v.OnChange = func() { changes++ }
	var passed []fyne.KeyName
	v.OnTypedKey = func(ev *fyne.KeyEvent) { passed = append(passed, ev.Name) }
	on := func() string {
		s := ""
		for i := range album {
			s += map[bool]string{true: "x", false: "."}[v.Tree().FileChecked(i)]
		}
		n, _ := v.rows.Cursor()
		return fmt.Sprintf("%s %s %d", s, v.Tree().Name(n), v.Tree().Len())
	}
	v.rows.Select(0)
	for _, c := range []struct {
		key  fyne.KeyName
		want string
	}{
		{fyne.KeyRight, "xxxx extra 4"},
		{fyne.KeySpace, "x.x. extra 4"},
		{fyne.KeyRight, "x.x. extra 6"},
		{fyne.KeyRight, "x.x. cover.png 6"},
		{fyne.KeySpace, "xxx. cover.png 6"},
		{fyne.KeyLeft, "xxx. extra 6"},
		{fyne.KeyLeft, "xxx. extra 4"},
		{fyne.KeyLeft, "xxx. album 4"},
		{fyne.KeySpace, "xxxx album 4"},
		{fyne.KeyLeft, "xxxx album 1"},
		{fyne.KeyDelete, "xxxx album 1"},
	} {
		v.typed(&fyne.KeyEvent{Name: c.key})
		if got := on(); got != c.want {
			t.Fatalf("after %s: %q, want %q", c.key, got, c.want)
		}
	}
	if changes != 3 || !slices.Equal(passed, []fyne.KeyName{fyne.KeyDelete}) {
		t.Errorf("%d changes, passed on %v", changes, passed)
	}
}

func TestMouseOnSigns(t *testing.T) {
	test.NewTempApp(t)
	v := NewPicker(Format{})
	w := show(t, v)
	v.SetMeta(meta(album...))
	rowHeight := v.rows.MinSize().Height / 3
	click := func(x float32, row int) {
		at := fyne.NewPos(x, rowHeight+1+(float32(row)+0.5)*rowHeight)
		mouseDown(t, w.Canvas(), at)
	}
	click(6+16+8, 1) // the sign of album/extra
	if got := v.Tree().Len(); got != 6 {
		t.Errorf("%d rows after opening, want 6", got)
	}
	click(6+16+18+8, 1) // its check box
	if got := v.Tree().Checked(1); got != Off {
		t.Errorf("the folder's check is %d, want off", got)
	}
	if got := v.Selected(); len(got) != 0 {
		t.Errorf("clicks on signs selected %v", got)
	}
	click(200, 1) // its name
	if got := v.Selected(); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("selected %v, want the files of the folder", got)
	}
}

func TestMenuCountsFilesOnce(t *testing.T) {
	test.NewTempApp(t)
	v := NewView(Format{})
	show(t, v)
	v.SetMeta(meta(album...))
	v.Tree().SetAllOpen(true)
	v.Refresh()
	v.rows.SelectAll()
	var got []int
	v.OnMenu = func(files []int, _ fyne.Position) { got = files }
	v.rows.OnMenu(0, fyne.Position{})
	if want := []int{0, 1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("menu of %v, want %v", got, want)
	}
}

func TestStrips(t *testing.T) {
	test.NewTempApp(t)
	v := NewView(Format{})
	m := meta(album...)
	m.Files[3].Length = 0
	v.SetMeta(m)
	v.Tree().SetAllOpen(true)
	v.SetProgress(Progress{Pieces: engine.UniformPieces(m.Pieces, engine.Missing)})
	// Rows: album, extra, cover.png, notes.txt, one.flac, two.flac.
	for row, want := range []int{5, 0, 2, 0, 2, 2} {
		got := 0
		if s := (model{v}).Strip(row, colBar); s.Source != nil {
			got = s.Source.Len()
		}
		if got != want {
			t.Errorf("row %d (%s): bar of %d pieces, want %d", row, v.Tree().Name(v.Tree().Node(row)), got, want)
		}
	}
}

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		done, size int64
		want       string
	}{{0, 0, "100 %"}, {0, 10, "0 %"}, {999, 1000, "99 %"}, {1000, 1000, "100 %"}, {-5, 10, "0 %"}} {
		if got := percent(c.done, c.size); got != c.want {
			t.Errorf("percent(%d, %d) = %q, want %q", c.done, c.size, got, c.want)
		}
	}
}

func metaOf(files []engine.File) *engine.Meta {
	return &engine.Meta{PieceLength: pieceLength, Files: files}
}
