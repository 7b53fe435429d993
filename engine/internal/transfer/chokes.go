package transfer

import (
	"errors"
	"time"

	"piecewise/engine/internal/pick"
)

var errCorrupt = errors.New("it sent a piece with a wrong hash")

// choke decides who may ask us for blocks.
func (t *Torrent) choke(time.Time) {
	for c := range t.conns {
		if c.pk != nil {
			c.setChoking(!c.wanted)
		}
	}
}

func (t *Torrent) interestChanged(c *conn, now time.Time) { t.choke(now) }

// blame closes the connection to the only sender of a piece that was wrong.
func (t *Torrent) blame(senders []*pick.Peer) {
	if len(senders) == 0 {
		return
	}
	for _, s := range senders {
		if s != senders[0] {
			return
		}
	}
	for c := range t.conns {
		if c.pk == senders[0] {
			c.w.Close(errCorrupt)
		}
	}
}
