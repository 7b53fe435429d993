package transfer

import "piecewise/engine/internal/plane"

// ringSize events are kept: a tenth of a second of the fastest transfer.
const ringSize = 1 << 13

// ring keeps the newest events while somebody watches; the oldest give way.
type ring struct {
	events   []plane.Event // nil while nobody watches
	last     uint64        // sequence number of the newest event, the first one is 1
	first    uint64        // number of the newest event when events was made
	watchers int
}

func (r *ring) add(e plane.Event) {
	r.last++
	r.events[r.last%ringSize] = e
}

func (r *ring) after(seq uint64, dst []plane.Event) ([]plane.Event, uint64) {
	dst = dst[:0]
	if r.events == nil {
		return dst, r.last
	}
	seq = max(seq, r.first)
	if r.last > ringSize {
		seq = max(seq, r.last-ringSize)
	}
	for ; seq < r.last; seq++ {
		dst = append(dst, r.events[(seq+1)%ringSize])
	}
	return dst, r.last
}

func (r *ring) watch() {
	if r.watchers++; r.watchers == 1 {
		r.events, r.first = make([]plane.Event, ringSize), r.last
	}
}

func (r *ring) unwatch() {
	if r.watchers--; r.watchers == 0 {
		r.events = nil
	}
}
