package view

import (
	"fmt"
	"testing"

	"piecewise/engine"
)

func TestWay(t *testing.T) {
	for _, c := range []struct {
		way  engine.Way
		want string
	}{
		{engine.Way{}, ""},
		{engine.Way{Bound: "wg0"}, "bound to wg0"},
		{engine.Way{Bound: "wg0", Closed: "wg0 is gone: nothing leaves"}, "wg0 is gone: nothing leaves"},
		{engine.Way{Bound: "wg0", Proxy: "SOCKS5 h:1", Anonymous: true}, "bound to wg0, through a proxy, anonymous"},
		{engine.Way{Proxy: "SOCKS5 h:1", Failed: "refused"}, "the proxy fails"},
	} {
		if got := Way(c.way).Text; got != c.want {
			t.Errorf("%+v is shown as %q, want %q", c.way, got, c.want)
		}
	}
}

func TestEveryFieldOfTheWayIsShown(t *testing.T) {
	show := func(w *engine.Way) string { return fmt.Sprint(Way(*w)) }
	checkShown(t, []engine.Way{{}}, show, nil)
}
