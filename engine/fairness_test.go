package engine

import (
	"net/netip"
	"path/filepath"
	"testing"
	"time"
)

const mb = 1_000_000

// BenchmarkWhoGivesGets runs one seed with 8 MB/s and eight leeches, of which
// four give 2 MB/s and four give nothing, and reports how much faster those who
// give are than those who do not. It takes a minute; run it with -benchtime 1x.
func BenchmarkWhoGivesGets(b *testing.B) {
	const leeches, warmUp, measured = 8, 20 * time.Second, 40 * time.Second
	from := b.TempDir()
	torrent := sampleOf(b, from, map[string]int{"data.bin": 256 << 20}, 256<<10)
	for b.Loop() {
		cfg := loopbackConfig(filepath.Join(b.TempDir(), "p"), from)
		cfg.UpLimit = 8 * mb
		seed := launch(b, cfg)
		id := seed.add(torrent, AddOptions{})
		seed.awaitState(id, Seeding)
		peers := []netip.AddrPort{seed.addr()}
		var all []*bench
		for i := range leeches {
			dir := b.TempDir()
			cfg := loopbackConfig(filepath.Join(dir, "p"), dir)
			cfg.UpLimit, cfg.NoUpload = 2*mb, i%2 == 1
			l := launch(b, cfg)
			l.add(torrent, AddOptions{Peers: peers})
			peers = append(peers, l.addr())
			all = append(all, l)
		}
		downloaded := func() (gave, took float64) {
			for i, l := range all {
				l.await("its row", func(s *Snapshot) bool { return s.Torrent(id) != nil })
				if n := float64(l.snap.Torrent(id).Downloaded); i%2 == 0 {
					gave += n
				} else {
					took += n
				}
			}
			return gave, took
		}
		pass(all, seed, warmUp)
		gave0, took0 := downloaded()
		pass(all, seed, measured)
		gave1, took1 := downloaded()
		b.ReportMetric((gave1-gave0)/(took1-took0), "givers÷takers")
		b.ReportMetric((gave1-gave0)/measured.Seconds()/mb/leeches*2, "givers-MB/s")
		b.ReportMetric((took1-took0)/measured.Seconds()/mb/leeches*2, "takers-MB/s")
		for _, l := range append(all, seed) {
			l.stop()
		}
	}
}

// pass reads everybody's updates for a while.
func pass(all []*bench, seed *bench, d time.Duration) {
	end := time.Now().Add(d)
	for time.Now().Before(end) {
		for _, l := range append([]*bench{seed}, all...) {
			u := <-l.Updates()
			l.snap = u.Snapshot
		}
	}
}
