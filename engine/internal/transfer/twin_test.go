package transfer

import (
	"testing"
	"time"

	"piecewise/engine/internal/wire"
)

// A peer has one connection: the one that works, or the one that both sides choose.
func TestTwin(t *testing.T) {
	const less, more = 1, 9
	for _, test := range []struct {
		name          string
		peer          byte // its ID; ours is 5
		outgoing      bool // the new one
		age, received time.Duration
		sent          time.Duration // ago, as received; 0 is never
		stays         bool          // the new one
	}{
		{"at once, and we shall dial", more, true, time.Second, 0, 0, true},
		{"at once, and it shall not dial", more, false, time.Second, 0, 0, false},
		{"at once, and it shall dial", less, false, time.Second, 0, 0, true},
		{"at once, and we shall not dial", less, true, time.Second, 0, 0, false},
		{"at once, though payload moves", less, false, time.Second, time.Second, 0, true},
		{"the old one receives", less, false, time.Minute, time.Second, 0, false},
		{"the old one sends", more, true, time.Minute, 0, time.Second, false},
		{"the old one may be dead", less, true, time.Minute, 30 * time.Second, 40 * time.Second, true},
		{"another peer", 7, true, time.Minute, time.Second, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			now := time.Now()
			s := New(Limits{})
			s.SetSelf([20]byte{5})
			first := &fakeLink{info: wire.Info{PeerID: [20]byte{test.peer}, Outgoing: !test.outgoing}, done: make(chan struct{})}
			if test.peer == 7 {
				first.info.PeerID = [20]byte{8}
			}
			c := s.join(first)
			c.joined = now.Add(-test.age)
			if test.received > 0 {
				c.moved.Store(now.Add(-test.received).UnixNano())
			}
			if test.sent > 0 {
				c.sentAt = now.Add(-test.sent)
			}
			second := &fakeLink{info: wire.Info{PeerID: [20]byte{test.peer}, Outgoing: test.outgoing}, done: make(chan struct{})}
			if got := s.join(second) != nil; got != test.stays {
				t.Errorf("the new one stays: %v", got)
			}
			if want := test.stays && test.peer != 7; first.closed != want {
				t.Errorf("the old one is closed: %v", first.closed)
			}
		})
	}
}
