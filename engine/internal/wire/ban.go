package wire

import (
	"errors"
	"net/netip"
	"slices"
)

// MaxBans is how many culprits are refused at once. One more, and the one that
// was banned first may come back.
const MaxBans = 4096

// ErrBanned ends and refuses connections with a peer that is banned.
var ErrBanned = errors.New("the peer is banned")

// bans are the culprits that are refused; Net.mu guards them.
type bans struct {
	of    map[netip.AddrPort]struct{}
	order []netip.AddrPort // the oldest first
}

// Culprit is what of an address is banned: all ports of the machine, since a
// peer that comes back has another one, and of IPv6 the whole network of a
// customer, /64. Programs on this machine are told apart.
func Culprit(a netip.AddrPort) netip.AddrPort {
	ip := host(a.Addr())
	if ip == any4(true) || ip == netip.IPv6Loopback() {
		return netip.AddrPortFrom(ip, a.Port())
	}
	return netip.AddrPortFrom(ip, 0)
}

// host is what counts as one machine: an IPv4 address, or the network of 64 bits
// of which an IPv6 customer has all addresses. Machines of the local network
// share such a one and are told apart.
func host(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if ip.Is4() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsPrivate() {
		return ip
	}
	if network, err := ip.Prefix(64); err == nil {
		return network.Addr()
	}
	return ip
}

// Ban closes all connections with the culprit of an address and refuses it from
// now on, before any handshake.
func (n *Net) Ban(addr netip.AddrPort) {
	bad := Culprit(addr)
	n.mu.Lock()
	n.bans.add(bad)
	var theirs []*Conn
	for c := range n.conns {
		if Culprit(c.info.Addr) == bad {
			theirs = append(theirs, c)
		}
	}
	n.mu.Unlock()
	for _, c := range theirs {
		c.Close(ErrBanned)
	}
}

// Unban lets the culprit of an address connect again.
func (n *Net) Unban(addr netip.AddrPort) {
	bad := Culprit(addr)
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.bans.of, bad)
	n.bans.order = slices.DeleteFunc(n.bans.order, func(a netip.AddrPort) bool { return a == bad })
}

func (b *bans) add(bad netip.AddrPort) {
	if b.has(bad) {
		return
	}
	if b.of == nil {
		b.of = make(map[netip.AddrPort]struct{})
	}
	if len(b.order) == MaxBans {
		delete(b.of, b.order[0])
		b.order = slices.Delete(b.order, 0, 1)
	}
	b.of[bad] = struct{}{}
	b.order = append(b.order, bad)
}

func (b *bans) has(a netip.AddrPort) bool {
	_, ok := b.of[Culprit(a)]
	return ok
}
