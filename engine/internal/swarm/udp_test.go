package swarm

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
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

// A port that is free for TCP and taken for UDP is passed over, unless it was asked
// for: then the error says which it is.
func TestUDPTaken(t *testing.T) {
	taken, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	at := taken.LocalAddr().(*net.UDPAddr).AddrPort()
	c, err := New(Config{Loopback: true, UTP: true, Listen: at})
	if err == nil {
		c.Close()
		t.Fatal("it listens on a port that is taken")
	}
	if want := fmt.Sprintf("UDP port %d", at.Port()); !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %v", err)
	}
	if l, err := net.Listen("tcp4", at.String()); err != nil {
		t.Errorf("the TCP port is still held: %v", err)
	} else {
		l.Close()
	}
	free := freePort(t)
	c, err = New(Config{Loopback: true, UTP: true, Listen: at, Otherwise: []uint16{at.Port(), free}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Port() != int(free) || len(c.udp) == 0 {
		t.Errorf("it listens on %d, with %d UDP sockets, want %d", c.Port(), len(c.udp), free)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
