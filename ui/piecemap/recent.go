package piecemap

import (
	"time"

	"piecewise/engine"
)

// Recent remembers for a short while which pieces of one torrent became
// verified. The zero value is not usable, see NewRecent.
type Recent struct {
	keep    time.Duration
	last    Source
	has     engine.Bits
	arrived []arrival // oldest first
	version uint64
}

type arrival struct {
	piece int
	until time.Time
}

// NewRecent returns a Recent that forgets a piece keep after it was verified.
func NewRecent(keep time.Duration) *Recent { return &Recent{keep: keep} }

// Observe compares src with the source of the call before and remembers what
// became verified between the two, as of now. It reports whether the set
// changed, also because pieces were forgotten. The first source, and one of
// another length, are only taken as the start. Observing the same pointer again
// costs nothing, so it can be called at every tick.
func (r *Recent) Observe(src Source, now time.Time) bool {
	before := r.version
	r.forget(now)
	if same(src, r.last) {
		return r.version != before
	}
	if r.last == nil || size(src) != r.last.Len() {
		r.reset(size(src))
	} else {
		r.compare(src, now)
	}
	r.last = src
	return r.version != before
}

// Has reports whether piece i just arrived.
func (r *Recent) Has(i int) bool { return r != nil && r.has.Has(i) }

// Len returns how many pieces just arrived.
func (r *Recent) Len() int {
	if r == nil {
		return 0
	}
	return len(r.arrived)
}

// Version is a number that changes whenever the set does.
func (r *Recent) Version() uint64 {
	if r == nil {
		return 0
	}
	return r.version
}

func (r *Recent) reset(n int) {
	if len(r.arrived) > 0 {
		r.version++
	}
	r.arrived = r.arrived[:0]
	r.has = engine.MakeBits(n)
}

func (r *Recent) compare(src Source, now time.Time) {
	if p, ok := src.(*engine.Pieces); ok {
		if s, uniform := p.Uniform(); uniform && s != engine.Verified {
			return
		}
	}
	for i := range src.Len() {
		if src.State(i) != engine.Verified || r.last.State(i) == engine.Verified || r.has.Has(i) {
			continue
		}
		r.has.Set(i)
		r.arrived = append(r.arrived, arrival{i, now.Add(r.keep)})
		r.version++
	}
}

func (r *Recent) forget(now time.Time) {
	n := 0
	for n < len(r.arrived) && !now.Before(r.arrived[n].until) {
		r.has.Clear(r.arrived[n].piece)
		n++
	}
	if n > 0 {
		r.arrived = append(r.arrived[:0], r.arrived[n:]...)
		r.version++
	}
}
