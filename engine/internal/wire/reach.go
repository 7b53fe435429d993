package wire

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// reached is when somebody from outside connected last, over IPv4 and IPv6; Unix
// nanoseconds, 0 for never.
type reached [2]atomic.Int64

// Reached returns when a peer with a public address last connected to us and shook
// hands, over IPv4 and over IPv6; zero for never. Rebind does not forget it.
func (n *Net) Reached() (v4, v6 time.Time) {
	at := func(i int) time.Time {
		if ns := n.reached[i].Load(); ns != 0 {
			return time.Unix(0, ns)
		}
		return time.Time{}
	}
	return at(0), at(1)
}

// reach takes note of somebody who connected to us.
func (n *Net) reach(ip netip.Addr) {
	if !public(ip) {
		return
	}
	i := 0
	if ip.Unmap().Is6() {
		i = 1
	}
	n.reached[i].Store(time.Now().UnixNano())
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // of carriers, RFC 6598

// public reports whether an address is one of the Internet, from where nobody reaches
// us unless our port is open.
func public(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}
