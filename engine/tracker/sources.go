package tracker

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// source is whom an address is taken to belong to: an IPv4 address to itself, an
// IPv6 address to its /48, which one person may have.
func source(ip netip.Addr) [16]byte {
	a := ip.As16()
	if !ip.Unmap().Is4() {
		clear(a[6:])
	}
	return a
}

// tally counts the peers of each source, or of each source in a swarm, in memory
// that does not grow: a source has a counter in each of two rows, which it shares
// with others, so that the smaller is never too low and seldom much too high.
type tally struct {
	mu   sync.Mutex
	rows [2][]uint16
}

func newTally(peers int) *tally {
	n := 1 << bits.Len(uint(max(peers/8, 1)-1))
	return &tally{rows: [2][]uint16{make([]uint16, n), make([]uint16, n)}}
}

func (t *tally) counters(sum uint64) (a, b *uint16) {
	mask := uint64(len(t.rows[0]) - 1)
	return &t.rows[0][sum&mask], &t.rows[1][sum>>32&mask]
}

// take counts one more, unless that makes more than most.
func (t *tally) take(sum uint64, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, b := t.counters(sum)
	if int(min(*a, *b)) >= most || max(*a, *b) == 1<<16-1 {
		return false
	}
	*a++
	*b++
	return true
}

// give counts one less.
func (t *tally) give(sum uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, b := t.counters(sum)
	*a--
	*b--
}

// sourceSum and pairSum are what tallies know a source by, and a source in a swarm.
func sourceSum(ip netip.Addr) uint64 {
	s := source(ip)
	return maphash.Bytes(seeded, s[:])
}

func pairSum(ip netip.Addr, hash [20]byte) uint64 {
	s := source(ip)
	var b [36]byte
	copy(b[:], s[:])
	copy(b[16:], hash[:])
	return maphash.Bytes(seeded, b[:])
}

// meter holds each source to a rate: it may ask rate times a second, and burst
// times at once. Its memory does not grow; a few sources may have to share.
type meter struct {
	rate    float64 // 0 is no limit
	burst   float64
	start   time.Time
	buckets []atomic.Uint64 // milliseconds since start, and thousandths of what was used
}

const (
	meterBuckets = 1 << 15
	burstSeconds = 20
)

func newMeter(rate float64) *meter {
	m := &meter{rate: rate, burst: max(rate*burstSeconds, 1), start: time.Now()}
	if rate > 0 {
		m.buckets = make([]atomic.Uint64, meterBuckets)
	}
	return m
}

// allow reports whether the address may ask once more at now.
func (m *meter) allow(ip netip.Addr, now time.Time) bool {
	if m.rate == 0 {
		return true
	}
	s := source(ip)
	b := &m.buckets[maphash.Bytes(seeded, s[:])%meterBuckets]
	ms := uint32(now.Sub(m.start) / time.Millisecond)
	for {
		old := b.Load()
		used := float64(uint32(old)) / 1000
		used = max(0, used-float64(ms-uint32(old>>32))/1000*m.rate)
		if used+1 > m.burst {
			return false
		}
		if b.CompareAndSwap(old, uint64(ms)<<32|uint64((used+1)*1000)) {
			return true
		}
	}
}

// put writes an address as it is told: the IP and the port.
func put(dst *[v6Width]byte, at netip.AddrPort) []byte {
	if ip := at.Addr(); ip.Is4() {
		a := ip.As4()
		copy(dst[:], a[:])
		binary.BigEndian.PutUint16(dst[4:], at.Port())
		return dst[:v4Width]
	}
	a := at.Addr().As16()
	copy(dst[:], a[:])
	binary.BigEndian.PutUint16(dst[16:], at.Port())
	return dst[:]
}

// ipOf is the IP of an address as put writes it.
func ipOf(addr []byte) netip.Addr {
	ip, _ := netip.AddrFromSlice(addr[:len(addr)-2])
	return ip
}
