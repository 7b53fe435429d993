package tracker

import (
	"encoding/binary"
	"net/netip"
)

// view is how somebody who asks sees this machine and its network. The zero value
// sees it from outside and knows no address of it.
type view struct {
	plain  bool       // from this machine: addresses are told as they are
	inside bool       // from the local network
	v4, v6 netip.Addr // by which this machine is reached from there; may be invalid
}

// shared is the space that providers put between their customers and the world
// (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// local reports whether an address means nothing outside a local network.
func local(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLinkLocalUnicast() || shared.Contains(ip)
}

// viewOf returns the view of who asks from an address, by one of ours, which may be
// invalid or unspecified if it is not known; here are other addresses of ours.
func viewOf(from, at netip.Addr, here []netip.Addr) view {
	if from.IsLoopback() {
		return view{plain: true}
	}
	v := view{inside: local(from)}
	for _, ip := range append([]netip.Addr{at}, here...) {
		if !ip.IsValid() || ip.IsUnspecified() || ip.IsLoopback() || local(ip) && !v.inside {
			continue
		}
		if dst := v.family(ip.Is4()); !dst.IsValid() || local(ip) && !local(*dst) {
			*dst = ip
		}
	}
	return v
}

func (v *view) family(is4 bool) *netip.Addr {
	if is4 {
		return &v.v4
	}
	return &v.v6
}

// see returns how the peer at an address is reached from where the view is, nil if
// it is not: a peer on this machine by an address of this machine; one of our local
// network, from outside, by the address that the network has there.
func (v *view) see(buf *[v6Width]byte, addr []byte) []byte {
	ip := ipOf(addr)
	if !ip.IsLoopback() && (v.inside || !local(ip)) {
		return addr
	}
	as := *v.family(ip.Is4())
	if !as.IsValid() {
		return nil
	}
	return put(buf, netip.AddrPortFrom(as, binary.BigEndian.Uint16(addr[len(addr)-2:])))
}
