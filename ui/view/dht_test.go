package view

import (
	"testing"
	"time"

	"piecewise/engine"
)

func TestDHT(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	for _, c := range []struct {
		s          engine.DHTStatus
		text, hint string
	}{
		{engine.DHTStatus{}, "DHT off", "The DHT, which finds peers without a tracker, is off for all torrents"},
		{engine.DHTStatus{On: true}, "DHT: no nodes", "The DHT finds peers without a tracker; private torrents are never in it. Nobody has answered yet"},
		{
			engine.DHTStatus{On: true, Nodes: 1, Answered: at, Torrents: 2, Waiting: 1},
			"DHT 1 node",
			"The DHT finds peers without a tracker; private torrents are never in it. Last answer at 03:04:05. 2 info hashes announced, 1 of them wait for their turn",
		},
	} {
		if text, hint := dht(c.s), nodes(c.s); text != c.text || hint != c.hint {
			t.Errorf("%q, %q", text, hint)
		}
	}
}
