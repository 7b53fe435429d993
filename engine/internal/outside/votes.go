// Package outside gathers what others say our address is, of whom anybody may lie.
package outside

import (
	"net/netip"
	"sync"
)

const (
	maxVoters = 128 // of each IP version; one more, and the vote that is the oldest goes
	least     = 2   // votes without which an address is not believed
)

// Votes has one vote of each who says what our address is. Its methods may be called
// from any goroutine and return at once. The zero value is ready.
type Votes struct {
	mu sync.Mutex
	of [2]ballot // IPv4, IPv6
}

type ballot struct {
	order []netip.Addr // who voted, the oldest vote first
	votes map[netip.Addr]netip.Addr
}

// Tell takes a vote. What is not an address of the Internet is no vote; who votes again
// has changed his mind. Hosts of one network (of IPv4 /24, of IPv6 /48) have one vote.
func (v *Votes) Tell(by, ours netip.Addr) {
	ours = ours.Unmap()
	if !Public(ours) {
		return
	}
	voter := network(by)
	v.mu.Lock()
	defer v.mu.Unlock()
	b := &v.of[0]
	if ours.Is6() {
		b = &v.of[1]
	}
	if b.votes == nil {
		b.votes = map[netip.Addr]netip.Addr{}
	}
	if _, voted := b.votes[voter]; !voted {
		if len(b.order) == maxVoters {
			delete(b.votes, b.order[0])
			b.order = append(b.order[:0], b.order[1:]...)
		}
		b.order = append(b.order, voter)
	}
	b.votes[voter] = ours
}

// Best returns the address of an IP version that most say, and how many do; invalid
// while fewer than two agree.
func (v *Votes) Best(v6 bool) (best netip.Addr, votes int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	b := &v.of[0]
	if v6 {
		b = &v.of[1]
	}
	count := map[netip.Addr]int{}
	for _, voter := range b.order { // in order, so that of equals it is always the same
		a := b.votes[voter]
		if count[a]++; count[a] > votes {
			best, votes = a, count[a]
		}
	}
	if votes < least {
		return netip.Addr{}, 0
	}
	return best, votes
}

// Forget begins anew, when the way out has changed.
func (v *Votes) Forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.of = [2]ballot{}
}

func network(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	bits := 24
	if ip.Is6() {
		bits = 48
	}
	if p, err := ip.Prefix(bits); err == nil {
		return p.Addr()
	}
	return ip
}

var shared = netip.MustParsePrefix("100.64.0.0/10") // of carriers, RFC 6598

// Public reports whether an address is one of the Internet.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsGlobalUnicast() && !ip.IsPrivate() && !shared.Contains(ip)
}
