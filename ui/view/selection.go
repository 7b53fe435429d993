package view

import (
	"maps"

	"piecewise/engine"
)

// Selection is which torrents the user has chosen, by ID, so that it does not
// care in which order they stand. The zero value is empty. It belongs to the
// goroutine of its List.
type Selection struct {
	ids  map[engine.ID]bool
	lead engine.ID
}

// Lead returns the torrent that was chosen last, whose details are shown; zero
// if none is.
func (s *Selection) Lead() engine.ID { return s.lead }

// Has reports whether a torrent is chosen.
func (s *Selection) Has(id engine.ID) bool { return s.ids[id] }

// Len returns how many torrents are chosen.
func (s *Selection) Len() int { return len(s.ids) }

// Set chooses these torrents and no others, with lead as the last one.
func (s *Selection) Set(lead engine.ID, ids ...engine.ID) {
	s.ids = make(map[engine.ID]bool, len(ids))
	for _, id := range ids {
		s.ids[id] = true
	}
	s.lead = lead
}

// Keep forgets what is no longer in the list, and reports whether anything was.
func (s *Selection) Keep(l *List) (changed bool) {
	if len(s.ids) == 0 {
		return false
	}
	there := make(map[engine.ID]bool, len(s.ids))
	for _, r := range l.rows {
		if s.ids[r.ID] {
			there[r.ID] = true
		}
	}
	if changed = len(there) != len(s.ids); !changed {
		return false
	}
	s.ids = there
	if !there[s.lead] {
		s.lead = engine.ID{}
		for id := range maps.Keys(there) {
			s.lead = id
			break
		}
	}
	return true
}

// Rows returns the rows of what is chosen, in the order of the list; those that
// the filter hides are not among them.
func (s *Selection) Rows(l *List) []*Row {
	if len(s.ids) == 0 {
		return nil
	}
	rows := make([]*Row, 0, len(s.ids))
	for _, r := range l.shown {
		if s.ids[r.ID] {
			rows = append(rows, r)
		}
	}
	return rows
}
