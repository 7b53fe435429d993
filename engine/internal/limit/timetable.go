package limit

import "time"

// Rates are the limits of the session in bytes/s; Unlimited is none.
type Rates struct {
	Down, Up int64
}

// Days is a set of weekdays, with the bit 1<<time.Sunday for Sunday and so on.
type Days uint8

// EveryDay is the whole week.
const EveryDay Days = 1<<7 - 1

// Has reports whether a weekday is in the set.
func (d Days) Has(day time.Weekday) bool { return d&(1<<day) != 0 }

// Period is a time of day on some weekdays.
type Period struct {
	Days Days `json:"days"`
	// From and To are minutes after midnight by the clock on the wall. A period
	// that does not end after it began ends on the day after: from 22:00 to 6:00,
	// and from 0:00 to 0:00 a whole day. It belongs to the day on which it begins.
	From int `json:"from"`
	To   int `json:"to"`
}

// Timetable is a week of periods; it is on while in any of them.
type Timetable []Period

// Active reports whether the timetable is on, in now's time zone. It goes by the
// clock on the wall: what begins in an hour that summer time skips begins after
// it, and what happens in an hour that comes twice happens twice.
func (t Timetable) Active(now time.Time) bool {
	minute := now.Hour()*60 + now.Minute()
	today := now.Weekday()
	yesterday := (today + 6) % 7
	for _, p := range t {
		late := p.To <= p.From
		switch {
		case p.Days.Has(today) && minute >= p.From && (late || minute < p.To):
			return true
		case late && p.Days.Has(yesterday) && minute < p.To:
			return true
		}
	}
	return false
}

// Next returns when the timetable goes on or off after now, to the minute, or
// false if it never does. It tries all minutes of a week, about a millisecond.
func (t Timetable) Next(now time.Time) (time.Time, bool) {
	active := t.Active(now)
	at := now.Truncate(time.Minute)
	for end := now.AddDate(0, 0, 8); at.Before(end); {
		if at = at.Add(time.Minute); t.Active(at) != active {
			return at, true
		}
	}
	return time.Time{}, false
}

// Turtle are the session's limits with the alternative, slow ones. Its value at
// any time follows from its fields.
type Turtle struct {
	Normal, Slow Rates
	Timetable    Timetable
	// Manual is what the user chose by hand. It holds until Until, or Forever.
	Manual  bool
	Until   time.Time
	Forever bool
}

// Choose turns the slow limits on or off by hand, until the timetable changes
// next; without one, for good.
func (t *Turtle) Choose(slow bool, now time.Time) {
	next, changes := t.Timetable.Next(now)
	t.Manual, t.Until, t.Forever = slow, next, !changes
}

// ByHand reports whether what the user chose by hand holds.
func (t *Turtle) ByHand(now time.Time) bool { return t.Forever || now.Before(t.Until) }

// Active reports whether the slow limits hold.
func (t *Turtle) Active(now time.Time) bool {
	if t.ByHand(now) {
		return t.Manual
	}
	return t.Timetable.Active(now)
}

// Rates returns the limits that hold now.
func (t *Turtle) Rates(now time.Time) Rates {
	if t.Active(now) {
		return t.Slow
	}
	return t.Normal
}
