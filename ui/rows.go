package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/piecemap"
	"piecewise/ui/table"
	"piecewise/ui/view"
)

// rows is the list of torrents: a table over the window's view.List.
type rows struct {
	w     *Window
	table *table.Table[engine.ID]
	wish  engine.ID // to be selected as soon as it is in the list
}

var rowWidths = [...]float32{
	view.Name: 230, view.Bar: 140, view.Done: 52, view.Size: 70, view.Down: 80, view.Up: 80, view.ETA: 78,
	view.Seeds: 62, view.Peers: 62, view.Ratio: 52, view.Status: 240,
}

func newRows(w *Window) *rows {
	r := &rows{w: w}
	var columns []table.Column
	for _, c := range view.Columns() {
		columns = append(columns, columnOf(c.Key(), c.Title(), rowWidths[c], c.Numeric(), c.Drawn()))
	}
	r.table = table.New(columns, table.Model[engine.ID](r))
	r.table.SetSort(view.Name.Key(), false)
	r.table.OnSelect = func([]engine.ID) { r.selected() }
	r.table.OnActivate = func(engine.ID) { w.actions.perform(w.actions.find("folder")) }
	r.table.OnMenu = func(_ engine.ID, at fyne.Position) { w.actions.contextMenu(at) }
	r.table.OnSort = r.sort
	r.table.OnTypedKey = w.actions.typedKey
	return r
}

func columnOf(id, title string, width float32, numeric, drawn bool) table.Column {
	c := table.Column{ID: id, Title: title, Width: width, Min: 36}
	if numeric {
		c.Align = fyne.TextAlignTrailing
	}
	if drawn {
		c.Kind = table.Bar
	}
	return c
}

// Len returns the number of torrents that are shown.
func (r *rows) Len() int { return r.w.list.Len() }

// Key returns the ID of the torrent in a row.
func (r *rows) Key(row int) engine.ID { return r.w.list.Row(row).ID }

// Text returns what a cell shows.
func (r *rows) Text(row, col int) string { return r.w.list.Row(row).Text(view.Column(col)) }

// Tone returns how a cell is to be read.
func (r *rows) Tone(row, col int) table.Tone {
	t := r.w.list.Row(row)
	switch {
	case t.State == engine.Faulted && view.Column(col) == view.Status:
		return table.Error
	case t.State == engine.Stopped || t.Text(view.Column(col)) == format.None:
		return table.Dim
	}
	return table.Plain
}

// Strip returns the pieces of a torrent.
func (r *rows) Strip(row, _ int) piecemap.Strip {
	t := r.w.list.Row(row)
	if t.Pieces == nil {
		return piecemap.Strip{}
	}
	return piecemap.Strip{Source: t.Pieces, Recent: r.w.details.recent(t.ID)}
}

func (r *rows) refresh() {
	r.table.Refresh()
	if !r.wish.IsZero() && r.w.list.Index(r.wish) >= 0 {
		r.choose(r.wish)
	}
}

// choose selects a torrent and shows its row, now or once it is in the list.
func (r *rows) choose(id engine.ID) {
	if r.w.list.Index(id) < 0 {
		r.wish = id
		return
	}
	r.wish = engine.ID{}
	r.table.Select(id)
	r.table.ScrollTo(id)
	r.selected()
}

func (r *rows) selected() {
	keys := r.table.Selected()
	lead, ok := r.table.Cursor()
	if !ok || !slices.Contains(keys, lead) {
		lead = engine.ID{}
		if len(keys) > 0 {
			lead = keys[0]
		}
	}
	r.w.selectRows(keys, lead)
}

// sort sorts by a column; one that is new begins with what matters most in it.
func (r *rows) sort(key string, falling bool) {
	for _, c := range view.Columns() {
		if c.Key() != key {
			continue
		}
		if by, _ := r.w.list.Sorted(); by != c {
			falling = c.Falling()
			r.table.SetSort(key, falling)
		}
		r.w.list.Sort(c, falling)
		r.table.Refresh()
	}
}

// State returns what is to be remembered of the columns.
func (r *rows) State() table.State { return r.table.State() }

// Restore takes over what was remembered.
func (r *rows) Restore(s table.State) {
	r.table.Restore(s)
	for _, c := range view.Columns() {
		if c.Key() == s.Sort {
			r.w.list.Sort(c, s.Descending)
		}
	}
}

func (r *rows) filter(text string) {
	r.w.list.Filter(text)
	r.table.Refresh()
	if r.w.list.Len() == 0 && r.w.list.All() > 0 {
		r.w.say("No torrent has “" + format.Name(text) + "” in its name")
	}
}
