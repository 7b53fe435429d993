// Package format turns numbers, moments and foreign text into what the window
// shows: short, with three significant digits, and never able to mislead.
//
// It is pure: no state, no clock, no widgets.
package format

import (
	"fmt"
	"math"
	"time"

	"github.com/dustin/go-humanize"
)

// None is shown where there is nothing to tell.
const None = "–"

// Size returns bytes in SI units with three significant digits, such as
// "660 MB"; None if it is negative, which means unknown.
func Size(bytes int64) string {
	switch {
	case bytes < 0:
		return None
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	}
	// Rounding comes first, or 999,999 bytes would read "1000 kB".
	scale := int64(1)
	for bytes/scale >= 1000 {
		scale *= 10
	}
	rounded := uint64(bytes/scale) * uint64(scale)
	if bytes%scale*2 >= scale {
		rounded += uint64(scale)
	}
	return humanize.BytesN(rounded, 3)
}

// Rate returns bytes per second, such as "9.20 MB/s"; None for no traffic.
func Rate(bytes int64) string {
	if bytes <= 0 {
		return None
	}
	return Size(bytes) + "/s"
}

// Count returns n with its thousands set apart, such as "2,114"; None if it is
// negative, which means unknown.
func Count(n int) string {
	if n < 0 {
		return None
	}
	return humanize.Comma(int64(n))
}

// Plural returns n and the word that fits it: "1 peer", "2,114 peers".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Percent returns the share of part in whole, rounded down, so that "100 %" is
// only shown when all is there. Of nothing, all is there.
func Percent(part, whole int64) string {
	switch {
	case part >= whole:
		return "100 %"
	case part <= 0:
		return "0 %"
	}
	share := int(float64(part) / float64(whole) * 100)
	return fmt.Sprintf("%d %%", min(share, 99))
}

// Ratio returns a share ratio with three significant digits; None for zero.
func Ratio(r float64) string {
	switch {
	case r <= 0 || math.IsNaN(r):
		return None
	case r >= 1000:
		return humanize.Comma(int64(min(r, math.MaxInt32)))
	case r >= 100:
		return fmt.Sprintf("%.0f", r)
	case r >= 10:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.2f", r)
}

// Duration returns a time span in its largest unit, and the next one where that
// still says something: "14 s", "3 min", "2 h 5 min", "3 d 4 h"; None if it is
// negative, which means unknown, and "over a year" beyond that.
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return None
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return twoUnits(d, time.Hour, "h", time.Minute, "min")
	case d < 10*day:
		return twoUnits(d, day, "d", time.Hour, "h")
	case d <= 365*day:
		return fmt.Sprintf("%d d", d/day)
	}
	return "over a year"
}

func twoUnits(d, big time.Duration, bigName string, small time.Duration, smallName string) string {
	text := fmt.Sprintf("%d %s", d/big, bigName)
	if rest := d % big / small; rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return text
}

// Ago returns how long before now t was, in words, such as "3 minutes ago"; None
// for the zero time.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return None
	}
	return humanize.RelTime(t, now, "ago", "from now")
}

// In returns how long after now t is, such as "in 3 min"; "now" if it has come,
// and None for the zero time.
func In(t, now time.Time) string {
	switch {
	case t.IsZero():
		return None
	case t.Sub(now) < time.Second:
		return "now"
	}
	return "in " + Duration(t.Sub(now))
}

// Moment returns the date and the time of day of t where t is; None for the zero
// time.
func Moment(t time.Time) string {
	if t.IsZero() {
		return None
	}
	return t.Format("2 Jan 2006, 15:04")
}
