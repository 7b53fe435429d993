package table

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"piecewise/engine"
	"piecewise/ui/piecemap"
)

// dense is the test theme with text of 13, as the window has it.
type dense struct{ fyne.Theme }

func (d dense) Size(n fyne.ThemeSizeName) float32 {
	if n == theme.SizeNameText {
		return 13
	}
	return d.Theme.Size(n)
}

// variant is a theme in one variant, whatever the system has.
type variant struct {
	fyne.Theme
	v fyne.ThemeVariant
}

func (v variant) Color(n fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	return v.Theme.Color(n, v.v)
}

type item struct {
	name, size string
	tone       Tone
	pieces     *engine.Pieces
}

// list is a model whose keys are names.
type list []item

func (l list) Len() int           { return len(l) }
func (l list) Key(row int) string { return l[row].name }
func (l list) Text(row, col int) string {
	return [...]string{l[row].name, "", l[row].size}[col]
}
func (l list) Tone(row, col int) Tone { return l[row].tone }
func (l list) Strip(row, col int) piecemap.Strip {
	if l[row].pieces == nil {
		return piecemap.Strip{}
	}
	return piecemap.Strip{Source: l[row].pieces}
}

func items(n int) list {
	l := make(list, n)
	for i := range l {
		states := make([]engine.PieceState, 40)
		for p := range states {
			if p*n < i*len(states) {
				states[p] = engine.Verified
			}
		}
		l[i] = item{name: fmt.Sprintf("item %05d", i), size: fmt.Sprintf("%d MB", i), pieces: engine.NewPieces(states)}
	}
	return l
}

var testColumns = []Column{
	{ID: "name", Title: "Name", Width: 160, Min: 60},
	{ID: "pieces", Title: "Pieces", Width: 120, Kind: Bar},
	{ID: "size", Title: "Size", Width: 80, Align: fyne.TextAlignTrailing},
}

// show shows a table of l in a window of 400 × 220.
func show(t testing.TB, l Model[string]) (*Table[string], fyne.Window) {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(dense{test.Theme()})
	tab := New(testColumns, l)
	tab.modifiers = func() fyne.KeyModifier { return 0 }
	w := test.NewTempWindow(t, tab)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(400, 220))
	return tab, w
}

func press(tab *Table[string], row int, mod fyne.KeyModifier) {
	ev := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary, Modifier: mod}
	ev.Position = fyne.NewPos(50, (float32(row)+0.5)*tab.body.rowHeight())
	tab.body.MouseDown(ev)
	tab.body.MouseUp(ev)
}

func keys(tab *Table[string], names ...fyne.KeyName) {
	for _, n := range names {
		tab.body.TypedKey(&fyne.KeyEvent{Name: n})
	}
}

func selectedRows(tab *Table[string]) []int {
	rows := []int{}
	for _, k := range tab.Selected() {
		rows = append(rows, tab.row(k))
	}
	return rows
}

func TestMarkup(t *testing.T) {
	few := items(3)
	few[1].tone = Error
	long := list{
		{name: "a very long name of a torrent that does not fit at all", size: "1 GB"},
		{name: "שלום עולם", size: "2 GB", tone: Dim},
		{name: "مرحبا", size: "123456789 TB and more"},
	}
	for name, l := range map[string]list{"empty": {}, "few": few, "long": long} {
		t.Run(name, func(t *testing.T) {
			tab, w := show(t, l)
			if name == "few" {
				tab.SetSort("size", true)
				tab.Select(l[0].name, l[2].name)
				tab.Focus()
			}
			test.AssertRendersToMarkup(t, name+".xml", w.Canvas())
		})
	}
}

func TestOnlyVisibleRowsHaveObjects(t *testing.T) {
	tab, _ := show(t, items(10_000))
	before := len(tab.body.objects)
	if got, most := len(tab.body.rows), 220/24+2; got > most {
		t.Errorf("%d row views, want at most %d", got, most)
	}
	tab.ScrollTo("item 09999")
	if got := len(tab.body.objects); got != before {
		t.Errorf("%d objects after scrolling, %d before", got, before)
	}
	first, end := tab.body.visible()
	if end != 10_000 || tab.body.rows[first%len(tab.body.rows)].texts[0].Text != fmt.Sprintf("item %05d", first) {
		t.Errorf("rows %d to %d are in view, the first shows %q", first, end, tab.body.rows[first%len(tab.body.rows)].texts[0].Text)
	}
}

