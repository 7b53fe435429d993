package format

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// NoLimit is a rate of which there is no limit, and a number likewise.
const NoLimit = -1

const (
	leastLimit = 1_000             // bytes/s; less is a unit that was forgotten
	mostLimit  = 1_000_000_000_000 // bytes/s
	mostNumber = 65_535
)

// limitUnits are the units in which a limit is written, the largest first.
var limitUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40},
	{"TB", 1e12},
	{"GiB", 1 << 30},
	{"GB", 1e9},
	{"MiB", 1 << 20},
	{"MB", 1e6},
	{"KiB", 1 << 10},
	{"kB", 1e3},
}

// Limit returns a limit in bytes a second as ParseLimit reads it, such as
// "2 MiB/s": in the first unit in which it is exact with at most two decimals.
// NoLimit is "", and 0, which lets nothing through, "nothing".
func Limit(rate int64) string {
	switch {
	case rate < 0:
		return ""
	case rate == 0:
		return "nothing"
	}
	for _, u := range limitUnits {
		if hundredths := rate * 100 / u.bytes; rate <= math.MaxInt64/100 && rate*100%u.bytes == 0 && hundredths >= 100 {
			return strconv.FormatFloat(float64(hundredths)/100, 'f', -1, 64) + " " + u.name + "/s"
		}
	}
	return strconv.FormatInt(rate, 10) + " B/s"
}

// ParseLimit reads a limit such as "500 kB", "2 MiB/s", "1.5mb" or "nothing", in
// bytes a second. "", "unlimited" and the like are NoLimit. The error is a whole
// sentence for the user.
func ParseLimit(text string) (int64, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	s = strings.TrimSpace(strings.TrimSuffix(s, "/s"))
	switch s {
	case "", "unlimited", "none", "no limit", "off", "∞":
		return NoLimit, nil
	case "nothing":
		return 0, nil
	}
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz ")
	unit := strings.TrimSpace(s[len(digits):])
	number, err := strconv.ParseFloat(strings.Replace(digits, ",", ".", 1), 64)
	scale, known := unitBytes(unit)
	switch {
	case err != nil || strings.ContainsAny(digits, "+-_xpe"):
		return 0, fmt.Errorf("“%s” is not a rate such as 500 kB or 2 MiB", Text(text))
	case number == 0:
		return 0, fmt.Errorf("0 would let nothing through: leave it empty for no limit, or write “nothing”")
	case unit == "":
		return 0, fmt.Errorf("“%s” of what? Write a unit, such as %s kB or %s MB", Text(text), digits, digits)
	case !known:
		return 0, fmt.Errorf("“%s” is not a unit: use kB, MB, KiB or MiB", Text(unit))
	}
	if rate := number * float64(scale); rate >= leastLimit && rate <= mostLimit {
		return int64(math.Round(rate)), nil
	}
	return 0, fmt.Errorf("“%s” is not between 1 kB and 1 TB a second", Text(text))
}

// unitBytes knows a unit in either case, also without its B.
func unitBytes(unit string) (int64, bool) {
	if unit == "b" || unit == "bytes" {
		return 1, true
	}
	for _, u := range limitUnits {
		if name := strings.ToLower(u.name); unit == name || unit == strings.TrimSuffix(name, "b") {
			return u.bytes, true
		}
	}
	return 0, false
}

// ParseNumber reads a whole number from least on, and one of the words for which
// there is a number of its own. The error is a whole sentence for the user.
func ParseNumber(text string, least int, words map[string]int) (int, error) {
	s := strings.ToLower(strings.TrimSpace(text))
	if n, ok := words[s]; ok {
		return n, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, fmt.Errorf("“%s” is not a whole number", Text(text))
	}
	if n < least || n > mostNumber {
		return 0, fmt.Errorf("%d is not between %d and %s", n, least, Count(mostNumber))
	}
	return n, nil
}

// ParseClock reads a time of day such as "8:00", "08.30" or "22" as minutes after
// midnight; "24:00" is the end of the day. The error is a whole sentence for the
// user.
func ParseClock(text string) (int, error) {
	s := strings.TrimSpace(text)
	hours, minutes, both := strings.Cut(strings.Replace(s, ".", ":", 1), ":")
	if !both {
		minutes = "00"
	}
	h, errH := strconv.ParseUint(hours, 10, 8)
	m, errM := strconv.ParseUint(minutes, 10, 8)
	if errH != nil || errM != nil || len(minutes) != 2 || h > 24 || m > 59 || h == 24 && m > 0 {
		return 0, fmt.Errorf("“%s” is not a time of day such as 8:00 or 22:30", Text(text))
	}
	return int(h*60 + m), nil
}

// Clock returns minutes after midnight as ParseClock reads them.
func Clock(minutes int) string { return fmt.Sprintf("%d:%02d", minutes/60, minutes%60) }
