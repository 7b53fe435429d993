package view

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"piecewise/engine"
)

// List keeps the rows of all torrents, sorted and filtered. It belongs to one
// goroutine.
type List struct {
	torrents []*engine.Torrent // of the last update, without previews
	rows     []*Row            // one for each of them
	shown    []*Row            // those that pass the filter, sorted

	by      Column
	falling bool
	filter  string

	names  *collate.Collator
	buffer collate.Buffer
}

// NewList returns an empty list, sorted by name.
func NewList() *List {
	return &List{names: collate.New(language.Und, collate.Loose)}
}

// Update takes over the torrents of a snapshot, without its previews, and reports
// whether any row is another than before. The row of a torrent whose pointer is
// the same is kept.
func (l *List) Update(torrents []*engine.Torrent) (changed bool) {
	if slices.ContainsFunc(torrents, isPreview) {
		torrents = slices.DeleteFunc(slices.Clone(torrents), isPreview)
	}
	if slices.Equal(torrents, l.torrents) {
		return false
	}
	rows := make([]*Row, len(torrents))
	old := l.finder()
	for i, t := range torrents {
		rows[i] = l.row(t, old(i, t))
	}
	l.torrents, l.rows = torrents, rows
	l.arrange()
	return true
}

func isPreview(t *engine.Torrent) bool { return t.Preview }

// finder returns a function that finds the last row of t. Torrents rarely move,
// so it tries the same place first.
func (l *List) finder() func(i int, t *engine.Torrent) *Row {
	var byID map[engine.ID]*Row
	return func(i int, t *engine.Torrent) *Row {
		if i < len(l.rows) && l.rows[i].ID == t.ID {
			return l.rows[i]
		}
		if byID == nil {
			byID = make(map[engine.ID]*Row, len(l.rows))
			for _, r := range l.rows {
				byID[r.ID] = r
			}
		}
		return byID[t.ID]
	}
}

func (l *List) row(t *engine.Torrent, old *Row) *Row {
	switch {
	case old != nil && old.Torrent == t:
		return old
	case old != nil && old.Torrent.Name == t.Name:
		return &Row{Torrent: t, Title: old.Title, key: old.key}
	}
	r := &Row{Torrent: t, Title: title(t)}
	r.key = bytes.Clone(l.names.KeyFromString(&l.buffer, countable(r.Title)))
	l.buffer.Reset()
	return r
}

var digits = regexp.MustCompile(`[0-9]+`)

// countable puts the length of each number before it, so that 10 comes after 9.
// (The collator's own way puts 0 after all other numbers in places.)
func countable(name string) string {
	return digits.ReplaceAllStringFunc(name, func(number string) string {
		if number = strings.TrimLeft(number, "0"); number == "" {
			number = "0"
		}
		return fmt.Sprintf("%03d%s", len(number), number)
	})
}

// Sort sorts by a column from now on; falling puts its greatest value on top.
func (l *List) Sort(by Column, falling bool) {
	l.by, l.falling = by, falling
	l.arrange()
}

// Sorted returns the column that the list is sorted by, and in which direction.
func (l *List) Sorted() (by Column, falling bool) { return l.by, l.falling }

// Filter shows only the torrents whose name holds all the words of text, in
// either case.
func (l *List) Filter(text string) {
	l.filter = text
	l.arrange()
}

// arrange fills shown. Torrents that are equal in the column stand in the order
// of their IDs, so that rows never change places without a reason.
func (l *List) arrange() {
	words := strings.Fields(strings.ToLower(l.filter))
	l.shown = make([]*Row, 0, len(l.rows))
	for _, r := range l.rows {
		if matches(r, words) {
			l.shown = append(l.shown, r)
		}
	}
	compare := columns[l.by].compare
	slices.SortFunc(l.shown, func(a, b *Row) int {
		c := compare(a, b)
		if l.falling {
			c = -c
		}
		if c == 0 {
			c = bytes.Compare(a.ID[:], b.ID[:])
		}
		return c
	})
}

func matches(r *Row, words []string) bool {
	if len(words) == 0 {
		return true
	}
	name := strings.ToLower(r.Title)
	for _, w := range words {
		if !strings.Contains(name, w) {
			return false
		}
	}
	return true
}

// Len returns how many rows are shown.
func (l *List) Len() int { return len(l.shown) }

// All returns how many rows there are, with those that the filter hides.
func (l *List) All() int { return len(l.rows) }

// Row returns the row at place i, 0 ≤ i < Len.
func (l *List) Row(i int) *Row { return l.shown[i] }

// Index returns the place of a torrent, or -1 if it is not shown.
func (l *List) Index(id engine.ID) int {
	return slices.IndexFunc(l.shown, func(r *Row) bool { return r.ID == id })
}

// Find returns the row of a torrent, shown or not, or nil.
func (l *List) Find(id engine.ID) *Row {
	for _, r := range l.rows {
		if r.ID == id {
			return r
		}
	}
	return nil
}
