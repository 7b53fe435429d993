package transfer

import (
	"testing"
	"time"

	"piecewise/engine/internal/wire"
)

// A peer that has everything and refuses all that it is asked for is let go, and
// the pieces come from another.
func TestRefusesAll(t *testing.T) {
	c := newContent(400, 2*block)
	s := newSide(t, c, sideOptions{})
	bad := join(t, s, true)
	gone := make(chan struct{})
	go func() { // ends with the connection
		defer close(gone)
		bad.serve(func(r request) { bad.send(wire.Reject, int(r.piece), int(r.begin), int(r.length)) })
	}()
	select {
	case <-gone:
	case <-time.After(patient):
		t.Fatal("it is asked for ever")
	}
	good := join(t, s, true)
	go good.serve(func(r request) { good.give(r, c.block(r)) })
	s.complete(t)
}

// What was asked for may come late, and a little twice; more ends the connection.
func TestSurplus(t *testing.T) {
	c := &conn{requested: 10 * block}
	c.rate.down, c.wasted, c.doubled = 10*block, slack+3*block, 3*block
	if c.surplus() {
		t.Error("so much may come beyond what was asked for")
	}
	if c.wasted++; !c.surplus() {
		t.Error("more came than was ever asked for, and nobody minds")
	}
}
