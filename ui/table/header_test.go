package table

import (
	"fmt"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// drag presses the header at one place and leaves it at another.
func drag(h *header[string], from, to float32) {
	down := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
	down.Position.X = from
	h.MouseDown(down)
	if to != from {
		ev := &fyne.DragEvent{}
		ev.Position.X = to
		h.Dragged(ev)
	}
	h.MouseUp(down) // the driver tells of it before the end of a drag
	if to != from {
		h.DragEnd()
	}
}

func TestHeaderSorts(t *testing.T) {
	tab, _ := show(t, items(3))
	var got []string
	tab.OnSort = func(id string, descending bool) { got = append(got, fmt.Sprint(id, descending)) }
	for _, x := range []float32{20, 20, 20, 340} {
		drag(tab.header, x, x)
	}
	if want := []string{"namefalse", "nametrue", "namefalse", "sizefalse"}; !slices.Equal(got, want) {
		t.Errorf("sorted %v, want %v", got, want)
	}
}

func TestHeaderDrags(t *testing.T) {
	for _, c := range []struct {
		name     string
		from, to float32
		want     string
	}{
		{"border", 159, 200, "name@0+200 pieces@200+120 size@320+80"},
		{"border to the left of its column", 159, -50, "name@0+60 pieces@60+120 size@180+80"},
		{"title to the right", 20, 279, "pieces@0+120 name@120+160 size@280+80"},
		{"title not far enough", 340, 270, "name@0+160 pieces@160+120 size@280+80"},
		{"title to the left", 200, 10, "pieces@0+120 name@120+160 size@280+80"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, _ := show(t, items(3))
			sorted, told := 0, 0
			tab.OnSort = func(string, bool) { sorted++ }
			tab.OnColumns = func() { told++ }
			drag(tab.header, c.from, c.to)
			if got := tab.cols.drawing(); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if sorted != 0 || told != 1 {
				t.Errorf("a drag sorted %d times and told of columns %d times", sorted, told)
			}
		})
	}
}

func TestHeaderMenu(t *testing.T) {
	tab, w := show(t, items(3))
	tab.header.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonSecondary})
	if w.Canvas().Overlays().Top() == nil {
		t.Error("a secondary click shows no menu")
	}
	item := tab.header.menuItem(1)
	if !item.Checked || item.Disabled {
		t.Errorf("item of a visible column: %+v", item)
	}
	item.Action()
	if got, want := tab.cols.drawing(), "name@0+160 size@160+80"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	tab.header.menuItem(0).Action()
	if !tab.header.menuItem(2).Disabled {
		t.Error("the last column can be hidden")
	}
}

func TestHeaderCursor(t *testing.T) {
	tab, _ := show(t, items(3))
	for x, want := range map[float32]desktop.Cursor{20: desktop.DefaultCursor, 158: desktop.HResizeCursor, 163: desktop.HResizeCursor, 170: desktop.DefaultCursor} {
		ev := &desktop.MouseEvent{}
		ev.Position.X = x
		tab.header.MouseMoved(ev)
		if got := tab.header.Cursor(); got != want {
			t.Errorf("at %g the cursor is %v, want %v", x, got, want)
		}
	}
}
