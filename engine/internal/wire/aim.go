package wire

import (
	"errors"
	"net/netip"
	"time"
)

// Whoever tells enough others of an address has them all dial it. So a host that is no
// peer is left alone after a few times, whatever ports of it are named, by whom, and
// for which torrents.

const (
	mostMisses = 10              // dials of a host without a handshake at the end,
	missesFor  = 5 * time.Minute // in so long
	maxMissed  = 4096            // hosts that we remember
)

var errMissed = errors.New("nobody there was a peer, again and again")

// misses are dials in vain; Net.mu guards them.
type misses map[netip.Addr]strikes

// full reports whether a host is left alone.
func (m misses) full(ip netip.Addr, now time.Time) bool {
	s := m[ip]
	return s.n >= mostMisses && now.Before(s.until)
}

// add counts a dial in vain.
func (m misses) add(ip netip.Addr, now time.Time) {
	s, known := m[ip]
	if now.After(s.until) {
		s = strikes{until: now.Add(missesFor)}
	}
	s.n++
	for other, o := range m {
		if known || len(m) < maxMissed {
			break
		}
		if now.After(o.until) || o.n < mostMisses || len(m) == maxMissed {
			delete(m, other)
		}
	}
	m[ip] = s
}

// missed counts a dial in vain, but not one of this machine: where all have one address
// its ports are no sign of anything.
func (n *Net) missed(addr netip.AddrPort) {
	if ip := host(addr.Addr()); ip != any4(true) && ip != netip.IPv6Loopback() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.misses.add(ip, time.Now())
	}
}

// met forgets dials in vain of a host where there is a peer.
func (n *Net) met(addr netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.misses, host(addr.Addr()))
}

// tired says whether a host is left alone.
func (n *Net) tired(addr netip.AddrPort) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.misses.full(host(addr.Addr()), time.Now()) {
		return errMissed
	}
	return nil
}
