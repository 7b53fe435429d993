package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
)

const (
	minQueue  = 8    // blocks that are asked of a peer at least
	maxQueue  = 2000 // and at most
	queueTime = 50 * time.Millisecond

	firstRate = 10e6                   // bytes/s that a peer is trusted to deliver before it was measured
	firstTrip = 300 * time.Millisecond // what is believed of a slow handshake
	grown     = 1.25                   // times the rate of the round trip before
)

// growth is how many blocks are asked of a peer before its rate tells how many
// there should be: twice as many every round trip, until it delivers no more for
// that. It is the slow start of TCP (RFC 5681), which ends as that of BBR does.
type growth struct {
	window int     // blocks that should be under way; 0 when the rate tells
	rate   float64 // bytes/s in the last round trip
}

// newGrowth begins with what fits a round trip of the handshake; 0 is unknown.
func newGrowth(trip time.Duration) growth {
	n := int(firstRate * min(trip, firstTrip).Seconds() / pick.BlockSize)
	return growth{window: max(n, minQueue)}
}

// round takes a round trip into account, in which so many bytes came.
func (g *growth) round(bytes int64, trip time.Duration) {
	if g.window == 0 {
		return
	}
	rate := float64(bytes) / max(trip, time.Microsecond).Seconds()
	if rate < grown*g.rate {
		g.window = 0
		return
	}
	g.rate, g.window = rate, min(2*g.window, maxQueue)
}

// target is how many blocks should be on their way so that the peer never waits.
func (r *rates) target() int {
	flight := 2*r.trip + queueTime
	n := int(r.perSecond * flight.Seconds() / pick.BlockSize)
	return min(max(n, r.growth.window, minQueue), maxQueue)
}
