package wire

import (
	"errors"
	"time"
)

// ErrTedious ends a connection whose peer floods us.
var ErrTedious = errors.New("the peer floods us with messages that achieve nothing")

const (
	mostTedium = 4096 // messages that achieve nothing: so many at once,
	tediumRate = 100  // and so many a second
)

// Patience is how many messages that achieve nothing a peer may still send: those
// that are ignored or refused, or that say again what was said before. Some are in
// order, since both sides talk at the same time; a flood is not. The zero value
// is ready, and one goroutine may use it at a time.
type Patience struct {
	spent float64
	at    time.Time
}

// Spend takes n messages into account, false if they are a flood.
func (p *Patience) Spend(n int, now time.Time) bool {
	p.spent = max(0, p.spent-now.Sub(p.at).Seconds()*tediumRate) + float64(n)
	p.at = now
	return p.spent <= mostTedium
}

// Earn lets n more messages pass.
func (p *Patience) Earn(n int) { p.spent = max(0, p.spent-float64(n)) }

const (
	maxRequest = 256 // bytes of a frame that may make the library answer with many
	maxOwed    = 8   // such frames that it gets before it has answered
	settleOwed = 100 * time.Millisecond
)

// pace keeps a peer from making the library answer faster than the peer reads:
// what the library has answered and could not send yet, nobody bounds. The frames
// that it may answer (of extensions, and the like) it gets few at a time, the
// next ones when it has answered or had time to, and what it wrote is on its way.
type pace struct {
	written int64   // bytes that were queued for the library
	read    int64   // of them, those it has read
	starts  []int64 // of the queued frames that it may answer, as written counts
	owed    int     // of those it has read, the answers that we wait for
	timer   *time.Timer
}

// queued notes a frame on its way to the library.
func (p *pace) queued(n int, answered bool) {
	if answered {
		p.starts = append(p.starts, p.written)
	}
	p.written += int64(n)
}

// open returns how many bytes the library may read now.
func (p *pace) open() int64 {
	if k := max(0, maxOwed-p.owed); k < len(p.starts) {
		return max(0, p.starts[k]-p.read)
	}
	return p.written - p.read
}

// took notes that the library has read n bytes.
func (p *pace) took(n int) {
	p.read += int64(n)
	for len(p.starts) > 0 && p.starts[0] < p.read {
		p.starts = p.starts[1:]
		p.owed++
	}
}
