package transfer

import (
	"bytes"
	"errors"
	"time"

	"piecewise/engine/internal/wire"
)

const (
	workTime = 20 * time.Second // without payload a connection may be dead
	twinTime = 5 * time.Second  // so far apart may both sides have dialled at once
)

var errTwin = errors.New("there is a second connection to it")

// SetSelf tells our peer ID, before the first peer comes.
func (t *Torrent) SetSelf(id [20]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.self = id
}

// single keeps one connection to a peer, false if that is not the new one. Peers hear
// of each other all the time and dial once more, and what they gave each other counts
// only as long as a connection lasts: so one that works stays. Of two that were made
// at once both sides keep the one that the lesser peer ID dialled.
func (t *Torrent) single(info wire.Info, now time.Time) bool {
	if info.PeerID == ([20]byte{}) {
		return true
	}
	for c := range t.conns {
		if c.info.PeerID != info.PeerID {
			continue
		}
		switch {
		case c.works(now):
			return false
		case now.Sub(c.joined) < twinTime && info.Outgoing != (bytes.Compare(t.self[:], info.PeerID[:]) < 0):
			return false
		}
		c.w.Close(errTwin)
	}
	return true
}

// works reports whether payload has been moving on a connection that is not new.
func (c *conn) works(now time.Time) bool {
	moved := time.Unix(0, c.moved.Load())
	return now.Sub(c.joined) >= twinTime && (now.Sub(moved) < workTime || now.Sub(c.sentAt) < workTime)
}
