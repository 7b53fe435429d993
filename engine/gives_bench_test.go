package engine

import (
	"fmt"
	"testing"
	"time"

	"piecewise/engine/internal/choke"
)

// BenchmarkWhoGivesGets runs one seed with 8 MB/s and eight leeches, of which four
// give 2 MB/s and four give nothing. It reports how much faster those who give are
// than those who do not, in all and among leeches alone, with the optimistic slot
// at a full weight and at a third, and the same with libtorrent as every second
// leech. Each takes a minute; run it with -benchtime 1x.
func BenchmarkWhoGivesGets(b *testing.B) {
	for _, kind := range []string{"ours", "mixed"} {
		for name, weight := range map[string]float64{"full": 1, "third": 1.0 / 3} {
			b.Run("leeches="+kind+"/optimistic="+name, func(b *testing.B) {
				for b.Loop() {
					whoGivesGets(b, kind == "mixed", choke.Config{OptimisticWeight: weight})
				}
			})
		}
	}
}

func whoGivesGets(b *testing.B, mixed bool, rules choke.Config) {
	const leeches, limit, warmUp, measured = 8, 2 * mb, 18 * time.Second, 40 * time.Second
	c := newCrowd(b, 256<<20, rate(8*mb))
	c.host.ours().SetChoking(rules)
	gives := func(i int) bool { return i%4 < 2 } // with libtorrent as every second, as many of each kind give
	for i := range leeches {
		switch {
		case !mixed || i%2 == 0:
			c.grow(func(cfg *Config) { cfg.UpLimit, cfg.NoUpload = limit, !gives(i) })
		case gives(i):
			c.leeches = append(c.leeches, foreign(b, i+1, b.TempDir(), fmt.Sprint("--up-rate=", limit)))
		default:
			c.leeches = append(c.leeches, foreign(b, i+1, b.TempDir(), "--no-upload"))
		}
	}
	c.start()
	for _, l := range c.leeches {
		if m, ok := l.(*member); ok {
			m.ours().SetChoking(rules)
		}
	}
	seed := c.host.peerID()
	got := func() (all []share) {
		for _, l := range c.leeches {
			seed, others := l.got(seed)
			all = append(all, share{float64(seed), float64(others)})
		}
		return all
	}
	time.Sleep(warmUp)
	before := got()
	time.Sleep(measured)
	after := got()
	var gave, took share
	for i := range after {
		s := share{(after[i].seed - before[i].seed) / measured.Seconds() / mb, (after[i].leeches - before[i].leeches) / measured.Seconds() / mb}
		b.Logf("leech %d (%T, gives: %v) had %.2f MB/s of the seed and %.2f of leeches", i+1, c.leeches[i], gives(i), s.seed, s.leeches)
		if gives(i) {
			gave.add(s)
		} else {
			took.add(s)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric((gave.seed+gave.leeches)/(took.seed+took.leeches), "givers÷takers")
	b.ReportMetric(gave.leeches/took.leeches, "of-leeches")
	b.ReportMetric((gave.seed+gave.leeches)/leeches*2, "givers-MB/s")
	b.ReportMetric((took.seed+took.leeches)/leeches*2, "takers-MB/s")
	c.stop()
}

// share is what a leech had of the seed and of the others.
type share struct{ seed, leeches float64 }

func (s *share) add(t share) { s.seed, s.leeches = s.seed+t.seed, s.leeches+t.leeches }
