package wire

import (
	"net/netip"
	"sync"
)

// door counts connections and keeps the caps.
type door struct {
	mu    sync.Mutex
	caps  Caps
	total int
	half  [2]int // accepted, dialled
	perIP map[netip.Addr]int
}

// slot is one connection's place in the counts. Release may be called repeatedly.
type slot struct {
	door     *door
	ip       netip.Addr
	outgoing bool
	mu       *sync.Mutex
	open     bool // counted in total and perIP
	half     bool
}

func (d *door) set(c Caps) {
	d.mu.Lock()
	d.caps = c
	d.mu.Unlock()
}

func (s *slot) release() {}
