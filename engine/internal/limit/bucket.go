package limit

import (
	"math"
	"time"
)

// burstTime is how much of its rate a bucket saves up.
const burstTime = 50 * time.Millisecond

// bucket holds what a rate allows. It may be overdrawn by one turn; while it is
// in debt nothing more is given.
type bucket struct {
	rate   int64 // bytes/s; negative is unlimited
	tokens float64
	filled time.Time
}

// set changes the rate, keeping debts.
func (b *bucket) set(rate int64, now time.Time) {
	b.fill(now)
	if b.rate < 0 {
		b.tokens = 0
	}
	b.rate, b.filled = max(rate, Unlimited), now
	b.tokens = min(b.tokens, b.burst())
}

func (b *bucket) burst() float64 { return float64(b.rate) * burstTime.Seconds() }

// fill adds what has come in until now.
func (b *bucket) fill(now time.Time) {
	if passed := now.Sub(b.filled); b.rate >= 0 && passed > 0 {
		b.tokens = min(b.tokens+float64(b.rate)*passed.Seconds(), b.burst())
		b.filled = now
	}
}

// take uses n bytes up; a negative n gives them back.
func (b *bucket) take(n int) {
	if b.rate >= 0 {
		b.tokens = min(b.tokens-float64(n), b.burst())
	}
}

// ready is when the next turn can be given: now or later.
func (b *bucket) ready(now time.Time) time.Time {
	b.fill(now)
	switch {
	case b.rate < 0 || b.rate > 0 && b.tokens >= 0:
		return now
	case b.rate == 0:
		return now.Add(maxWait)
	}
	wait := min(math.Ceil(-b.tokens/float64(b.rate)*float64(time.Second)), float64(time.Hour))
	return now.Add(time.Duration(wait))
}
