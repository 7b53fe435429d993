package table

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

func testCols() *columns {
	return newColumns([]Column{
		{ID: "a", Width: 100, Min: 50, Grow: true},
		{ID: "b", Width: 60},
		{ID: "c", Width: 80, Align: fyne.TextAlignTrailing},
	})
}

// drawing returns the visible columns as "id@x+width".
func (c *columns) drawing() string {
	var out []string
	for _, p := range c.places {
		out = append(out, fmt.Sprintf("%s@%g+%g", c.all[p.col].ID, p.x, p.width))
	}
	return strings.Join(out, " ")
}

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(c *columns)
		want string
	}{
		{"grow", func(c *columns) {}, "a@0+160 b@160+60 c@220+80"},
		{"size", func(c *columns) { c.resize(1, 70) }, "a@0+160 b@160+70 c@230+80"},
		{"size below the least", func(c *columns) { c.resize(0, 1) }, "a@0+50 b@50+60 c@110+80"},
		{"the last takes the rest", func(c *columns) { c.resize(0, 60); c.move(2, 1) }, "a@0+60 c@60+80 b@140+160"},
		{"move to the right", func(c *columns) { c.move(0, 2) }, "b@0+60 c@60+80 a@140+160"},
		{"move to the left", func(c *columns) { c.move(2, 0) }, "c@0+80 a@80+160 b@240+60"},
		{"hide", func(c *columns) { c.hide(1, true) }, "a@0+220 c@220+80"},
		{"hide and show", func(c *columns) { c.hide(1, true); c.lay(300); c.hide(1, false) }, "a@0+160 b@160+60 c@220+80"},
		{"hide all", func(c *columns) {
			for i := range 3 {
				c.hide(i, true)
				c.lay(300)
			}
		}, "c@0+80"},
		{"hide twice", func(c *columns) { c.hide(0, true); c.lay(300); c.hide(1, true) }, "c@0+80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cols := testCols()
			cols.lay(300)
			c.do(cols)
			cols.lay(300)
			if got := cols.drawing(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestRestoreColumns(t *testing.T) {
	for _, c := range []struct {
		name  string
		state []ColumnState
		sized bool
		want  string
	}{
		{"nothing", nil, false, "a@0+160 b@160+60 c@220+80"},
		{"order and width", []ColumnState{{"c", 90, false}, {"a", 110, false}, {"b", 70, false}}, true, "c@0+90 a@90+110 b@200+100"},
		{"widths that the user did not choose", []ColumnState{{"a", 999, false}}, false, "a@0+160 b@160+60 c@220+80"},
		{"unknown and twice", []ColumnState{{"x", 90, false}, {"b", 70, false}, {"b", 80, true}}, true, "b@0+70 a@70+100 c@170+80"},
		{"all hidden", []ColumnState{{"a", 0, true}, {"b", 0, true}, {"c", 0, true}}, false, "a@0+160 b@160+60 c@220+80"},
		{"bad widths", []ColumnState{{"a", float32(math.NaN()), false}, {"b", -5, false}, {"c", 1, false}}, true, "a@0+100 b@100+60 c@160+24"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cols := testCols()
			cols.restore(c.state, c.sized)
			cols.lay(300)
			if got := cols.drawing(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestStateRoundTrip(t *testing.T) {
	tab, _ := show(t, items(3))
	tab.cols.resize(0, 77)
	tab.cols.move(2, 0)
	tab.cols.hide(1, true)
	tab.SetSort("name", true)
	stored := tab.State()
	other, _ := show(t, items(3))
	other.Restore(stored)
	if got := other.State(); !slices.Equal(got.Columns, stored.Columns) || got.Sort != "name" || !got.Descending || !got.Sized {
		t.Errorf("restored %+v, want %+v", got, stored)
	}
	other.Restore(State{Sort: "no such column"})
	if got := other.State().Sort; got != "name" {
		t.Errorf("sorted by %q after a bad state", got)
	}
}
