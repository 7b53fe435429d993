package view

import (
	"fmt"

	"piecewise/engine"
	"piecewise/ui/format"
)

// Fetching says how the details of a magnet come, or why they do not.
func Fetching(t *engine.Torrent) string {
	f := t.Fetch
	switch {
	case f != nil && f.Of > 0:
		return fmt.Sprintf("Getting the torrent's details: %s of %s from %s", format.Count(f.Came), format.Plural(f.Of, "piece", "pieces"), f.From)
	case f != nil && f.Problem != engine.NoProblem:
		return "No details yet: " + fetchProblem(t, f)
	case t.Peers > 0:
		return "Getting the torrent's details from " + peers(t.Peers)
	}
	return "Getting the torrent's details from peers: " + noPeers(t)
}

func fetchProblem(t *engine.Torrent, f *engine.Fetch) string {
	switch f.Problem {
	case engine.NoPeersKnown:
		if t.TrackerErr != "" {
			return noPeers(t)
		}
		return "no peers are known"
	case engine.NobodyThere:
		return "none of the " + peers(f.Known) + " that are known can be reached"
	case engine.NobodyHasIt:
		return "the " + peers(t.Peers) + " that we have do not know them either"
	case engine.AllRefuse:
		return "those who know them refuse to send them"
	case engine.NothingCame:
		return peers(t.Peers) + " connected, and nothing comes from them"
	}
	return "what peers sent is not what the link names"
}