func TestMouseSelects(t *testing.T) {
	const ctrl, shift = fyne.KeyModifierControl, fyne.KeyModifierShift
	type click struct {
		row int
		mod fyne.KeyModifier
	}
	for _, c := range []struct {
		name   string
		clicks []click
		want   []int
	}{
		{"one", []click{{3, 0}}, []int{3}},
		{"another", []click{{3, 0}, {1, 0}}, []int{1}},
		{"toggle on", []click{{3, 0}, {1, ctrl}}, []int{1, 3}},
		{"toggle off", []click{{3, 0}, {1, ctrl}, {3, ctrl}}, []int{1}},
		{"range down", []click{{1, 0}, {4, shift}}, []int{1, 2, 3, 4}},
		{"range turned", []click{{3, 0}, {5, shift}, {1, shift}}, []int{1, 2, 3}},
		{"range added", []click{{0, 0}, {3, ctrl}, {5, ctrl | shift}}, []int{0, 3, 4, 5}},
		{"below the rows", []click{{1, 0}, {7, 0}}, []int{}},
		{"below the rows with Ctrl", []click{{1, 0}, {7, ctrl}}, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, _ := show(t, items(6))
			var told []string
			tab.OnSelect = func(keys []string) { told = keys }
			for _, cl := range c.clicks {
				press(tab, cl.row, cl.mod)
			}
			if got := selectedRows(tab); !slices.Equal(got, c.want) {
				t.Errorf("rows %v are selected, want %v", got, c.want)
			}
			if !slices.Equal(told, tab.Selected()) {
				t.Errorf("told %v, selected are %v", told, tab.Selected())
			}
		})
	}
}

func TestDoubleClickActivates(t *testing.T) {
	tab, _ := show(t, items(5))
	clock := time.Unix(0, 0)
	tab.now = func() time.Time { return clock }
	var got []string
	tab.OnActivate = func(key string) { got = append(got, key) }
	for _, step := range []struct {
		row  int
		wait time.Duration
	}{{0, 0}, {1, 50 * time.Millisecond}, {1, 50 * time.Millisecond}, {1, 50 * time.Millisecond}, {1, time.Hour}} {
		clock = clock.Add(step.wait)
		press(tab, step.row, 0)
	}
	if !slices.Equal(got, []string{"item 00001"}) {
		t.Errorf("activated %v, want the second row once", got)
	}
}

