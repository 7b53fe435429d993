package view

import (
	"bytes"
	"cmp"
	"fmt"

	"piecewise/engine"
	"piecewise/ui/format"
)

// Column is a column of the list of torrents.
type Column int

// The columns, in the order in which they stand at first.
const (
	Name Column = iota
	Bar         // drawn from the pieces; it has no text
	Done
	Size
	Down
	Up
	ETA
	Seeds
	Peers
	Ratio
	Status

	numColumns
)

// column is how a column is shown and sorted. Falling columns start with their
// greatest value when they are sorted for the first time.
type column struct {
	key     string
	title   string
	numeric bool
	falling bool
	text    func(*Row) string
	compare func(a, b *Row) int
}

var columns = [numColumns]column{
	Name: {
		"name", "Name", false, false, func(r *Row) string { return r.Title },
		func(a, b *Row) int { return bytes.Compare(a.key, b.key) },
	},
	Bar:  {"pieces", "Pieces", false, true, nil, byShare},
	Done: {"done", "Done", true, true, func(r *Row) string { return Progress(r.Torrent) }, byShare},
	Size: {
		"size", "Size", true, true, func(r *Row) string { return sizeOf(r.Torrent) },
		by(func(r *Row) int64 { return r.Torrent.Size }),
	},
	Down: {
		"down", "↓", true, true, func(r *Row) string { return format.Rate(r.Torrent.Down) },
		by(func(r *Row) int64 { return r.Torrent.Down }),
	},
	Up: {
		"up", "↑", true, true, func(r *Row) string { return format.Rate(r.Torrent.Up) },
		by(func(r *Row) int64 { return r.Torrent.Up }),
	},
	ETA: {
		"eta", "Time left", true, false, func(r *Row) string { return timeLeft(r.Torrent) },
		by(func(r *Row) uint64 { return uint64(r.Torrent.ETA) }),
	}, // unknown, -1, comes last
	Seeds: {
		"seeds", "Seeds", true, true, func(r *Row) string { return ofSwarm(r.Torrent.Seeds, r.SwarmSeeds) },
		by(func(r *Row) int { return r.Torrent.Seeds<<20 + r.SwarmSeeds }),
	},
	Peers: {
		"peers", "Peers", true, true, func(r *Row) string { return ofSwarm(r.Torrent.Peers, r.SwarmPeers) },
		by(func(r *Row) int { return r.Torrent.Peers<<20 + r.SwarmPeers }),
	},
	Ratio: {
		"ratio", "Ratio", true, true, func(r *Row) string { return format.Ratio(r.Torrent.Ratio()) },
		by(func(r *Row) float64 { return r.Torrent.Ratio() }),
	},
	Status: {
		"status", "Status", false, false, func(r *Row) string { return Sentence(r.Torrent) },
		func(a, b *Row) int {
			return cmp.Or(cmp.Compare(a.State, b.State), bytes.Compare(a.key, b.key))
		},
	},
}

// Columns returns all columns in their first order.
func Columns() []Column {
	all := make([]Column, numColumns)
	for i := range all {
		all[i] = Column(i)
	}
	return all
}

// Key returns the name under which choices about the column are saved.
func (c Column) Key() string { return columns[c].key }

// Title returns the heading of the column.
func (c Column) Title() string { return columns[c].title }

// Numeric reports whether the column holds numbers, which stand on the right.
func (c Column) Numeric() bool { return columns[c].numeric }

// Drawn reports whether the column is a picture without text.
func (c Column) Drawn() bool { return columns[c].text == nil }

// Falling reports whether a first sort by the column puts its greatest value on
// top.
func (c Column) Falling() bool { return columns[c].falling }

func by[T cmp.Ordered](value func(*Row) T) func(a, b *Row) int {
	return func(a, b *Row) int { return cmp.Compare(value(a), value(b)) }
}

func byShare(a, b *Row) int { return cmp.Compare(Share(a.Torrent), Share(b.Torrent)) }

// Share returns how much of what is wanted is there, 0 to 1.
func Share(t *engine.Torrent) float64 {
	switch {
	case !t.Known():
		return 0
	case t.Done():
		return 1
	}
	return float64(t.Have) / float64(t.Wanted)
}

// Progress returns the share of what is wanted that is there, in percent.
func Progress(t *engine.Torrent) string {
	if !t.Known() {
		return format.None
	}
	return format.Percent(t.Have, t.Wanted)
}

func sizeOf(t *engine.Torrent) string {
	if !t.Known() {
		return format.None
	}
	return format.Size(t.Size)
}

func timeLeft(t *engine.Torrent) string {
	if t.Done() {
		return format.None
	}
	return format.Duration(t.ETA)
}

// ofSwarm returns "connected (swarm)".
func ofSwarm(connected, swarm int) string {
	if swarm < 0 {
		return format.Count(connected)
	}
	return fmt.Sprintf("%s (%s)", format.Count(connected), format.Count(swarm))
}
