package view

import (
	"piecewise/engine"
	"piecewise/ui/format"
)

// Row is one torrent in the list. Its texts are made when they are first asked
// for, so that rows which nobody looks at cost nothing. It belongs to the
// goroutine of its List.
type Row struct {
	*engine.Torrent
	Title string // the name, safe to show

	key   []byte // orders the names
	texts [numColumns]string
}

// Text returns what the row shows in column c, made once; Drawn columns have
// none.
func (r *Row) Text(c Column) string {
	if r.texts[c] == "" && columns[c].text != nil {
		r.texts[c] = columns[c].text(r)
	}
	return r.texts[c]
}

// title returns the name of t as it is shown.
func title(t *engine.Torrent) string {
	if t.Name == "" {
		return t.ID.String()
	}
	return format.Name(t.Name)
}
