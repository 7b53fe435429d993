package transfer

import (
	"testing"
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

// Pieces with deadlines are asked for first, and of a second peer when the first
// one keeps us waiting.
func TestDeadlines(t *testing.T) {
	c := newContent(40, 4*block)
	s := newSide(t, c, sideOptions{})
	slow := join(t, s, true)
	slow.send(wire.HaveAll)
	slow.next(wire.Interested)
	s.SetDeadlines([]pick.Deadline{{Piece: 20, At: time.Now().Add(time.Hour)}, {Piece: 9, At: time.Now().Add(time.Minute)}})
	slow.send(wire.Unchoke)
	for _, want := range []uint32{9, 9, 9, 9, 20, 20, 20, 20} {
		if got := parseRequest(slow.next(wire.Request)); got.piece != want {
			t.Fatalf("asked for %v, want piece %d", got, want)
		}
	}
	s.SetDeadlines([]pick.Deadline{{Piece: 20, At: time.Now()}})
	other := join(t, s, true)
	other.send(wire.HaveAll)
	other.next(wire.Interested)
	s.mu.Lock() // so that no tick sets the rate in between
	var second *conn
	for c := range s.conns {
		if c.info.Addr == other.addr {
			second = c
		} else {
			s.picker.SetRate(c.pk, 100)
		}
	}
	second.choke(false, time.Now())
	s.mu.Unlock()
	for range 4 {
		r := parseRequest(other.next(wire.Request))
		if r.piece != 20 {
			t.Fatalf("asked the second peer for %v, want piece 20", r)
		}
		other.give(r, c.block(r))
	}
	for range 4 {
		if got := parseRequest(slow.next(wire.Cancel)); got.piece != 20 {
			t.Errorf("cancelled %v", got)
		}
	}
}
