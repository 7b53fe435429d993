package transfer

import (
	"sync"
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
)

// Whose doing an event was, see plane.Event.Out.
const (
	ours   = true
	theirs = false
)

// Watch has events recorded until stop is called, by as many as watch. seq is the
// number of the newest event so far, for Events. While nobody watches, an event
// costs a look at whether somebody does.
func (t *Torrent) Watch() (seq uint64, stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ring.watch()
	return t.ring.last, sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ring.unwatch()
	})
}

// Events appends the events after the given sequence number to dst[:0], as far as
// they are still there, and returns the newest one's number: last-after-len(dst)
// of them are lost. None is there while nobody watches.
func (t *Torrent) Events(after uint64, dst []plane.Event) (events []plane.Event, last uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ring.after(after, dst)
}

// note records what happened between us and the peer, if somebody watches. t.mu
// is held.
func (c *conn) note(kind plane.EventKind, out bool, b pick.Block) {
	if c.t.ring.events != nil {
		c.record(kind, out, b)
	}
}

func (c *conn) record(kind plane.EventKind, out bool, b pick.Block) {
	c.t.ring.add(plane.Event{
		Kind: kind, Out: out, Time: time.Now(), Peer: c.info.Addr,
		Piece: b.Piece, Begin: b.Begin, Length: b.Length,
	})
}

// notePiece records what became of a piece, if somebody watches. t.mu is held.
func (t *Torrent) notePiece(kind plane.EventKind, piece int) {
	if t.ring.events != nil {
		t.ring.add(plane.Event{Kind: kind, Time: time.Now(), Piece: piece})
	}
}

func chokeEvent(choking bool) plane.EventKind {
	if choking {
		return plane.EventChoke
	}
	return plane.EventUnchoke
}

func interestEvent(interested bool) plane.EventKind {
	if interested {
		return plane.EventInterested
	}
	return plane.EventNotInterested
}

func (r request) block() pick.Block {
	return pick.Block{Piece: int(r.piece), Begin: int(r.begin), Length: int(r.length)}
}
