package view

import (
	"piecewise/engine"
	"piecewise/ui/format"
)

// Sentence says in plain words what a torrent does, or what it waits for and
// why.
func Sentence(t *engine.Torrent) string {
	if t.Move != nil && t.State != engine.Faulted {
		return Moving(t.Move)
	}
	switch t.State {
	case engine.Stopped:
		return paused(t)
	case engine.Starting:
		return "Starting"
	case engine.Checking:
		return checking(t)
	case engine.Metadata:
		return Fetching(t)
	case engine.Downloading:
		return downloading(t)
	case engine.Seeding:
		return seeding(t)
	}
	if t.Err == "" {
		return "Stopped by an error"
	}
	return format.Text(t.Err)
}

func paused(t *engine.Torrent) string {
	switch {
	case !t.Known():
		return "Paused, its details are not known yet"
	case t.Done():
		return "Paused, all there"
	}
	return "Paused at " + Progress(t)
}

func checking(t *engine.Torrent) string {
	if t.CheckWaits {
		return "Waiting to be checked, after another torrent on the same disk"
	}
	if !t.Known() || t.Pieces.Len() == 0 {
		return "Checking"
	}
	text := "Checking, " + format.Percent(int64(t.Checked), int64(t.Pieces.Len()))
	if t.CheckRate > 0 {
		text += ", " + format.Rate(t.CheckRate)
	}
	if t.CheckRate > 0 && t.ETA >= 0 {
		text += ", " + format.Duration(t.ETA) + " left"
	}
	return text
}

func downloading(t *engine.Torrent) string {
	limit := t.Options.Limits.Down
	switch {
	case t.Done():
		return "All there, being put in place"
	case limit == 0:
		return "Downloading nothing: its limit is nothing"
	case t.Peers == 0:
		return "Waiting for peers: " + noPeers(t)
	case t.Down == 0:
		return "Waiting for " + peers(t.Peers) + " to send"
	case t.SwarmPeers > t.Peers:
		return "Downloading from " + format.Count(t.Peers) + " of " + peers(t.SwarmPeers) + atMost(limit)
	}
	return "Downloading from " + peers(t.Peers) + atMost(limit)
}

func seeding(t *engine.Torrent) string {
	leeches := t.Peers - t.Seeds
	switch {
	case t.Wanted == 0 && t.Size > 0:
		return "All its files are skipped"
	case t.SuperSeeding && leeches <= 0:
		return "Super-seeding, nobody is asking"
	case t.SuperSeeding:
		return "Super-seeding: each of " + peers(leeches) + " sees few pieces"
	case leeches <= 0 && t.TrackersWorking == 0 && t.TrackerErr != "":
		return "Seeding, nobody is asking: " + trackerTrouble(t)
	case leeches <= 0:
		return "Seeding, nobody is asking"
	case t.Up == 0:
		return "Seeding, " + peers(leeches) + " connected"
	}
	return "Seeding to " + peers(leeches) + atMost(t.Options.Limits.Up)
}

// atMost tells of a limit of the torrent's own, which may be why it is slow.
func atMost(rate int64) string {
	if rate <= 0 {
		return ""
	}
	return ", at most " + format.Limit(rate)
}

// noPeers says why a torrent has no peers.
func noPeers(t *engine.Torrent) string {
	known := max(t.SwarmPeers, t.SwarmSeeds)
	switch {
	case t.TrackersWorking > 0 && known > 0:
		return "connecting to the " + format.Count(known) + " that the tracker knows"
	case t.TrackersWorking > 0:
		return "the tracker knows 0"
	case t.TrackerErr != "":
		return trackerTrouble(t)
	case t.Trackers > 0:
		return "asking the tracker"
	}
	return "it has no tracker, looking elsewhere"
}

// trackerTrouble tells a tracker's refusal from none that answers.
func trackerTrouble(t *engine.Torrent) string {
	if t.TrackerRefused {
		return "the tracker refuses (" + format.Text(t.TrackerErr) + ")"
	}
	return "no tracker answers (" + format.Text(t.TrackerErr) + ")"
}

func peers(n int) string { return format.Plural(n, "peer", "peers") }
