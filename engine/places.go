package engine

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"

	"piecewise/engine/internal/outside"
	"piecewise/engine/internal/portmap"
	"piecewise/engine/internal/route"
)

// Place is an address at which this machine is reached.
type Place struct {
	Addr netip.Addr
	Kind PlaceKind
	Port int // at which our own tracker is reached there, if that is not the one that it listens on; else 0
}

// PortOr returns the port at which our own tracker is reached that listens on the given one.
func (p Place) PortOr(listens int) int {
	if p.Port != 0 {
		return p.Port
	}
	return listens
}

// PlaceKind is who may reach an address.
type PlaceKind uint8

// The kinds of places.
const (
	PlaceOutside PlaceKind = iota // a public address of this machine: everybody, unless a firewall is in the way
	PlaceMapped                   // that of our router, which lets others in: everybody
	PlaceSeen                     // that of our router, as other trackers see it: everybody, if the router lets them in
	PlaceInside                   // those in the same local network
	PlaceHere                     // this machine only
)

// AnnounceURL is the address of our own tracker at a place.
func AnnounceURL(at netip.Addr, port int) string {
	return "http://" + net.JoinHostPort(at.String(), strconv.Itoa(port)) + announcePath
}

const announcePath = "/announce"

// Places returns where others may reach our own tracker, the best first. It asks the
// system, whether the tracker is on or off.
func (e *Engine) Places(ctx context.Context) ([]Place, error) {
	var find func() []Place
	err := e.do(ctx, func(s *state) error {
		find = s.hostPlaces(s.hostAt())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return find(), nil
}

// hostPlaces returns what finds the places of who listens at an address, on any goroutine.
func (s *state) hostPlaces(at netip.AddrPort) func() []Place {
	var known []Place
	if mapped, ok := s.hostMapped(); ok {
		known = append(known, mapped)
	}
	for _, ip := range s.seenAt() {
		if len(known) == 0 || ip != known[0].Addr {
			known = append(known, Place{Addr: ip, Kind: PlaceSeen})
		}
	}
	var policy route.Policy
	if s.route != nil {
		policy = s.route.Policy()
	}
	return func() []Place { return findPlaces(at.Addr(), policy, known) }
}

// hostMapped returns where the router lets others reach our own tracker, if it does, or
// would if the tracker were on: the port of peers is let in then.
func (s *state) hostMapped() (Place, bool) {
	if !s.settings.PortMapping || s.hosting.mapper == nil {
		return Place{}, false
	}
	m, port := s.hosting.mapper.Status(), 0
	if x := s.hosting.host; x != nil {
		if port = int(m.TCP); port == int(x.Addr().Port()) {
			port = 0
		}
	} else {
		m = s.reach.mapper.Status()
	}
	ip := m.External.Unmap()
	return Place{ip, PlaceMapped, port}, m.State == portmap.Mapped && outside.Public(ip)
}

// seenAt returns our addresses as other people's trackers see them (BEP 24), one of each
// family: that which the most trackers tell.
func (s *state) seenAt() []netip.Addr {
	told := map[netip.Addr]map[string]bool{}
	for _, t := range s.order {
		for _, st := range t.trackers {
			ip := st.External.Unmap()
			if u, err := url.Parse(st.URL); err == nil && ip.IsValid() && placeKind(ip) == PlaceOutside && ip.IsGlobalUnicast() {
				if told[ip] == nil {
					told[ip] = map[string]bool{}
				}
				told[ip][u.Hostname()] = true
			}
		}
	}
	var best [2]netip.Addr // of IPv4, of IPv6
	for ip, by := range told {
		b := &best[ip.BitLen()/128]
		if !b.IsValid() || len(by) > len(told[*b]) || len(by) == len(told[*b]) && ip.Less(*b) {
			*b = ip
		}
	}
	return slices.DeleteFunc(best[:], func(ip netip.Addr) bool { return !ip.IsValid() })
}

// findPlaces returns the addresses of this machine at which somebody is reached who
// listens at an address, or all if it is unspecified, as far as the policy has it, and
// those that are known from elsewhere. It asks the system.
func findPlaces(at netip.Addr, policy route.Policy, known []Place) []Place {
	if policy.Address.IsValid() {
		at = policy.Address
	}
	at = at.Unmap()
	if !at.IsUnspecified() { // others see us at another address, perhaps, but the router knows
		known = slices.DeleteFunc(known, func(p Place) bool { return p.Kind != PlaceMapped })
	}
	if !at.IsUnspecified() && policy.Interface == "" {
		return placesOf([]netip.Addr{at}, known)
	}
	all := addressesOf(policy.Interface)
	if !at.IsUnspecified() { // only one IP version is listened on
		all = slices.DeleteFunc(all, func(ip netip.Addr) bool { return ip.Is4() != at.Is4() })
	}
	return placesOf(all, known)
}

// addressesOf returns those of a network interface, or of all if it has no name.
func addressesOf(link string) (all []netip.Addr) {
	addrs, err := net.InterfaceAddrs()
	if link != "" {
		var i *net.Interface
		if i, err = net.InterfaceByName(link); err == nil {
			addrs, err = i.Addrs()
		}
	}
	if err != nil {
		return nil // it is gone
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p.Addr().Unmap())
		}
	}
	return all
}

// placesOf orders addresses by who can reach them, and leaves out those that mean
// nothing without the name of an interface.
func placesOf(addrs []netip.Addr, known []Place) []Place {
	var places []Place
	for _, p := range known {
		if !slices.Contains(addrs, p.Addr) {
			places = append(places, p)
		}
	}
	for _, ip := range addrs {
		if ip = ip.Unmap().WithZone(""); !ip.IsLinkLocalUnicast() && !ip.IsMulticast() && !ip.IsUnspecified() {
			places = append(places, Place{Addr: ip, Kind: placeKind(ip)})
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
