package view

import (
	"fmt"

	"piecewise/engine"
	"piecewise/ui/format"
)

// dht is the DHT in a few words.
func dht(s engine.DHTStatus) string {
	switch {
	case !s.On:
		return "DHT off"
	case s.Nodes == 0:
		return "DHT: no nodes"
	}
	return "DHT " + format.Plural(s.Nodes, "node", "nodes")
}

// nodes says more of it.
func nodes(s engine.DHTStatus) string {
	if !s.On {
		return "The DHT, which finds peers without a tracker, is off for all torrents"
	}
	text := "The DHT finds peers without a tracker; private torrents are never in it"
	if s.Answered.IsZero() {
		return text + ". Nobody has answered yet"
	}
	text += ". Last answer at " + s.Answered.Format("15:04:05")
	if s.Torrents > 0 {
		text += ". " + format.Plural(s.Torrents, "info hash", "info hashes") + " announced"
	}
	if s.Waiting > 0 {
		text += fmt.Sprintf(", %d of them wait for their turn", s.Waiting)
	}
	return text
}
