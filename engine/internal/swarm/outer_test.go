package swarm

import (
	"net/netip"
	"testing"

	"piecewise/engine/internal/route"
)

// The router's ports are told to who is outside, over IPv4, and to the DHT.
func TestOuter(t *testing.T) {
	c, err := New(Config{Loopback: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, tt := range []struct {
		peer     string
		tcp, udp uint16
	}{
		{"8.8.8.8", 700, 800},
		{"::ffff:8.8.8.8", 700, 800},
		{"127.0.0.1", 0, 0},
		{"192.168.1.2", 0, 0},
		{"100.64.0.1", 0, 0},
		{"2a00::1", 0, 0},
	} {
		peer := netip.MustParseAddr(tt.peer)
		c.SetOuter(700, 800)
		if tcp, udp := c.outer.of(peer), c.outer.udp(peer); tcp != tt.tcp || udp != tt.udp {
			t.Errorf("%s is told %d and %d", peer, tcp, udp)
		}
		c.SetOuter(0, 0)
		if tcp, udp := c.outer.of(peer), c.outer.udp(peer); tcp != 0 || udp != 0 {
			t.Errorf("without a router %s is told %d and %d", peer, tcp, udp)
		}
	}
	for v6, want := range map[bool]int{false: 700, true: c.Port()} {
		c.SetOuter(700, 800)
		if got := c.portForNodes(v6); got != want {
			t.Errorf("nodes are told %d, not %d", got, want)
		}
		if c.SetOuter(0, 0); c.portForNodes(v6) != c.Port() {
			t.Errorf("without a router nodes are told %d", c.portForNodes(v6))
		}
	}
	c.route.SetPolicy(route.Policy{Proxy: route.Proxy{Kind: route.SOCKS5, Address: "127.0.0.1:9", Peers: true}})
	if c.SetOuter(700, 800); c.portForNodes(false) != 0 {
		t.Error("nodes are told a port at which nobody reaches us")
	}
}
