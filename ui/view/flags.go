package view

import "piecewise/engine"

// flag is one letter that tells something of a peer connection.
type flag struct {
	letter  byte
	meaning string
	set     func(*engine.Peer) bool
}

var flags = []flag{
	{'D', "sends to us, or may", func(p *engine.Peer) bool { return p.Interested && !p.Choked }},
	{'d', "has what we want but chokes us", func(p *engine.Peer) bool { return p.Interested && p.Choked }},
	{'K', "would send but has nothing we want", func(p *engine.Peer) bool { return !p.Interested && !p.Choked }},
	{'U', "receives from us, or may", func(p *engine.Peer) bool { return p.Wanted && !p.Choking }},
	{'u', "wants from us but we choke it", func(p *engine.Peer) bool { return p.Wanted && p.Choking }},
	{'?', "may receive but wants nothing", func(p *engine.Peer) bool { return !p.Wanted && !p.Choking }},
	{'O', "unchoked to see what it gives (optimistic)", func(p *engine.Peer) bool { return p.Optimistic }},
	{'S', "has left us waiting for a minute (snubbed)", func(p *engine.Peer) bool { return p.Snubbed }},
	{'R', "restricted by limits of its own", func(p *engine.Peer) bool { return p.Limits != engine.NoLimits }},
	{'F', "free of limits, in the local network", func(p *engine.Peer) bool { return p.Exempt }},
	{'I', "connected to us", from(engine.OriginIncoming)},
	{'T', "found by a tracker", from(engine.OriginTracker)},
	{'H', "found by the DHT", from(engine.OriginDHT)},
	{'X', "found by peer exchange", from(engine.OriginPEX)},
	{'L', "found on the local network", from(engine.OriginLSD)},
	{'M', "named by you", from(engine.OriginManual)},
	{'W', "a web seed, named by the torrent", from(engine.OriginMetainfo)},
	{'m', "named by a magnet link", from(engine.OriginMagnet)},
	{'E', "encrypted", func(p *engine.Peer) bool { return p.Encryption == engine.RC4 }},
	{'e', "encrypted handshake", func(p *engine.Peer) bool { return p.Encryption == engine.HeaderOnly }},
	{'P', "µTP", func(p *engine.Peer) bool { return p.Transport == engine.UTP }},
}

func from(o engine.Origin) func(*engine.Peer) bool {
	return func(p *engine.Peer) bool { return p.Origin == o }
}

// Flags returns the letters of a peer, see Legend.
func Flags(p *engine.Peer) string {
	letters := make([]byte, 0, len(flags))
	for _, f := range flags {
		if f.set(p) {
			letters = append(letters, f.letter)
		}
	}
	return string(letters)
}

// Legend says what the letters of Flags mean, one line each.
func Legend() []string {
	lines := make([]string, len(flags))
	for i, f := range flags {
		lines[i] = string(f.letter) + " " + f.meaning
	}
	return lines
}
