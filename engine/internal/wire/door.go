package wire

import (
	"context"
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
	freed chan struct{} // closed when a dialled connection is half-open no more
}

// slot is one connection's place in the counts.
type slot struct {
	door    *door
	ip      netip.Addr
	dialled int  // 0 or 1
	half    bool // counted in half; the door's
	open    bool // counted in total and perIP; the door's
}

func (d *door) set(c Caps) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.caps = c
	d.notify()
}

func (d *door) notify() {
	if d.freed != nil {
		close(d.freed)
		d.freed = nil
	}
}

// accept makes a slot for a connection from ip, or returns errCapped.
func (d *door) accept(ip netip.Addr) (*slot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := &slot{door: d, ip: host(ip)}
	if !d.fits(s) || !d.halfFits(s) {
		return nil, errCapped
	}
	d.count(s)
	return s, nil
}

// dial makes a slot for a connection to ip. It waits while too many are half-open.
func (d *door) dial(ctx context.Context, ip netip.Addr) (*slot, error) {
	s := &slot{door: d, ip: host(ip), dialled: 1}
	for {
		d.mu.Lock()
		if !d.fits(s) {
			d.mu.Unlock()
			return nil, errCapped
		}
		if d.halfFits(s) {
			d.count(s)
			d.mu.Unlock()
			return s, nil
		}
		if d.freed == nil {
			d.freed = make(chan struct{})
		}
		freed := d.freed
		d.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (d *door) fits(s *slot) bool {
	return (d.caps.Total <= 0 || d.total < d.caps.Total) && (d.caps.PerIP <= 0 || d.perIP[s.ip] < d.caps.PerIP)
}

func (d *door) halfFits(s *slot) bool {
	return d.caps.HalfOpen <= 0 || d.half[s.dialled] < d.caps.HalfOpen
}

func (d *door) count(s *slot) {
	if d.perIP == nil {
		d.perIP = make(map[netip.Addr]int)
	}
	s.open, s.half = true, true
	d.total++
	d.perIP[s.ip]++
	d.half[s.dialled]++
}

// settle says that the connection is half-open no more. It may be called
// repeatedly.
func (s *slot) settle() {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	s.settled()
}

func (s *slot) settled() {
	if s.half {
		s.half = false
		s.door.half[s.dialled]--
		s.door.notify()
	}
}

// release says that the connection is gone. It may be called repeatedly.
func (s *slot) release() {
	d := s.door
	d.mu.Lock()
	defer d.mu.Unlock()
	s.settled()
	if !s.open {
		return
	}
	s.open = false
	d.total--
	if d.perIP[s.ip]--; d.perIP[s.ip] == 0 {
		delete(d.perIP, s.ip)
	}
}
