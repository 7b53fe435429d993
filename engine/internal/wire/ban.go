package wire

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// MaxBans is how many culprits are refused at once. One more, and the one that
// was banned first may come back.
const MaxBans = 4096

// ErrBanned ends and refuses connections with a peer that is banned, ErrFiltered with
// one that Config.Refuses.
var (
	ErrBanned   = errors.New("the peer is banned")
	ErrFiltered = errors.New("the peer's address is filtered")
)

var errOffender = errors.New("the peer broke the rules a moment ago")

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
	n.mu.Unlock()
	n.end(ErrBanned, func(peer netip.AddrPort) bool { return Culprit(peer) == bad })
}

// Refilter closes the connections with peers that Config.Refuses now.
func (n *Net) Refilter() {
	if n.refused != nil {
		n.end(ErrFiltered, func(peer netip.AddrPort) bool { return n.refused(peer.Addr()) })
	}
}

// end closes the connections with some peers.
func (n *Net) end(why error, with func(netip.AddrPort) bool) {
	n.mu.Lock()
	var theirs []*Conn
	for c := range n.conns {
		if with(c.info.Addr) {
			theirs = append(theirs, c)
		}
	}
	n.mu.Unlock()
	for _, c := range theirs {
		c.Close(why)
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

// offence is why a connection ended whose peer broke the rules.
type offence struct{ error }

func (o offence) Unwrap() error { return o.error }

const (
	grudge     = time.Minute // so long an offender is refused
	strikesOut = 8           // failed handshakes, each within a grudge of the last, that make one
)

// strikes are those of one culprit.
type strikes struct {
	n     int
	until time.Time // then they are forgotten
}

// resent remembers what a peer did. Somebody who broke the rules may come back in
// a while, for it may have been an error; but not at once, and again and again.
func (n *Net) resent(addr netip.AddrPort, more int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	bad, now := Culprit(addr), time.Now()
	s := n.strikes[bad]
	if now.After(s.until) {
		s.n = 0
	}
	if n.strikes == nil {
		n.strikes = make(map[netip.AddrPort]strikes)
	}
	n.strikes[bad] = strikes{s.n + more, now.Add(grudge)}
	for other, s := range n.strikes {
		if len(n.strikes) <= MaxBans {
			break
		}
		if now.After(s.until) || other != bad {
			delete(n.strikes, other)
		}
	}
}

// suspect looks at why the handshakes with somebody who connected failed.
func (n *Net) suspect(addr netip.AddrPort, err error) {
	var e net.Error
	late := errors.As(err, &e) && e.Timeout()
	for _, bad := range []error{errProtocol, errSync, errKey, errPad} {
		late = late || errors.Is(err, bad)
	}
	if late {
		n.resent(addr, 1)
	}
}

// refuses says whether and why an address is refused. n.mu is held.
func (n *Net) refuses(addr netip.AddrPort) error {
	if n.bans.has(addr) {
		return ErrBanned
	}
	if n.refused != nil && n.refused(addr.Addr()) {
		return ErrFiltered
	}
	if s := n.strikes[Culprit(addr)]; s.n >= strikesOut && time.Now().Before(s.until) {
		return errOffender
	}
	return nil
}
