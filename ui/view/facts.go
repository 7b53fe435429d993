package view

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"piecewise/engine"
	"piecewise/ui/format"
)

// Fact is one line of the overview of a torrent.
type Fact struct{ Label, Text string }

// Facts tells all that is known of a torrent, at a moment. Facts about which
// nothing is known are left out.
func Facts(t *engine.Torrent, now time.Time) []Fact {
	facts := []Fact{
		{"Name", title(t)},
		{"Status", Sentence(t)},
		{"Saved in", format.Text(t.Dir)},
		{"When complete in", format.Text(t.Final)},
		{"Info hash", t.ID.String()},
		{"Downloaded", fmt.Sprintf("%s of %s wanted; %s in all its life", format.Size(t.Have), format.Size(t.Wanted), format.Size(t.Downloaded))},
		{"Uploaded", fmt.Sprintf("%s, ratio %s", format.Size(t.Uploaded), format.Ratio(t.Ratio()))},
		{"Wasted", wasted(t.Wasted, t.HashFailures)},
		{"Protocol", protocol(t.ProtocolReceived, t.ProtocolSent, t.ProtocolDown, t.ProtocolUp)},
		{"Trackers", fmt.Sprintf("%d, of which %d work", t.Trackers, t.TrackersWorking)},
		{"Tracker trouble", trouble(t)},
		{"Next announce", format.In(t.NextAnnounce, now)},
		{"Added", format.Moment(t.Added)},
		{"Finished", format.Moment(t.Finished)},
	}
	facts = append(facts, moveFacts(t.Move)...)
	facts = append(facts, optionFacts(t)...)
	if t.Meta != nil {
		facts = append(facts, metaFacts(t.Meta)...)
	}
	known := facts[:0]
	for _, f := range facts {
		if f.Text != "" && f.Text != format.None {
			known = append(known, f)
		}
	}
	return known
}

// trouble tells of the trackers' trouble; "" if there is none.
func trouble(t *engine.Torrent) string {
	if t.TrackerErr == "" {
		return ""
	}
	return trackerTrouble(t)
}

// wasted tells of payload that came in vain; "" if there was none.
func wasted(bytes int64, failures int) string {
	text := ""
	if bytes > 0 {
		text = format.Size(bytes) + " came twice, too late or wrong"
	}
	if failures > 0 {
		text = strings.TrimPrefix(text+"; "+format.Plural(failures, "piece", "pieces")+" failed the hash", "; ")
	}
	return text
}

// protocol tells of all bytes that are not payload; "" before there were any.
func protocol(received, sent, down, up int64) string {
	if received == 0 && sent == 0 && down == 0 && up == 0 {
		return ""
	}
	return fmt.Sprintf("%s received and %s sent since the start of the program, besides the pieces; now ↓%s ↑%s",
		format.Size(received), format.Size(sent), rate(down), rate(up))
}

func metaFacts(m *engine.Meta) []Fact {
	private := ""
	if m.Private {
		private = "yes: peers come from its trackers only"
	}
	v2 := ""
	if m.HashV2 != [32]byte{} {
		v2 = hex.EncodeToString(m.HashV2[:])
	}
	return []Fact{
		{"Info hash, v2", v2},
		{"Size", fmt.Sprintf("%s in %s", format.Size(m.Size), format.Plural(len(m.Files), "file", "files"))},
		{"Pieces", fmt.Sprintf("%s of %s", format.Count(m.Pieces), format.Size(m.PieceLength))},
		{"Format", m.Version},
		{"Private", private},
		{"Comment", format.Text(m.Comment)},
		{"Made with", format.Text(m.CreatedBy)},
		{"Made on", format.Moment(m.Created)},
		{"Its trackers", format.Text(strings.Join(flatten(m.Trackers), ", "))},
		{"Its web seeds", format.Text(strings.Join(m.WebSeeds, ", "))},
	}
}

func flatten(tiers [][]string) []string {
	var all []string
	for _, tier := range tiers {
		all = append(all, tier...)
	}
	return all
}

// Totals is what the status bar shows.
type Totals struct {
	Down, Up, Torrents, Peers, DHT, Free string

	Limits  Held
	Way     Held
	Port    Held
	Traffic string // the hint of Down and Up
	Nodes   string // that of DHT
}

// Total sums a snapshot up; torrents is how many are in the list.
func Total(s *engine.Snapshot, torrents int) Totals {
	return Totals{
		Down:     "↓" + rate(s.Down) + " (" + format.Size(s.Downloaded) + ")",
		Up:       "↑" + rate(s.Up) + " (" + format.Size(s.Uploaded) + ")",
		Torrents: format.Plural(torrents, "torrent", "torrents"),
		Peers:    peers(s.Peers),
		Port:     Port(s),
		DHT:      dht(s.DHT),
		Nodes:    nodes(s.DHT),
		Free:     free(s.Free),
		Limits:   Limits(s),
		Way:      Way(s.Way),
		Traffic:  traffic(s),
	}
}

// traffic tells what Down and Up do not count.
func traffic(s *engine.Snapshot) string {
	text := "Rates and totals are of the pieces themselves"
	if p := protocol(s.ProtocolReceived, s.ProtocolSent, s.ProtocolDown, s.ProtocolUp); p != "" {
		text += "; protocol: " + p
	}
	if w := wasted(s.Wasted, s.HashFailures); w != "" {
		text += "; wasted: " + w
	}
	return text
}

func rate(bytes int64) string {
	if bytes <= 0 {
		return "0 B/s"
	}
	return format.Rate(bytes)
}

func free(bytes int64) string {
	if bytes < 0 {
		return "free space unknown"
	}
	return format.Size(bytes) + " free"
}
