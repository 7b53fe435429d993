package swarm

import (
	"net/netip"
	"sync"

	"piecewise/engine/internal/plane"
)

// maxOrigins bounds what trackers can make us remember of one torrent.
const maxOrigins = 2_000

// origins remembers from whom we learned of addresses.
// The zero value is ready; any goroutine may call it.
type origins struct {
	mu sync.Mutex
	of map[netip.AddrPort]plane.Origin
}

// learn remembers the addresses, in the place of any others if there are too
// many. What the user named stays so, whoever names it again.
func (o *origins) learn(addrs []netip.AddrPort, origin plane.Origin) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of == nil {
		o.of = map[netip.AddrPort]plane.Origin{}
	}
	for _, a := range addrs {
		a = unmap(a)
		if o.of[a] == plane.OriginManual {
			continue
		}
		o.of[a] = origin
		for other := range o.of {
			if len(o.of) <= maxOrigins {
				break
			}
			if other != a {
				delete(o.of, other)
			}
		}
	}
}

// count returns how many are remembered.
func (o *origins) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.of)
}

// fill sets the Origin of those peers that have none.
func (o *origins) fill(peers []plane.Peer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range peers {
		if p := &peers[i]; p.Origin == plane.OriginUnknown {
			p.Origin = o.of[unmap(p.Addr)]
		}
	}
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
