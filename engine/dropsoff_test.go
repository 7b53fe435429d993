package engine

import (
	"slices"
	"testing"
	"time"
)

// TestHostDropsOff takes the seed away as soon as the leeches have a full copy among
// them: all of them finish.
func TestHostDropsOff(t *testing.T) {
	for _, super := range []bool{false, true} {
		name := "seeding"
		if super {
			name = "super-seeding"
		}
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, 24<<20, func(cfg *Config) { cfg.UpLimit, cfg.SuperSeed = 8*mb, super })
			for range 7 {
				c.grow(rate(4 * mb))
			}
			start := c.start()
			c.watch("a full copy among the leeches", c.whole)
			copies, left := c.copies(), time.Since(start)
			c.host.stop()
			if !slices.ContainsFunc(c.leeches, func(l node) bool { return l.done().IsZero() }) {
				t.Error("all leeches had everything before the seed left")
			}
			_, last := c.finish()
			t.Logf("the seed left after %.1f s and %.2f copies, and %.1f s later everybody had everything", left.Seconds(), copies, last.Sub(start).Seconds()-left.Seconds())
		})
	}
}
