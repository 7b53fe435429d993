package transfer

import (
	"errors"
	"time"

	"piecewise/engine/internal/keep"
	"piecewise/engine/internal/plane"
)

var errCrowded = errors.New("its place is needed for another connection")

// Standing is one connection, for whoever has to decide which one gives its place
// to another.
type Standing struct {
	keep.Peer
	c     *conn
	moves int64 // payload of the last second, both ways, bytes
}

// GiveUp closes the connection. It returns at once.
func (s Standing) GiveUp() { s.c.w.Close(errCrowded) }

// Standings appends all connections of the torrent to dst.
func (t *Torrent) Standings(dst []Standing) []Standing {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.standings(dst, time.Now())
}

func (t *Torrent) standings(dst []Standing, now time.Time) []Standing {
	for c := range t.conns {
		if c.web != nil || c.closed() {
			continue // it leaves, but its goroutines do not know yet
		}
		last := c.joined
		for _, moved := range []time.Time{c.sentAt, time.Unix(0, c.moved.Load())} {
			if moved.After(last) {
				last = moved
			}
		}
		dst = append(dst, Standing{c: c, moves: c.rate.shownDown + c.rate.shownUp, Peer: keep.Peer{
			Incoming: !c.info.Outgoing, Age: now.Sub(c.joined), Idle: now.Sub(last), Given: c.rate.down, Taken: c.rate.up,
			Useless: c.all && t.picker != nil && t.picker.Left() == 0,
			Snubbed: c.pk != nil && t.snubbed(c, now),
		}})
	}
	return dst
}

func (c *conn) closed() bool {
	select {
	case <-c.w.Done():
		return true
	default:
		return false
	}
}

// Worst returns which of the standings gives its place to a new connection, one
// that came in or one that we dialled; -1 if none does.
func Worst(all []Standing, places int, incoming bool) int {
	peers := make([]keep.Peer, len(all))
	for i, s := range all {
		peers[i] = s.Peer
	}
	return keep.Worst(peers, places, incoming)
}

// SetConnections bounds how many peers may be connected, or not if n is
// plane.Unlimited. If there are more, those of least use are dropped.
func (t *Torrent) SetConnections(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connections = n
	if n < 0 {
		return
	}
	Thin(t.standings(nil, time.Now()), n)
}

// Thin gives up those of least use until only n are left. It returns at once, and
// all is its own.
func Thin(all []Standing, n int) {
	for len(all) > n {
		i := Worst(all, n, true)
		if i < 0 {
			i = quietest(all)
		}
		all[i].GiveUp()
		all[i] = all[len(all)-1]
		all = all[:len(all)-1]
	}
}

// quietest is the connection that moves the least, all of which are at work or new.
func quietest(all []Standing) (least int) {
	for i := range all {
		if all[i].moves < all[least].moves {
			least = i
		}
	}
	return least
}

// Room implements wire.Crowded.
func (t *Torrent) Room(incoming bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	free, worst, _ := t.room(incoming, time.Now())
	return free || worst >= 0
}

// room says whether there is a place for one more connection, or else who gives
// his: one of all, or none, which is -1.
func (t *Torrent) room(incoming bool, now time.Time) (free bool, worst int, all []Standing) {
	if t.connections == plane.Unlimited || t.peers() < t.connections {
		return true, -1, nil
	}
	if all = t.standings(nil, now); len(all) < t.connections {
		return true, -1, nil
	}
	return false, Worst(all, t.connections, incoming), all
}

// makeRoom sees to a place for one more connection, false if there is none.
func (t *Torrent) makeRoom(incoming bool, now time.Time) bool {
	free, worst, all := t.room(incoming, now)
	if worst >= 0 {
		all[worst].GiveUp()
	}
	return free || worst >= 0
}
