package ui

import "piecewise/engine"

var encryptions = []struct {
	words  string
	policy engine.EncryptionPolicy
}{
	{"if the peer wants it", engine.EncryptionAllow},
	{"whenever the peer can", engine.EncryptionPrefer},
	{"always: others are not connected", engine.EncryptionRequire},
	{"never", engine.EncryptionOff},
}

var (
	automaticSlots = map[string]int{"": engine.Automatic, "automatic": engine.Automatic}
	unlimited      = map[string]int{"": engine.Unlimited, "unlimited": engine.Unlimited}
)

// peers asks how many peers there may be, who is served, and what is encrypted.
func (p *settingsPage) peers() {
	v := p.v
	number := func(label string, n *int, least int, words map[string]int, empty string) *field {
		return p.ask(label, numberText(*n), empty, numberInto(n, least, words))
	}
	p.heading("Peers", "Each torrent", "All together")
	p.row("Upload slots", number("Upload slots of each torrent", &v.Slots, 0, automaticSlots, "automatic"),
		number("Upload slots of all torrents", &v.MaxSlots, 0, unlimited, "unlimited"))
	p.row("Connections", number("Connections of each torrent", &v.TorrentConnections, 1, unlimited, "unlimited"),
		number("Connections of all torrents", &v.Connections, 1, unlimited, "unlimited"))
	p.note("Upload slots are how many peers may ask us for blocks at the same time; 0 gives nothing to anybody.")
	fastest := 0
	if v.SeedFastest {
		fastest = 1
	}
	p.row("A seed gives its slots to", p.choose([]string{"everybody in turn", "those who take the most"}, fastest,
		func(i int) { v.SeedFastest = i == 1 }))
	words, at := make([]string, len(encryptions)), 0
	for i, e := range encryptions {
		words[i] = e.words
		if e.policy == v.Encryption {
			at = i
		}
	}
	p.row("Encrypt connections", p.choose(words, at, func(i int) { v.Encryption = encryptions[i].policy }))
}
