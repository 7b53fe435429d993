package view

import (
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

// TrackerColumn is a column of the list of trackers.
type TrackerColumn int

// The columns of the list of trackers, in their order.
const (
	TrackerTier TrackerColumn = iota
	TrackerURL
	TrackerStatus
	TrackerMessage
	TrackerSeeds
	TrackerPeers
	TrackerDownloads
	TrackerLast
	TrackerNext
	TrackerOver
	TrackerSeen

	numTrackerColumns
)

var trackerColumns = [numTrackerColumns]struct {
	title   string
	numeric bool
	text    func(t *engine.Tracker, now time.Time) string
}{
	TrackerTier:      {"Tier", true, func(t *engine.Tracker, _ time.Time) string { return format.Count(t.Tier + 1) }},
	TrackerURL:       {"URL", false, func(t *engine.Tracker, _ time.Time) string { return format.Name(t.URL) }},
	TrackerStatus:    {"Status", false, func(t *engine.Tracker, _ time.Time) string { return trackerState(t.State) }},
	TrackerMessage:   {"Message", false, func(t *engine.Tracker, _ time.Time) string { return format.Text(t.Message) }},
	TrackerSeeds:     {"Seeds", true, func(t *engine.Tracker, _ time.Time) string { return format.Count(t.Seeds) }},
	TrackerPeers:     {"Leeches", true, func(t *engine.Tracker, _ time.Time) string { return format.Count(t.Peers) }},
	TrackerDownloads: {"Downloads", true, func(t *engine.Tracker, _ time.Time) string { return format.Count(t.Downloads) }},
	TrackerLast:      {"Last announce", false, func(t *engine.Tracker, now time.Time) string { return format.Ago(t.Last, now) }},
	TrackerNext:      {"Next announce", false, func(t *engine.Tracker, now time.Time) string { return format.In(t.Next, now) }},
	TrackerOver:      {"Over", false, func(t *engine.Tracker, _ time.Time) string { return orNone(t.Over) }},
	TrackerSeen:      {"Sees us as", false, func(t *engine.Tracker, _ time.Time) string { return orNone(t.Seen) }},
}

// Title returns the heading of the column.
func (c TrackerColumn) Title() string { return trackerColumns[c].title }

// Numeric reports whether the column holds numbers.
func (c TrackerColumn) Numeric() bool { return trackerColumns[c].numeric }

// Text returns what the column shows of a tracker at a moment.
func (c TrackerColumn) Text(t *engine.Tracker, now time.Time) string {
	return trackerColumns[c].text(t, now)
}

// TrackerColumns returns all columns of the list of trackers.
func TrackerColumns() []TrackerColumn {
	all := make([]TrackerColumn, numTrackerColumns)
	for i := range all {
		all[i] = TrackerColumn(i)
	}
	return all
}

var trackerStates = map[engine.TrackerState]string{
	engine.TrackerIdle:       "not contacted yet",
	engine.TrackerAnnouncing: "updating",
	engine.TrackerWorking:    "working",
	engine.TrackerFailing:    "no answer",
	engine.TrackerRefusing:   "refuses",
	engine.TrackerDisabled:   "disabled",
	engine.TrackerReserve:    "in reserve",
	engine.TrackerResting:    "paused",
}

func trackerState(s engine.TrackerState) string { return trackerStates[s] }

func orNone(text string) string {
	if text == "" {
		return format.None
	}
	return text
}

// LogTime returns when a line of the log was written, to the second.
func LogTime(l engine.LogLine) string { return l.Time.Format("15:04:05") }
