package ui

import (
	"piecewise/engine"
	"piecewise/ui/view"
)

// chosen is what is selected, and what of it there is to do something with.
type chosen struct {
	ids  []engine.ID
	rows []*view.Row // in the order of the list

	running, stopped, known, moving, inTheWay bool // some of them are
}

// newChosen looks the selected torrents up in one pass, because all can be
// selected.
func newChosen(l *view.List, ids []engine.ID) chosen {
	c := chosen{ids: ids}
	if len(ids) == 0 {
		return c
	}
	wanted := make(map[engine.ID]bool, len(ids))
	for _, id := range ids {
		wanted[id] = true
	}
	for i := range l.Len() {
		if r := l.Row(i); wanted[r.ID] {
			c.rows = append(c.rows, r)
			c.running = c.running || running(r.Torrent)
			c.stopped = c.stopped || stopped(r.Torrent)
			c.known = c.known || known(r.Torrent)
			c.moving = c.moving || moving(r.Torrent)
			c.inTheWay = c.inTheWay || inTheWay(r.Torrent)
		}
	}
	return c
}

func stopped(t *engine.Torrent) bool {
	return t.State == engine.Stopped || t.State == engine.Faulted
}

func inTheWay(t *engine.Torrent) bool { return t.InTheWay }

func running(t *engine.Torrent) bool { return !stopped(t) }

func known(t *engine.Torrent) bool { return t.Known() }
