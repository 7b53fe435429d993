package dht

import (
	"net/netip"
	"time"
)

const (
	maxUnanswered = 6                // questions to a host without any answer,
	leaveAlone    = 10 * time.Minute // and it is left alone for so long
	maxGuarded    = 4096             // hosts that we remember
	maxAnswers    = 20               // answers a second to one host
)

// guard says whom we may send something: what strangers say must not aim us at anybody.
type guard struct {
	loopback   bool
	privileged bool // ports below 1024 are allowed
	refuses    func(netip.Addr) bool
	silent     map[netip.Addr]*silence
	answers    map[netip.Addr]int // in this second
	second     time.Time
}

type silence struct {
	asked int
	since time.Time
}

func newGuard(loopback bool, refuses func(netip.Addr) bool) *guard {
	return &guard{loopback: loopback, refuses: refuses, silent: map[netip.Addr]*silence{}, answers: map[netip.Addr]int{}}
}

// address reports whether there may be a node at an address at all.
func (g *guard) address(a netip.AddrPort) bool {
	ip := a.Addr()
	if !a.IsValid() || a.Port() == 0 || ip.Zone() != "" {
		return false
	}
	if g.refuses != nil && g.refuses(ip) {
		return false
	}
	if g.loopback {
		return ip.IsLoopback()
	}
	if ip.IsLoopback() || ip.IsUnspecified() || ip.IsMulticast() || ip.IsInterfaceLocalMulticast() || ip == broadcast || ip.Is4() && ip.As4()[0] == 0 {
		return false
	}
	return g.privileged || a.Port() >= 1024
}

// host is what counts as one: an IPv4 address, or 64 bits of an IPv6 one.
func host(ip netip.Addr) netip.Addr {
	if ip.Is4() {
		return ip
	}
	p, _ := ip.Prefix(64) // it has as many
	return p.Addr()
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// ask reports whether an address may be asked something now, and notes that it is.
func (g *guard) ask(a netip.AddrPort, now time.Time) bool {
	if !g.address(a) {
		return false
	}
	if g.loopback {
		return true // everybody has the same address
	}
	s := g.silent[host(a.Addr())]
	if s == nil || now.Sub(s.since) > leaveAlone {
		if len(g.silent) >= maxGuarded {
			g.forget(now)
		}
		s = &silence{since: now}
		g.silent[host(a.Addr())] = s
	}
	if s.asked >= maxUnanswered {
		return false
	}
	s.asked++
	return true
}

// answered notes that somebody answers at an address.
func (g *guard) answered(a netip.AddrPort) { delete(g.silent, host(a.Addr())) }

// forget makes room: for those whose time is over, or for half of all.
func (g *guard) forget(now time.Time) {
	for ip, s := range g.silent {
		if now.Sub(s.since) > leaveAlone {
			delete(g.silent, ip)
		}
	}
	for ip := range g.silent {
		if len(g.silent) <= maxGuarded/2 {
			return
		}
		delete(g.silent, ip)
	}
}

// answer reports whether an address gets an answer now: it may be forged, and then
// answers would go to somebody who has asked nothing.
func (g *guard) answer(a netip.AddrPort, now time.Time) bool {
	if now.Sub(g.second) >= time.Second {
		clear(g.answers)
		g.second = now
	}
	most := maxAnswers
	if g.loopback {
		most *= 50
	}
	if n := g.answers[host(a.Addr())]; n >= most || len(g.answers) >= maxGuarded {
		return false
	}
	g.answers[host(a.Addr())]++
	return true
}
