package engine

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkSuperSeed lets a super-seed with 8 MB/s share 64 MiB with seven leeches
// that give 4 MB/s each, ours or libtorrent's. It reports the copies that it had
// sent when the leeches had a full one among them, as far as it knows, and when all
// are done, and both times in units of what one copy takes; 1.56 is the least that
// the uploads allow for all. Run it with -benchtime 1x.
func BenchmarkSuperSeed(b *testing.B) {
	const leeches, size, limit, give = 7, 64 << 20, 8 * mb, 4 * mb
	for _, kind := range []string{"ours", "libtorrent"} {
		b.Run("leeches="+kind, func(b *testing.B) {
			for b.Loop() {
				c := newCrowd(b, size, func(cfg *Config) { cfg.UpLimit, cfg.SuperSeed = limit, true })
				for i := range leeches {
					if kind == "ours" {
						c.grow(rate(give))
					} else {
						c.leeches = append(c.leeches, foreign(b, i+1, b.TempDir(), fmt.Sprint("--up-rate=", give)))
					}
				}
				start := c.start()
				c.watch("a full copy", c.whole)
				full, copies := time.Since(start), c.copies()
				first, last := c.finish()
				one := float64(size) / limit
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(copies, "copies-full")
				b.ReportMetric(full.Seconds()/one, "×full")
				b.ReportMetric(c.copies(), "copies-all")
				b.ReportMetric(last.Sub(start).Seconds()/one, "×all")
				b.ReportMetric(last.Sub(first).Seconds(), "s-tail")
				c.stop()
			}
		})
	}
}
