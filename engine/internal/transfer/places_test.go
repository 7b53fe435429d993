package transfer

import (
	"net/netip"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// When a torrent has all its connections, a new one replaces one of no use, and
// is refused if there is none.
func TestPlaces(t *testing.T) {
	s := New(Limits{})
	s.SetConnections(3)
	n := byte(0)
	join := func(outgoing bool) *conn {
		n++
		l := &fakeLink{t: t, done: make(chan struct{})}
		l.info = wire.Info{Outgoing: outgoing, Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, n}), 1)}
		return s.join(l)
	}
	first, second, third := join(false), join(true), join(true)
	if s.Room(true) || join(true) != nil {
		t.Fatal("there is room for a fourth, though all are new")
	}
	for _, c := range []*conn{first, second, third} {
		c.joined = c.joined.Add(-10 * time.Minute)
	}
	first.sentAt = time.Now()
	second.rate.down = 1
	if !s.Room(true) {
		t.Fatal("nobody gives way")
	}
	if join(true) == nil || !third.closed() || first.closed() || second.closed() {
		t.Fatal("not who did nothing was closed")
	}
	if join(true) == nil || !second.closed() {
		t.Error("who gave something long ago keeps its place")
	}
	if join(true) != nil || first.closed() {
		t.Error("one that is at work was closed for another")
	}
	s.SetConnections(1)
	open := 0
	for c := range s.conns {
		if !c.closed() {
			open++
		}
	}
	if open != 1 {
		t.Errorf("%d connections are open, not one", open)
	}
	s.SetConnections(plane.Unlimited)
	if join(false) == nil {
		t.Error("without a bound there is no room")
	}
}
