package view

import (
	"net/netip"
	"testing"

	"piecewise/engine"
)

func TestFetching(t *testing.T) {
	from := netip.MustParseAddrPort("1.2.3.4:5")
	for want, row := range map[string]engine.Torrent{
		"Getting the torrent's details: 3 of 12 pieces from 1.2.3.4:5":      {Fetch: &engine.Fetch{Came: 3, Of: 12, From: from, Problem: engine.WrongData}},
		"No details yet: no peers are known":                                {Fetch: &engine.Fetch{Problem: engine.NoPeersKnown}},
		"No details yet: none of the 7 peers that are known can be reached": {Fetch: &engine.Fetch{Known: 7, Problem: engine.NobodyThere}},
		"No details yet: the 2 peers that we have do not know them either":  {Peers: 2, Fetch: &engine.Fetch{Problem: engine.NobodyHasIt}},
		"No details yet: those who know them refuse to send them":           {Peers: 2, Fetch: &engine.Fetch{Problem: engine.AllRefuse}},
		"No details yet: 1 peer connected, and nothing comes from them":     {Peers: 1, Fetch: &engine.Fetch{Problem: engine.NothingCame}},
		"No details yet: what peers sent is not what the link names":        {Peers: 1, Fetch: &engine.Fetch{Problem: engine.WrongData}},
		"Getting the torrent's details from 1 peer":                         {Peers: 1, Fetch: &engine.Fetch{}},
		"Getting the torrent's details from peers: asking the tracker":      {Trackers: 1, Fetch: &engine.Fetch{}},
	} {
		row.State = engine.Metadata
		if got := Sentence(&row); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestEveryFieldOfAFetchIsShown(t *testing.T) {
	show := func(f *engine.Fetch) string {
		return Fetching(&engine.Torrent{State: engine.Metadata, Fetch: f})
	}
	checkShown(t, []engine.Fetch{{Of: 40}, {Problem: engine.NobodyThere}}, show, nil)
}
