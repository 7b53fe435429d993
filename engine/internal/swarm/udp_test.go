package swarm

import (
	"net"
	"net/netip"
	"slices"
	"testing"
)

func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	l.Close()
}

// Where no particular address is asked for, there is a UDP socket for each IP
// version, on the port that TCP has.
func TestListenUDP(t *testing.T) {
	needIPv6(t)
	c, err := New(Config{Loopback: true, UTP: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got, want []string
	for _, pc := range c.udp {
		got = append(got, pc.LocalAddr().String())
	}
	for _, ip := range []string{"127.0.0.1", "::1"} {
		want = append(want, netip.AddrPortFrom(netip.MustParseAddr(ip), uint16(c.Port())).String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("there are sockets on %q, want %q", got, want)
	}
}
