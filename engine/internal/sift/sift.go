// Package sift says which addresses of peers may be dialled, among those that others
// name. Who names addresses may want us to aim at somebody: so each source has a bound,
// each host has one, and there are addresses at which no peer of a stranger can be.
//
// The rules are pure; one goroutine may use a Sieve at a time.
package sift

import (
	"net/netip"
	"slices"
	"time"

	"piecewise/engine/internal/plane"
)

// Rules hold for all torrents.
type Rules struct {
	Loopback   bool                      // there is nothing but loopback, and that is allowed
	Privileged bool                      // so are ports below 1024
	Own        func(netip.AddrPort) bool // our own addresses; nil knows none
}

const (
	window   = 10 * time.Minute // so long the bounds hold
	perHost  = 4                // ports of one host, of IPv6 of one network of 64 bits
	maxHosts = 4096             // that a Sieve remembers
	maxPeers = 256              // peers that named some, likewise

	firstPort = 1024 // of those that need no privilege
)

// most is how many addresses each source may name in a window, all in all.
var most = map[plane.Origin]int{
	plane.OriginTracker: 2000,
	plane.OriginDHT:     1000,
	plane.OriginPEX:     1000,
	plane.OriginLSD:     200,
	plane.OriginMagnet:  100,
}

// byPeer is how many of them one peer may name (BEP 11).
const byPeer = 200

// Sieve lets through what others name of one torrent. The zero value is ready.
type Sieve struct {
	since time.Time
	of    map[plane.Origin]int
	by    map[netip.Addr]int
	hosts map[netip.Addr]ports
}

// ports are those of one host that were let through; they may be again.
type ports struct {
	all [perHost]uint16
	n   int
}

// Pass returns those of the addresses that may be dialled, in their order and without
// the second of two equal ones. named by a peer (PEX), its address is by; else by is the
// zero value. What the user has named passes as it is.
func (s *Sieve) Pass(r Rules, from plane.Origin, by netip.Addr, all []netip.AddrPort, now time.Time) []netip.AddrPort {
	if from == plane.OriginManual {
		return all
	}
	if s.of == nil || now.Sub(s.since) > window {
		*s = Sieve{since: now, of: map[plane.Origin]int{}, by: map[netip.Addr]int{}, hosts: map[netip.Addr]ports{}}
	}
	var out []netip.AddrPort
	seen := map[netip.AddrPort]bool{}
	for _, a := range all {
		a = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
		if seen[a] || !r.Dialable(a) {
			continue
		}
		seen[a] = true
		h, here := Host(a.Addr()), r.Loopback && (a.Addr() == loopback4 || a.Addr() == loopback6)
		switch {
		case here && by.IsValid(): // where everybody is
			if !s.spend(from, by) {
				continue
			}
		case !here && !s.hosts[h].has(a.Port()) && (!s.mayAdd(h) || !s.spend(from, by)):
			continue
		case !here:
			s.add(h, a.Port())
		}
		out = append(out, a)
	}
	return out
}

// spend counts an address of a source, false if it has had enough.
func (s *Sieve) spend(from plane.Origin, by netip.Addr) bool {
	if s.of[from] >= most[from] {
		return false
	}
	if by.IsValid() {
		by = Host(by)
		if n, known := s.by[by]; n >= byPeer || !known && len(s.by) >= maxPeers {
			return false
		}
		s.by[by]++
	}
	s.of[from]++
	return true
}

func (p ports) has(port uint16) bool { return slices.Contains(p.all[:p.n], port) }

// mayAdd reports whether one more port of a host may be let through.
func (s *Sieve) mayAdd(h netip.Addr) bool {
	p, known := s.hosts[h]
	return p.n < perHost && (known || len(s.hosts) < maxHosts)
}

func (s *Sieve) add(h netip.Addr, port uint16) {
	p := s.hosts[h]
	if !p.has(port) {
		p.all[p.n] = port
		p.n++
		s.hosts[h] = p
	}
}

var (
	loopback4 = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	loopback6 = netip.IPv6Loopback()
	broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
)

// Host is what counts as one host: an IPv4 address, or 64 bits of an IPv6 one. Those of
// a local network share such a one and are told apart.
func Host(ip netip.Addr) netip.Addr {
	if ip = ip.Unmap(); ip.Is4() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsPrivate() {
		return ip
	}
	p, _ := ip.WithZone("").Prefix(64) // it has as many
	return p.Addr()
}

// Dialable reports whether a peer that a stranger names may be at an address at all.
func (r Rules) Dialable(a netip.AddrPort) bool {
	ip := a.Addr().Unmap()
	switch {
	case !a.IsValid() || a.Port() == 0 || ip.Zone() != "":
		return false
	case r.Loopback:
		return ip.IsLoopback() && (r.Own == nil || !r.Own(a))
	case ip.IsLoopback() || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast:
		return false
	case ip.Is4() && (ip.As4()[0] == 0 || ip.As4()[0] >= 240):
		return false
	case a.Port() < firstPort && !r.Privileged:
		return false
	}
	return r.Own == nil || !r.Own(a)
}
