package engine

import (
	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/plane"
)

// The shapes of limits and choices, under the names by which the program knows
// them.
type (
	// Limits are rates of payload in bytes/s: 0 allows nothing, Unlimited everything.
	Limits = plane.Limits
	// Options are what the user chooses for one torrent; start from those of its
	// row, or from DefaultOptions.
	Options = plane.Options
	// Weight is a torrent's share of what torrents can have together under a limit.
	Weight = plane.Weight
	// SuperSeed is when a torrent of which we have everything is super-seeded.
	SuperSeed = plane.SuperSeed
	// Timetable is a week of periods.
	Timetable = limit.Timetable
	// Period is a time of day on some weekdays, in minutes after midnight by the
	// clock on the wall; one that ends before it begins ends on the day after.
	Period = limit.Period
	// Days is a set of weekdays: the bit 1<<time.Sunday for Sunday and so on.
	Days = limit.Days
)

// See plane.Unlimited, plane.Automatic and plane.AsSession.
const (
	Unlimited = plane.Unlimited
	Automatic = plane.Automatic
	AsSession = plane.AsSession
	EveryDay  = limit.EveryDay
)

// The weights of a torrent.
const (
	WeightNormal = plane.WeightNormal
	WeightLow    = plane.WeightLow
	WeightHigh   = plane.WeightHigh
)

// The ways to super-seed, see plane.SuperSeed.
const (
	SuperSeedAutomatic = plane.SuperSeedAutomatic
	SuperSeedOn        = plane.SuperSeedOn
	SuperSeedOff       = plane.SuperSeedOff
)

// NoLimits allow everything.
var NoLimits = plane.NoLimits

// DefaultOptions are those of a torrent for which nothing was chosen: no limits
// of its own, and the rest as the settings say.
func DefaultOptions() Options { return plane.DefaultOptions() }
