package view

import (
	"fmt"
	"strings"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

// Held is the status bar's part about the limits of all torrents together.
type Held struct {
	Text string // what holds now
	Hint string // why, until when, and what a click changes
}

// Limits says what holds now of the session's limits.
func Limits(s *engine.Snapshot) Held {
	v, t := s.Settings, s.Turtle
	until := Until(t.Until, s.Time)
	local := ""
	if v.ExemptLocal {
		local = ". Peers in the local network are exempt"
	}
	if !t.On {
		hint := "Click for the alternative limits: " + allowed(v.TurtleLimits)
		if until != "" {
			hint += ". They come by themselves" + strings.Replace(until, "until", "at", 1)
		}
		return Held{usual(s.Limits), hint + local}
	}
	why := "by the timetable"
	if t.ByHand {
		why = "by hand"
	}
	return Held{
		Text: "slow: " + allowed(s.Limits) + until,
		Hint: "The alternative limits hold, " + why + until + ". Click for the usual ones: " + allowed(v.Limits) + local,
	}
}

func usual(l engine.Limits) string {
	if l == engine.NoLimits {
		return "limits off"
	}
	return "limits " + allowed(l)
}

// allowed says what limits let through.
func allowed(l engine.Limits) string {
	if l == engine.NoLimits {
		return "none"
	}
	return strings.TrimSpace(direction("↓", l.Down) + " " + direction("↑", l.Up))
}

func direction(arrow string, rate int64) string {
	if rate < 0 {
		return ""
	}
	return arrow + format.Limit(rate)
}

// Until returns " until 18:00", with the day if that is another one; "" for the
// zero time.
func Until(t, now time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.YearDay() == now.In(t.Location()).YearDay() && t.Sub(now) < 24*time.Hour:
		return t.Format(" until 15:04")
	}
	return t.Format(" until Mon 15:04")
}

// optionFacts tells what was chosen for a torrent and differs from the usual.
func optionFacts(t *engine.Torrent) []Fact {
	o := t.Options
	return []Fact{
		{"Limits of its own", limited(o.Limits)},
		{"Priority", map[engine.Weight]string{engine.WeightLow: "low", engine.WeightHigh: "high"}[o.Weight]},
		{"Upload slots", chosenNumber(o.Slots, "automatic")},
		{"Connections", chosenNumber(o.Connections, "unlimited")},
		{"Super-seeding", superSeeding(o.SuperSeed, t.SuperSeeding)},
		{"Order", order(o)},
	}
}

func limited(l engine.Limits) string {
	if l == engine.NoLimits {
		return ""
	}
	return allowed(l)
}

// chosenNumber names a number of slots or connections, "" if it is as in the
// settings.
func chosenNumber(n int, none string) string {
	switch n {
	case engine.AsSession:
		return ""
	case engine.Unlimited:
		return none
	}
	return fmt.Sprintf("%d at most", n)
}

func superSeeding(s engine.SuperSeed, now bool) string {
	text := map[engine.SuperSeed]string{engine.SuperSeedOn: "on", engine.SuperSeedOff: "off"}[s]
	switch {
	case now && text == "":
		return "automatic, at work"
	case now:
		return text + ", at work"
	}
	return text
}

func order(o engine.Options) string {
	var all []string
	if o.EndsFirst {
		all = append(all, "first and last piece of each file first")
	}
	if o.Sequential {
		all = append(all, "pieces in order")
	}
	return strings.Join(all, ", then ")
}
