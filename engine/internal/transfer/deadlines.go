package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
)

// SetDeadlines replaces the times at which pieces must be here, for somebody who
// watches while they come: they are asked for before all others, see
// pick.Picker.SetDeadlines. Before Open it does nothing.
func (t *Torrent) SetDeadlines(all []pick.Deadline) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.picker == nil || t.closed {
		return
	}
	t.picker.SetDeadlines(all)
	now := time.Now()
	for c := range t.conns {
		c.refill(now)
	}
}