func TestSecondaryClick(t *testing.T) {
	tab, _ := show(t, items(5))
	tab.Select("item 00000", "item 00001")
	var key string
	tab.OnMenu = func(k string, _ fyne.Position) { key = k }
	ev := &desktop.MouseEvent{Button: desktop.MouseButtonSecondary}
	for _, c := range []struct {
		row  int
		want []int
	}{{1, []int{0, 1}}, {3, []int{3}}} {
		ev.Position = fyne.NewPos(10, float32(c.row)*24+5)
		tab.body.MouseDown(ev)
		if got := selectedRows(tab); !slices.Equal(got, c.want) || key != tab.model.Key(c.row) {
			t.Errorf("row %d: menu of %q with %v selected, want %v", c.row, key, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	const up, down, pgdn, end, home = fyne.KeyUp, fyne.KeyDown, fyne.KeyPageDown, fyne.KeyEnd, fyne.KeyHome
	for _, c := range []struct {
		name  string
		keys  []fyne.KeyName
		shift bool // for the last key
		want  []int
	}{
		{"first", []fyne.KeyName{down}, false, []int{0}},
		{"down", []fyne.KeyName{down, down, down}, false, []int{2}},
		{"up at the top", []fyne.KeyName{down, up}, false, []int{0}},
		{"end", []fyne.KeyName{end}, false, []int{99}},
		{"down at the end", []fyne.KeyName{end, down}, false, []int{99}},
		{"home", []fyne.KeyName{end, home}, false, []int{0}},
		{"page", []fyne.KeyName{down, pgdn}, false, []int{7}},
		{"extend", []fyne.KeyName{down, down, down}, true, []int{1, 2}},
		{"extend to the end", []fyne.KeyName{end, up, end}, true, []int{98, 99}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, _ := show(t, items(100))
			last := len(c.keys) - 1
			keys(tab, c.keys[:last]...)
			if c.shift {
				tab.modifiers = func() fyne.KeyModifier { return fyne.KeyModifierShift }
			}
			keys(tab, c.keys[last])
			if got := selectedRows(tab); !slices.Equal(got, c.want) {
				t.Errorf("rows %v are selected, want %v", got, c.want)
			}
			row := tab.cursor()
			if first, end := tab.body.visible(); row < first || row >= end {
				t.Errorf("row %d is out of view (%d to %d)", row, first, end)
			}
		})
	}
}

func TestOtherKeys(t *testing.T) {
	tab, _ := show(t, items(5))
	var other []fyne.KeyName
	activated, menu := "", ""
	tab.OnTypedKey = func(ev *fyne.KeyEvent) { other = append(other, ev.Name) }
	tab.OnActivate = func(k string) { activated = k }
	tab.OnMenu = func(k string, _ fyne.Position) { menu = k }
	keys(tab, fyne.KeyDown, fyne.KeySpace, fyne.KeyReturn, desktop.KeyMenu, fyne.KeyDelete, fyne.KeyF10)
	if want := []fyne.KeyName{fyne.KeySpace, fyne.KeyDelete, fyne.KeyF10}; !slices.Equal(other, want) {
		t.Errorf("passed on %v, want %v", other, want)
	}
	if activated != "item 00000" || menu != "item 00000" {
		t.Errorf("activated %q, menu of %q", activated, menu)
	}
	menu = ""
	tab.modifiers = func() fyne.KeyModifier { return fyne.KeyModifierShift }
	keys(tab, fyne.KeyF10)
	if menu == "" {
		t.Error("Shift+F10 asked for no menu")
	}
	tab.body.TypedShortcut(&fyne.ShortcutSelectAll{})
	if got := len(tab.Selected()); got != 5 {
		t.Errorf("Ctrl+A selected %d rows of 5", got)
	}
}

func TestShortcutsReachTheWindow(t *testing.T) {
	tab, _ := show(t, items(5))
	var passed []fyne.Shortcut
	tab.passOn = func(s fyne.Shortcut) { passed = append(passed, s) }
	paste := &fyne.ShortcutPaste{}
	tab.body.TypedShortcut(paste)
	tab.body.TypedShortcut(&fyne.ShortcutSelectAll{})
	if !slices.Equal(passed, []fyne.Shortcut{paste}) {
		t.Errorf("passed on %v, want only %v", passed, paste)
	}
}

func TestTypeToFind(t *testing.T) {
	l := list{{name: "alpha"}, {name: "Beta"}, {name: "bet it"}, {name: "bet on"}, {name: "gamma"}}
	tab, _ := show(t, l)
	clock := time.Unix(0, 0)
	tab.now = func() time.Time { return clock }
	var other int
	tab.OnTypedKey = func(*fyne.KeyEvent) { other++ }
	for _, c := range []struct{ typed, want string }{
		{"g", "gamma"}, {"b", "Beta"}, {"b", "bet it"}, {"bb", "Beta"}, {"bet o", "bet on"}, {"x", "bet on"}, {"be", "Beta"},
	} {
		clock = clock.Add(time.Hour)
		for _, r := range c.typed {
			if r == ' ' {
				keys(tab, fyne.KeySpace)
			}
			tab.body.TypedRune(r)
		}
		if got, _ := tab.Cursor(); got != c.want {
			t.Errorf("typed %q: on %q, want %q", c.typed, got, c.want)
		}
	}
	if other != 0 {
		t.Errorf("a space of a search was passed on %d times", other)
	}
}

func TestSelectionStaysWithItsRows(t *testing.T) {
	l := items(10)
	tab, _ := show(t, l)
	tab.Select("item 00002", "item 00005")
	told := -1
	tab.OnSelect = func(keys []string) { told = len(keys) }
	slices.Reverse(l)
	tab.Refresh()
	if got := selectedRows(tab); !slices.Equal(got, []int{4, 7}) || told != -1 {
		t.Errorf("after sorting rows %v are selected, told %d", got, told)
	}
	tab.SetModel(l[:6])
	if got := tab.Selected(); !slices.Equal(got, []string{"item 00005"}) || told != 1 {
		t.Errorf("after filtering %v are selected, told %d", got, told)
	}
}

func TestRefreshChangesOnlyWhatChanged(t *testing.T) {
	l := items(5)
	tab, _ := show(t, l)
	drawn := 0
	generator := tab.body.bars.raster.Generator
	tab.body.bars.raster.Generator = func(w, h int) image.Image { drawn++; return generator(w, h) }
	text := tab.body.rows[1].texts[2]
	l[1].size = "9 GB"
	tab.Refresh()
	if text.Text != "9 GB" {
		t.Errorf("the cell shows %q", text.Text)
	}
	for _, c := range []struct {
		name string
		make *engine.Pieces
		want bool
	}{{"same pieces", l[0].pieces, false}, {"new pieces", engine.UniformPieces(9, engine.Partial), true}} {
		l[0].pieces = c.make
		if got := tab.body.bars.collect(0, 5, tab.cols.places[1].x); got != c.want {
			t.Errorf("%s: changed is %v, want %v", c.name, got, c.want)
		}
	}
}

func TestShorterAndNarrowerAgain(t *testing.T) {
	tab, _ := show(t, items(10_000))
	tab.cols.resize(0, 900)
	tab.Refresh()
	tab.scroll.ScrollToOffset(fyne.NewPos(500, 100_000))
	tab.scrolled()
	if got := tab.header.Position().X; got != -500 {
		t.Errorf("the header is at %g, want -500", got)
	}
	tab.cols.resize(0, 100)
	tab.SetModel(items(3))
	first := tab.body.rows[0].texts[0]
	if got := tab.header.Position().X; got != 0 || tab.scroll.Offset != (fyne.Position{}) {
		t.Errorf("the header is at %g, the rows at %v", got, tab.scroll.Offset)
	}
	if first.Text != "item 00000" || !first.Visible() || tab.body.rows[3].texts[0].Visible() {
		t.Errorf("the first row shows %q", first.Text)
	}
}

func TestBarsFollowTheScale(t *testing.T) {
	tab, _ := show(t, list{{name: "a", pieces: engine.UniformPieces(3, engine.Verified)}})
	size := tab.body.bars.raster.Size()
	for _, scale := range []int{1, 2, 3} {
		img := tab.body.bars.draw(int(size.Width)*scale, int(size.Height)*scale).(*image.RGBA)
		bar := image.Rect(padding*scale, margin*scale, (120-padding)*scale, (24-margin)*scale)
		for _, c := range []struct {
			x, y int
			want uint8
		}{
			{bar.Min.X + 1, bar.Min.Y, 255},
			{bar.Max.X - 2, bar.Max.Y - 1, 255},
			{bar.Min.X - 1, bar.Min.Y + 1, 0},
			{bar.Max.X, bar.Min.Y + 1, 0},
			{bar.Min.X + 1, bar.Max.Y, 0},
		} {
			if got := img.RGBAAt(c.x, c.y).A; got != c.want {
				t.Errorf("scale %d: alpha at %d, %d is %d, want %d", scale, c.x, c.y, got, c.want)
			}
		}
	}
}

func TestHover(t *testing.T) {
	tab, _ := show(t, items(5))
	ev := &desktop.MouseEvent{}
	for _, y := range []float32{30, 60, 500} {
		ev.Position = fyne.NewPos(10, y)
		tab.body.MouseMoved(ev)
		for row := range 5 {
			want := row == int(y/24)
			if got := tab.body.rows[row].back.Visible(); got != want {
				t.Errorf("pointer at %g: row %d is marked: %v", y, row, got)
			}
		}
	}
	tab.body.MouseIn(ev)
	tab.body.MouseOut()
	if tab.body.hover != -1 {
		t.Errorf("row %d is marked without a pointer", tab.body.hover)
	}
}

func TestThemeChanges(t *testing.T) {
	tab, w := show(t, items(3))
	for v, want := range map[fyne.ThemeVariant]*piecemap.Palette{theme.VariantLight: &piecemap.Light, theme.VariantDark: &piecemap.Dark} {
		fyne.CurrentApp().Settings().SetTheme(dense{variant{theme.DefaultTheme(), v}})
		w.Content().Refresh()
		if tab.body.bars.palette != want {
			t.Errorf("variant %d: bars are not in its palette", v)
		}
		if got, want := tab.body.rows[0].texts[0].Color, theme.DefaultTheme().Color(theme.ColorNameForeground, v); got != want {
			t.Errorf("variant %d: text is %v, want %v", v, got, want)
		}
	}
}
