package engine

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
)

// BenchmarkRarestFirst downloads 300 pieces, one a file, from nineteen peers of which
// one to nineteen have each, and reports the rank correlation of how many have a piece
// with when it was there. Run it with -benchtime 1x.
func BenchmarkRarestFirst(b *testing.B) {
	const holders, files, length = 19, 300, 64 << 10
	from := b.TempDir()
	sizes := map[string]int{}
	for i := range files {
		sizes[fmt.Sprintf("%03d", i)] = length
	}
	torrent := sampleOf(b, from, sizes, length)
	for b.Loop() {
		r := rand.New(rand.NewPCG(3, 3))
		c := &crowd{b: b, torrent: torrent, host: nil}
		seed := c.engine(from, nil)
		seed.join(torrent, nil)
		seed.awaitState(seed.id, Seeding)
		skip := make([]map[int]Priority, holders)
		for k := range skip {
			skip[k] = map[int]Priority{}
		}
		for i := range files {
			for _, k := range r.Perm(holders)[1+r.IntN(holders):] {
				skip[k][i] = Skip
			}
		}
		var peers []netip.AddrPort
		for k := range holders {
			m := c.engine(b.TempDir(), rate(mb/4))
			m.id = m.add(torrent, AddOptions{Peers: []netip.AddrPort{seed.addr()}, Priorities: skip[k]})
			m.started(m.id)
			m.awaitState(m.id, Seeding)
			peers = append(peers, m.addr())
		}
		seed.stop()
		last := c.engine(b.TempDir(), nil)
		last.join(torrent, peers)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(spearman(arrivals(c, last)), "rank-correlation")
	}
}

// arrivals returns how many peers had each piece at first, in the order in which an
// engine gets them.
func arrivals(c *crowd, m *member) (rarity []float64) {
	var first []uint16
	c.watch("all holders", func() bool {
		first = m.run.Availability(first)
		peers, _ := m.run.Connected()
		return peers == 19 && slices.Min(first) > 0
	})
	had := map[int]bool{}
	c.watch("all pieces", func() bool {
		for i, state := range m.run.Pieces(nil) {
			if state == Verified && !had[i] {
				had[i] = true
				rarity = append(rarity, float64(first[i]))
			}
		}
		return len(had) == len(first)
	})
	return rarity
}

// spearman returns the rank correlation of values with their index.
func spearman(values []float64) float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to-1) / 2
		}
		from = to
	}
	mean := float64(len(values)-1) / 2
	var xy, xx, yy float64
	for i, rank := range ranks {
		x, y := float64(i)-mean, rank-mean
		xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
	}
	return xy / math.Sqrt(xx*yy)
}
