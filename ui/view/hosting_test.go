package view

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

func TestHosting(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 5, 0, 0, time.Local)
	on := engine.Hosting{On: true, Port: 6969, TrackerStats: engine.TrackerStats{Announces: 3, Torrents: 1, Peers: 2}}
	outside, inside := on, on
	outside.Outside, inside.Inside, outside.Refused = at, at, 4
	for _, test := range []struct {
		h    engine.Hosting
		want string
	}{
		{engine.Hosting{}, "It is off."},
		{engine.Hosting{Err: "The port is taken"}, "The port is taken."},
		{on, "It answers at port 6969, over HTTP and UDP: 1 torrent, 2 peers, 3 announces. Nobody but this machine has reached it yet."},
		{inside, "It answers at port 6969, over HTTP and UDP: 1 torrent, 2 peers, 3 announces. It was reached from the local network, not yet from outside."},
		{outside, "It answers at port 6969, over HTTP and UDP: 1 torrent, 2 peers, 3 announces. 4 refused. Others reach it from outside, the last at 12:05."},
	} {
		if got := Hosting(test.h); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	for _, test := range []struct {
		h    engine.Hosting
		kind engine.PlaceKind
		want string
	}{
		{engine.Hosting{}, engine.PlaceOutside, "is off"},
		{engine.Hosting{Err: "taken"}, engine.PlaceOutside, "Nobody finds you"},
		{on, engine.PlaceHere, "Only programs on this machine"},
		{on, engine.PlaceInside, "could not be verified: none has yet. A firewall may have to let in port 6969 for the tracker and port 42 for peers"},
		{inside, engine.PlaceInside, "the last at 12:05. From outside"},
		{inside, engine.PlaceOutside, "could not be verified: nobody from outside has yet"},
		{outside, engine.PlaceInside, "could not be verified"},
		{outside, engine.PlaceOutside, "Others reach it from outside"},
	} {
		if got := Reach(test.h, test.kind, 42); !strings.Contains(got, test.want) {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	for kind, want := range map[engine.PlaceKind]string{engine.PlaceOutside: "everybody", engine.PlaceInside: "local network", engine.PlaceHere: "this machine"} {
		if got := PlaceName(engine.Place{Addr: netip.MustParseAddr("192.0.2.1"), Kind: kind}); !strings.HasPrefix(got, "192.0.2.1: ") || !strings.Contains(got, want) {
			t.Errorf("%q", got)
		}
	}
}
