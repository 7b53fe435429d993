package ipfilter

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Filter is a set of ranges. The zero value has none.
type Filter struct {
	from4, to4 []uint32 // sorted, and no two overlap or touch
	six        []range6 // likewise
}

type range4 struct{ from, to uint32 }

type range6 struct{ from, to wide }

// wide is an IPv6 address as a number.
type wide struct{ high, low uint64 }

func (a wide) compare(b wide) int {
	switch {
	case a.high < b.high || a.high == b.high && a.low < b.low:
		return -1
	case a == b:
		return 0
	}
	return 1
}

// next returns the address behind; of the last one itself.
func (a wide) next() wide {
	if a.low++; a.low == 0 {
		if a.high++; a.high == 0 {
			return wide{^uint64(0), ^uint64(0)}
		}
	}
	return a
}

func wideOf(ip netip.Addr) wide {
	b := ip.As16()
	return wide{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func narrowOf(ip netip.Addr) uint32 {
	b := ip.As4()
	return binary.BigEndian.Uint32(b[:])
}

// Has reports whether an address lies in one of the ranges. It allocates nothing; a
// nil Filter has no ranges.
func (f *Filter) Has(ip netip.Addr) bool {
	if f == nil {
		return false
	}
	if ip = ip.Unmap(); ip.Is4() {
		n := narrowOf(ip)
		i, ok := slices.BinarySearch(f.from4, n)
		return ok || i > 0 && n <= f.to4[i-1]
	}
	if !ip.IsValid() {
		return false
	}
	n := wideOf(ip)
	i, ok := slices.BinarySearchFunc(f.six, n, func(r range6, n wide) int { return r.from.compare(n) })
	return ok || i > 0 && n.compare(f.six[i-1].to) <= 0
}

// Ranges returns how many ranges there are, those that overlap or touch counted as
// one.
func (f *Filter) Ranges() int {
	if f == nil {
		return 0
	}
	return len(f.from4) + len(f.six)
}

// ranges are those of a Filter to be.
type ranges struct {
	four []range4
	six  []range6
}

// add takes a range of one IP version of which from is not behind to.
func (r *ranges) add(from, to netip.Addr) {
	if from.Is4() {
		r.four = append(r.four, range4{narrowOf(from), narrowOf(to)})
		return
	}
	r.six = append(r.six, range6{wideOf(from), wideOf(to)})
}

func (r *ranges) len() int { return len(r.four) + len(r.six) }

// filter sorts and merges the ranges.
func (r *ranges) filter() *Filter {
	f := &Filter{}
	slices.SortFunc(r.four, func(a, b range4) int { return int(int64(a.from) - int64(b.from)) })
	for _, x := range r.four {
		last := len(f.from4) - 1
		if last >= 0 && int64(x.from) <= int64(f.to4[last])+1 {
			f.to4[last] = max(f.to4[last], x.to)
			continue
		}
		f.from4, f.to4 = append(f.from4, x.from), append(f.to4, x.to)
	}
	slices.SortFunc(r.six, func(a, b range6) int { return a.from.compare(b.from) })
	for _, x := range r.six {
		last := len(f.six) - 1
		if last >= 0 && x.from.compare(f.six[last].to.next()) <= 0 {
			if x.to.compare(f.six[last].to) > 0 {
				f.six[last].to = x.to
			}
			continue
		}
		f.six = append(f.six, x)
	}
	f.from4, f.to4, f.six = slices.Clip(f.from4), slices.Clip(f.to4), slices.Clip(f.six)
	return f
}
