package transfer

import "piecewise/engine/internal/plane"

const ringSize = 1024

// ring keeps the newest events; the oldest give way.
type ring struct {
	events []plane.Event
	last   uint64 // sequence number of the newest event, the first one is 1
}

func (r *ring) add(e plane.Event) {
	if r.events == nil {
		r.events = make([]plane.Event, ringSize)
	}
	r.last++
	r.events[r.last%ringSize] = e
}

func (r *ring) after(seq uint64, dst []plane.Event) ([]plane.Event, uint64) {
	dst = dst[:0]
	if r.last > ringSize {
		seq = max(seq, r.last-ringSize)
	}
	for ; seq < r.last; seq++ {
		dst = append(dst, r.events[(seq+1)%ringSize])
	}
	return dst, r.last
}
