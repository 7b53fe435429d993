package ipfilter

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// countMax is up to how many refused addresses are told apart.
const countMax = 1 << 16

// Gate has the Filter of now and counts the addresses that it refused. Its methods may
// be called from any goroutine and return at once. The zero value refuses nobody.
type Gate struct {
	now atomic.Pointer[Filter]
	// shut refuses everybody and counts nobody: the Filter is still being made.
	shut atomic.Bool

	mu      sync.Mutex
	refused map[netip.Addr]struct{}
	count   atomic.Int64
}

// Set has a Filter hold from now on; nil refuses nobody.
func (g *Gate) Set(f *Filter) {
	g.now.Store(f)
	g.shut.Store(false)
}

// Shut refuses everybody until Set.
func (g *Gate) Shut() { g.shut.Store(true) }

// Refuses reports whether an address is refused, and counts it if it is new.
func (g *Gate) Refuses(ip netip.Addr) bool {
	if g.shut.Load() {
		return true
	}
	if !g.now.Load().Has(ip) {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, known := g.refused[ip]; known || len(g.refused) >= countMax {
		return true
	}
	if g.refused == nil {
		g.refused = map[netip.Addr]struct{}{}
	}
	g.refused[ip] = struct{}{}
	g.count.Store(int64(len(g.refused)))
	return true
}

// Refused returns how many addresses were refused, of which the first 65,536 are told
// apart.
func (g *Gate) Refused() int { return int(g.count.Load()) }
