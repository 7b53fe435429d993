package test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"piecewise/test/badpeer"
)

const (
	badPeers    = 300
	badPeersMax = 256 // MB that the program may need at its peak among them
)

// TestAbuse downloads at a limited rate while 300 peers break every rule, and
// expects at least nine tenths of the rate that there is without them.
func TestAbuse(t *testing.T) {
	d := Make(t, "abuse.bin", 1<<18, File{Length: 200_000_000})
	alone, _ := abused(t, d, 0, "20MB")
	among, peak := abused(t, d, badPeers, "20MB")
	t.Logf("%.1f MB/s alone, %.1f MB/s among %d bad peers, at most %.0f MB resident", alone/1e6, among/1e6, badPeers, peak)
	if among < 0.9*alone {
		t.Errorf("%.2f of the rate is left", among/alone)
	}
	if peak > badPeersMax {
		t.Errorf("%.0f MB were resident", peak)
	}
}

// BenchmarkAbuse does the same without a limit, in turn without and with the bad
// peers, and reports the ratio of the medians. It measures once; run it with
// -benchtime 1x.
func BenchmarkAbuse(b *testing.B) {
	d := Make(b, "abuse.bin", 1<<20, File{Length: 1 << 30})
	for b.Loop() {
		var alone, among, peaks []float64
		for range 3 {
			rate, _ := abused(b, d, 0, "")
			alone = append(alone, rate)
			rate, peak := abused(b, d, badPeers, "")
			among, peaks = append(among, rate), append(peaks, peak)
		}
		slices.Sort(alone)
		slices.Sort(among)
		b.ReportMetric(0, "ns/op") // the rates are what matters
		b.ReportMetric(alone[1]/1e6, "MB/s-alone")
		b.ReportMetric(among[1]/1e6, "MB/s-among")
		b.ReportMetric(among[1]/alone[1], "among÷alone")
		b.ReportMetric(slices.Max(peaks), "peak-MB")
	}
}

// abused lets bad peers loose on a download from one good seed, which comes when
// they are there, and returns its rate in bytes/s and the peak of the program's
// resident memory in MB.
func abused(t testing.TB, d *Data, bad int, upLimit string) (rate, peak float64) {
	t.Helper()
	torrent := d.Torrent(t, "")
	g := StartGet(t, "", torrent, "--dir", t.TempDir(), "--seed", "--no-utp")
	g.Await(t, d, 30*time.Second, func(l Line) bool { return l.State == "downloading" })
	loose := letLoose(t, g, d, bad)
	defer loose()
	args := []string{torrent, "--dir", d.Dir, "--seed", "--no-utp", "--peer", g.Addr.String()}
	if upLimit != "" {
		args = append(args, "--up-limit", upLimit)
	}
	seed := StartGet(t, "", args...)
	g.Await(t, d, 2*time.Minute, func(l Line) bool { return l.Done })
	peak = peakMemory(t, g.PID())
	g.Interrupt(t)
	seed.Interrupt(t)
	lines := g.Lines(d)
	first := slices.IndexFunc(lines, func(l Line) bool { return l.Have > 0 })
	last := slices.IndexFunc(lines, func(l Line) bool { return l.Done })
	if first == last { // it took less than a second
		first--
	}
	return float64(lines[last].Have-lines[first].Have) / lines[last].At.Sub(lines[first].At).Seconds(), peak
}

// letLoose starts bad peers and waits until most have connected; the returned
// function ends them.
func letLoose(t testing.TB, g *Get, d *Data, bad int) (end func()) {
	t.Helper()
	if bad == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := int(host.Add(int32(bad))) - bad
	stats, ended := &badpeer.Stats{}, make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		badpeer.Run(ctx, badpeer.Target{Addr: g.Addr, Hash: d.Hash, Pieces: d.Pieces}, stats, bad, func(i int) netip.Addr {
			n := first + i
			return netip.AddrFrom4([4]byte{127, network, byte(n / 200), byte(1 + n%200)})
		})
	}()
	Poll(t, 30*time.Second, "the bad peers are there", func() bool { return stats.Connections.Load() >= int64(bad) })
	return func() {
		cancel()
		<-ended
		t.Logf("%d bad peers opened %d connections and shook hands on %d", bad, stats.Connections.Load(), stats.Shaken.Load())
	}
}

// peakMemory returns the most that was resident of a process, in MB.
func peakMemory(t testing.TB, pid int) (mb float64) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kB float64
	if _, err := fmt.Sscan(rest, &kB); err != nil {
		t.Fatal(err)
	}
	return kB / 1024
}
