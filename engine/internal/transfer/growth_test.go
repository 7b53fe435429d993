package transfer

import (
	"testing"
	"time"

	"piecewise/engine/internal/pick"
)

// line is a peer behind a line: it delivers what it is asked for after the round
// trip, no faster than its rate.
type line struct {
	rate float64
	trip time.Duration
	free time.Time // when the line has delivered all that it was asked for
}

func (l *line) ask(at time.Time) (arrives time.Time) {
	if begin := at.Add(l.trip); l.free.Before(begin) {
		l.free = begin
	}
	l.free = l.free.Add(time.Duration(pick.BlockSize / l.rate * 1e9))
	return l.free
}

// fetch asks for blocks as refill does, and returns how many came in the time and
// the most that were under way.
func (l *line) fetch(shake, during time.Duration) (blocks, most int) {
	r := rates{growth: newGrowth(shake)}
	start := time.Unix(1, 0)
	var under []time.Time
	last := 0
	for now := start; now.Sub(start) < during; {
		if out := len(under); out <= r.target()*7/8 {
			for range r.target() - out {
				under = append(under, l.ask(now))
				last++
				if r.asked.IsZero() {
					r.probe, r.asked, r.before = pick.Block{Piece: last, Length: pick.BlockSize}, now, r.down
				}
			}
		}
		most = max(most, len(under))
		blocks++
		now, under = under[0], under[1:]
		r.arrived(pick.Block{Piece: blocks, Length: pick.BlockSize}, now)
	}
	return blocks, most
}

// TestGrowth has lines of a gigabit: after so many round trips as the queue needs
// to grow they are full.
func TestGrowth(t *testing.T) {
	const during, gigabit = 4 * time.Second, 125e6
	for _, test := range []struct{ trip, lost time.Duration }{
		{time.Millisecond, 20 * time.Millisecond},
		{40 * time.Millisecond, 160 * time.Millisecond},
		{100 * time.Millisecond, 400 * time.Millisecond},
		{200 * time.Millisecond, 800 * time.Millisecond},
	} {
		l := &line{rate: gigabit, trip: test.trip}
		blocks, _ := l.fetch(test.trip, during)
		lost := during - time.Duration(float64(blocks)*pick.BlockSize/gigabit*1e9)
		if lost > test.lost {
			t.Errorf("round trip of %v: %v are lost, want at most %v", test.trip, lost, test.lost)
		}
	}
}

// TestGrowthEnds has slow peers nearby: little may wait at them, so that others
// can be asked for it.
func TestGrowthEnds(t *testing.T) {
	for _, rate := range []float64{20e3, 300e3, 3e6} {
		l := &line{rate: rate, trip: time.Millisecond}
		_, most := l.fetch(l.trip, 5*time.Second)
		if limit := max(2*minQueue, int(rate*0.2/pick.BlockSize)); most > limit {
			t.Errorf("%v bytes/s: %d blocks are under way at once, want at most %d", rate, most, limit)
		}
	}
}
