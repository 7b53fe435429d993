package engine

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
)

// findPlaces returns the addresses of this machine at which somebody is reached who
// listens at an address: that one, or all if it is unspecified, and those at which others
// see us. It asks the system.
func findPlaces(at netip.Addr, seen []netip.Addr) []Place {
	if at = at.Unmap(); !at.IsUnspecified() {
		return []Place{{at, placeKind(at)}}
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Addr())
		}
	}
	return placesOf(all, seen)
}

// placesOf orders addresses by who can reach them, and leaves out those that mean
// nothing without the name of an interface.
func placesOf(addrs, seen []netip.Addr) []Place {
	var places []Place
	for _, ip := range seen {
		if !slices.Contains(addrs, ip) {
			places = append(places, Place{ip, PlaceSeen})
		}
	}
	for _, ip := range addrs {
		if ip = ip.Unmap().WithZone(""); !ip.IsLinkLocalUnicast() && !ip.IsMulticast() && !ip.IsUnspecified() {
			places = append(places, Place{ip, placeKind(ip)})
		}
	}
	slices.SortStableFunc(places, func(a, b Place) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Addr.BitLen(), b.Addr.BitLen()))
	})
	return places
}

// carrierSpace is what providers put between their customers and the world (RFC 6598).
var carrierSpace = netip.MustParsePrefix("100.64.0.0/10")

func placeKind(ip netip.Addr) PlaceKind {
	switch {
	case ip.IsLoopback():
		return PlaceHere
	case ip.IsPrivate(), ip.IsLinkLocalUnicast(), carrierSpace.Contains(ip):
		return PlaceInside
	}
	return PlaceOutside
}
