package view

import (
	"net/netip"

	"piecewise/engine"
)

// BanAddress names what a ban keeps out: an address, with its port if only that
// is meant, or the network of an IPv6 address.
func BanAddress(b engine.Ban) string {
	a := b.Addr.Addr()
	switch {
	case b.Addr.Port() != 0:
		return b.Addr.String()
	case a.Is6():
		return netip.PrefixFrom(a, 64).String()
	}
	return a.String()
}
