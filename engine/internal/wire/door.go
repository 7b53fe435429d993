package wire

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// door counts connections and keeps the caps.
type door struct {
	mu    sync.Mutex
	caps  Caps
	total int     // half-open ones not included
	half  [2]int  // accepted, dialled
	early []*slot // the accepted half-open ones, the oldest first
	perIP map[netip.Addr]int
	freed chan struct{} // closed when there may be room again
	until time.Time     // so long there is no use in dialling while all places are taken
}

// slot is one connection's place in the counts.
type slot struct {
	door    *door
	ip      netip.Addr // see host
	dialled int        // 0 or 1
	half    bool       // counted in half; the door's
	whole   bool       // counted in total; the door's
	open    bool       // counted in perIP; the door's
	close   func()     // ends the connection; nil before there is one
}

// backOff is how long nobody is dialled after somebody was in vain because all
// places are taken.
const backOff = 10 * time.Second

// crowd is how many half-open connections one host may have before it loses its
// own oldest one rather than somebody else's.
const crowd = 4

func (d *door) set(c Caps) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.caps, d.until = c, time.Time{}
	d.notify()
}

func (d *door) notify() {
	if d.freed != nil {
		close(d.freed)
		d.freed = nil
	}
}

// accept makes a slot for a connection from ip, or returns errCapped. If too many
// are half-open, the oldest of them has had its time.
func (d *door) accept(ip netip.Addr) (*slot, error) {
	s := &slot{door: d, ip: host(ip)}
	for range 2 {
		slow, ok := d.admit(s)
		if ok {
			return s, nil
		}
		if slow == nil {
			break
		}
		slow()
	}
	return nil, errCapped
}

// admit counts s if it fits, else it returns what may make room.
func (d *door) admit(s *slot) (slow func(), ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case !d.fits(s):
		return nil, false
	case !d.halfFits(s):
		return d.slowest(), false
	}
	d.count(s)
	d.early = append(d.early, s)
	return nil, true
}

// slowest returns what closes a half-open connection that was accepted: the oldest
// of a host that has a crowd of them, or the oldest of all.
func (d *door) slowest() func() {
	perIP := map[netip.Addr]int{}
	for _, s := range d.early {
		perIP[s.ip]++
	}
	var oldest func()
	for _, s := range d.early {
		if s.close == nil {
			continue
		}
		if perIP[s.ip] > crowd {
			return s.close
		}
		if oldest == nil {
			oldest = s.close
		}
	}
	return oldest
}

// dial makes a slot for a connection to ip. It waits while too many are half-open,
// and while there is no place for another and was none for the last one.
func (d *door) dial(ctx context.Context, ip netip.Addr) (*slot, error) {
	s := &slot{door: d, ip: host(ip), dialled: 1}
	for {
		d.mu.Lock()
		if !d.fits(s) {
			d.mu.Unlock()
			return nil, errCapped
		}
		if d.halfFits(s) && (!d.full() || !time.Now().Before(d.until)) {
			d.count(s)
			d.mu.Unlock()
			return s, nil
		}
		if d.freed == nil {
			d.freed = make(chan struct{})
		}
		freed := d.freed
		var due <-chan time.Time // nil if only a place helps
		if d.halfFits(s) {
			due = time.After(time.Until(d.until))
		}
		d.mu.Unlock()
		select {
		case <-freed:
		case <-due:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (d *door) full() bool { return d.caps.Total > 0 && d.total >= d.caps.Total }

func (d *door) fits(s *slot) bool {
	return d.caps.PerIP <= 0 || d.perIP[s.ip] < d.caps.PerIP
}

func (d *door) halfFits(s *slot) bool {
	return d.caps.HalfOpen <= 0 || d.half[s.dialled] < d.caps.HalfOpen
}

func (d *door) count(s *slot) {
	if d.perIP == nil {
		d.perIP = make(map[netip.Addr]int)
	}
	s.open, s.half = true, true
	d.perIP[s.ip]++
	d.half[s.dialled]++
}

// opened says how to close the connection that has the slot.
func (s *slot) opened(end func()) {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	s.close = end
}

// settle says that the connection is half-open no more. While all places are
// taken, spare is to free one; if it cannot, settle reports false.
func (s *slot) settle(spare func() bool) bool {
	d := s.door
	for {
		d.mu.Lock()
		if !s.open || s.whole || !d.full() {
			s.settled()
			s.enter()
			d.mu.Unlock()
			return true
		}
		d.mu.Unlock()
		if !spare() {
			break
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.dialled == 1 {
		d.until = time.Now().Add(backOff)
	}
	return false
}

func (s *slot) enter() {
	if s.open && !s.whole {
		s.whole = true
		s.door.total++
	}
}

func (s *slot) settled() {
	if !s.half {
		return
	}
	d := s.door
	s.half = false
	d.half[s.dialled]--
	if i := slices.Index(d.early, s); i >= 0 {
		d.early = slices.Delete(d.early, i, i+1)
	}
	d.notify()
}

// release says that the connection is gone. It may be called repeatedly.
func (s *slot) release() {
	d := s.door
	d.mu.Lock()
	defer d.mu.Unlock()
	s.settled()
	if s.whole {
		s.whole = false
		d.total--
		d.notify()
	}
	if !s.open {
		return
	}
	s.open = false
	if d.perIP[s.ip]--; d.perIP[s.ip] == 0 {
		delete(d.perIP, s.ip)
	}
}
