package test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
)

var (
	network = 1 + rand.IntN(250) // so that two test runs at once rarely meet
	host    atomic.Int32
)

// Address returns an address of its own on this machine, with a port that is free
// for TCP and UDP.
func Address(t testing.TB) netip.AddrPort {
	t.Helper()
	n := host.Add(1)
	ip := fmt.Sprintf("127.%d.%d.%d", network, n/200, 1+n%200)
	l, err := net.Listen("tcp4", ip+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}
