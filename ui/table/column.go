package table

import (
	"slices"

	"fyne.io/fyne/v2"
)

// Kind is what the cells of a column are.
type Kind uint8

// The kinds of columns.
const (
	Text Kind = iota
	Bar       // of pieces
)

// Column is one column of a table. Lengths are device independent pixels.
type Column struct {
	ID     string // names the column in a State and to OnSort
	Title  string
	Width  float32 // at the start
	Min    float32 // the user cannot make it narrower
	Align  fyne.TextAlign
	Kind   Kind
	Hidden bool // at the start

	// Grow makes the column take what room the others leave, until the user
	// sizes one. Without such a column the last one takes it.
	Grow bool
}

// State is what the user made of a table's columns, to be stored.
type State struct {
	Columns    []ColumnState // in the order in which they are shown
	Sized      bool          // by the user; if not, widths mean nothing
	Sort       string        // ID of the column; "" if none
	Descending bool
}

// ColumnState is the part of a State that is about one column.
type ColumnState struct {
	ID     string
	Width  float32
	Hidden bool
}

// least is the width below which no column goes.
const least = 24

// place is where a visible column is.
type place struct {
	col      int // index in the order of New
	x, width float32
}

func (p place) end() float32 { return p.x + p.width }

// columns are the columns of a table and their order on the screen.
type columns struct {
	all    []Column
	order  []int   // indices in all
	places []place // the visible ones, from the left
	sized  bool    // by the user
}

func newColumns(all []Column) *columns {
	c := &columns{all: slices.Clone(all)}
	for i := range c.all {
		c.all[i].Min = max(c.all[i].Min, least)
		c.all[i].Width = max(c.all[i].Width, c.all[i].Min)
		c.order = append(c.order, i)
	}
	c.lay(0)
	return c
}

// lay places the visible columns in a width, of which one gets what the others
// leave. It returns the width that they take.
func (c *columns) lay(width float32) float32 {
	c.places = c.places[:0]
	used := float32(0)
	for _, i := range c.order {
		if !c.all[i].Hidden {
			c.places = append(c.places, place{col: i, width: c.all[i].Width})
			used += c.all[i].Width
		}
	}
	if i := c.taker(); used < width && i >= 0 {
		c.places[i].width += width - used
		used = width
	}
	x := float32(0)
	for i := range c.places {
		c.places[i].x = x
		x += c.places[i].width
	}
	return max(used, width)
}

// taker returns the index in places of the column that takes the room left, or
// -1 if that would tear its texts away from the others.
func (c *columns) taker() int {
	if !c.sized {
		if i := slices.IndexFunc(c.places, func(p place) bool { return c.all[p.col].Grow }); i >= 0 {
			return i
		}
	}
	last := len(c.places) - 1
	if last >= 0 && c.all[c.places[last].col].Align != fyne.TextAlignLeading {
		return -1
	}
	return last
}

// at returns the index in places of the column at x, or -1.
func (c *columns) at(x float32) int {
	return slices.IndexFunc(c.places, func(p place) bool { return p.x <= x && x < p.end() })
}

// resize sets the width of a column, as the user asks. From then on no column
// grows, and each stays as wide as it is.
func (c *columns) resize(col int, width float32) {
	if !c.sized {
		c.sized = true
		for _, p := range c.places {
			if c.all[p.col].Grow {
				c.all[p.col].Width = p.width
			}
		}
	}
	c.setWidth(col, width)
}

func (c *columns) setWidth(col int, width float32) {
	c.all[col].Width = max(width, c.all[col].Min)
}

// move puts a column where the column target is.
func (c *columns) move(col, target int) {
	from, to := slices.Index(c.order, col), slices.Index(c.order, target)
	c.order = slices.Insert(slices.Delete(c.order, from, from+1), to, col)
}

// hide hides or shows a column, but never the last one that is visible.
func (c *columns) hide(col int, hidden bool) {
	if !hidden || len(c.places) > 1 {
		c.all[col].Hidden = hidden
	}
}

// index returns the index of the column with an ID, or -1.
func (c *columns) index(id string) int {
	return slices.IndexFunc(c.all, func(col Column) bool { return col.ID == id })
}

// state returns the columns as they are to be stored.
func (c *columns) state() []ColumnState {
	out := make([]ColumnState, 0, len(c.order))
	for _, i := range c.order {
		out = append(out, ColumnState{c.all[i].ID, c.all[i].Width, c.all[i].Hidden})
	}
	return out
}

// restore applies what was stored, widths only if the user sized them. IDs that are unknown or come twice are passed
// over, columns that are not in it keep their state and come after those that
// are; if all would be hidden, none is.
func (c *columns) restore(stored []ColumnState, sized bool) {
	c.sized = sized
	order := make([]int, 0, len(c.all))
	hidden := 0
	for _, s := range stored {
		i := c.index(s.ID)
		if i < 0 || slices.Contains(order, i) {
			continue
		}
		order = append(order, i)
		c.all[i].Hidden = s.Hidden
		if sized && s.Width > 0 { // not for NaN either
			c.setWidth(i, min(s.Width, 10_000))
		}
	}
	for i := range c.all {
		if !slices.Contains(order, i) {
			order = append(order, i)
		}
		if c.all[i].Hidden {
			hidden++
		}
	}
	for i := range c.all {
		c.all[i].Hidden = c.all[i].Hidden && hidden < len(c.all)
	}
	c.order = order
}
