package engine

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkSwarm spreads 128 MiB from one seed with 20 MB/s to seven leeches, and
// reports the time in units of what one copy takes, and the copies that the seed
// sent. Run it with -benchtime 1x.
func BenchmarkSwarm(b *testing.B) {
	const leeches, size, rate = 7, 128 << 20, 20 * mb
	from := b.TempDir()
	torrent := sampleOf(b, from, map[string]int{"data.bin": size}, 256<<10)
	for b.Loop() {
		cfg := loopbackConfig(filepath.Join(b.TempDir(), "p"), from)
		cfg.UpLimit = rate
		seed := launch(b, cfg)
		id := seed.add(torrent, AddOptions{})
		seed.awaitState(id, Seeding)
		peers := []netip.AddrPort{seed.addr()}
		start := time.Now()
		var all []*bench
		for range leeches {
			dir := b.TempDir()
			l := launch(b, loopbackConfig(filepath.Join(dir, "p"), dir))
			l.add(torrent, AddOptions{Peers: peers})
			peers = append(peers, l.addr())
			all = append(all, l)
		}
		for done := 0; done < leeches; {
			done = 0
			pass(all, seed, 250*time.Millisecond)
			for _, l := range all {
				row := l.snap.Torrent(id)
				if row == nil {
					continue
				}
				if row.Done() {
					done++
				}
			}
			b.Logf("%5.2f s: seed sent %4.1f MB, leech 1 has %4.1f MB from %d peers", time.Since(start).Seconds(),
				float64(seed.snap.Torrent(id).Uploaded)/mb, float64(all[0].snap.Torrent(id).Downloaded)/mb, all[0].snap.Torrent(id).Peers)
		}
		b.ReportMetric(time.Since(start).Seconds()/(float64(size)/rate), "×ideal")
		pass(all, seed, time.Second)
		b.ReportMetric(float64(seed.snap.Torrent(id).Uploaded)/size, "copies")
		for _, l := range append(all, seed) {
			l.stop()
		}
	}
}
