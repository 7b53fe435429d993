package engine

import (
	"testing"
	"time"
)

// BenchmarkSwarm spreads 128 MiB from one seed with 20 MB/s, ours or libtorrent's,
// to seven leeches. It reports the time from the moment at which the leeches are
// told of it, and from the first block, in units of what one copy takes, and the
// copies that the seed sent. Run it with -benchtime 1x.
func BenchmarkSwarm(b *testing.B) {
	const leeches, size, limit = 7, 128 << 20, 20 * mb
	for _, kind := range []string{"ours", "libtorrent"} {
		b.Run("seed="+kind, func(b *testing.B) {
			for b.Loop() {
				var c *crowd
				if kind == "ours" {
					c = newCrowd(b, size, rate(limit))
				} else {
					c = newForeignCrowd(b, size, limit)
				}
				for range leeches {
					c.grow(nil)
				}
				spread(b, c, limit)
			}
		})
	}
}

// spread lets a crowd download and reports how that went.
func spread(b *testing.B, c *crowd, limit float64) {
	start := c.start()
	c.watch("the first block", func() bool {
		for _, l := range c.leeches {
			if l.(*member).run.Counters().Downloaded > 0 {
				return true
			}
		}
		return false
	})
	begin := time.Now()
	first, last := c.finish()
	copies, wasted := c.copies(), int64(0)
	for _, l := range c.leeches {
		wasted += l.(*member).run.Counters().Wasted
	}
	one := float64(c.size) / limit
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(last.Sub(start).Seconds()/one, "×from-add")
	b.ReportMetric(last.Sub(begin).Seconds()/one, "×from-first-block")
	b.ReportMetric(last.Sub(first).Seconds(), "s-tail")
	b.ReportMetric(copies, "copies")
	b.ReportMetric(100*float64(wasted)/float64(c.size)/float64(len(c.leeches)), "%wasted")
	c.stop()
}
