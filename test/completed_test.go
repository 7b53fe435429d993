package test

import (
	"os"
	"testing"
	"time"
)

// BenchmarkCompleted downloads 100,000 pieces of one block each from one seed, alone
// and while 499 more peers are connected that want nothing and are told of each
// piece; more do not find a place. It reports the rate, how many microseconds the processor worked for each
// piece, and in per cent of one core for 20 s after the end.
func BenchmarkCompleted(b *testing.B) {
	const pieces = 100_000
	d := Make(b, "completed.bin", 16<<10, File{Length: pieces * (16 << 10)})
	for _, c := range []struct {
		name  string
		peers int
	}{{"alone", 0}, {"among-500", 499}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				measureCompleted(b, d, c.peers)
			}
		})
	}
}

func measureCompleted(b *testing.B, d *Data, peers int) {
	dir := b.TempDir()
	defer os.RemoveAll(dir)
	torrent := d.Torrent(b, "")
	g := StartGet(b, "", torrent, "--dir", dir, "--seed", "--no-utp")
	g.Await(b, d, 20*time.Second, func(l Line) bool { return l.State == "downloading" })
	for range peers {
		defer attend(b, d, g.Addr.String())()
	}
	g.Await(b, d, 20*time.Second, func(l Line) bool { return l.Peers == peers })
	before := used(b, g.PID())
	seed := StartGet(b, "", torrent, "--dir", d.Dir, "--seed", "--no-utp", "--peer", g.Addr.String())
	// It also writes the metainfo of 2 MB.
	Poll(b, 30*time.Second, "the seed sends", func() bool { return written(b, seed.PID()) > 8<<20 })
	start := time.Now()
	g.Await(b, d, 2*time.Minute, func(l Line) bool { return l.Done })
	took, spent := time.Since(start), used(b, g.PID())-before
	if code := seed.Interrupt(b); code != 0 {
		b.Fatalf("the seed ended with %d", code)
	}
	before = used(b, g.PID())
	rest(b, idleFor)
	after := used(b, g.PID()) - before
	g.Interrupt(b)
	b.ReportMetric(0, "ns/op") // the time is that of the waiting
	b.ReportMetric(float64(d.Size)/took.Seconds()/1e6, "MB/s")
	b.ReportMetric(float64(spent.Microseconds())/float64(d.Pieces), "µs/piece")
	b.ReportMetric(100*after.Seconds()/idleFor.Seconds(), "cpu-%-after")
}
