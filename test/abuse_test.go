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

// raid is what was measured of one download.
type raid struct {
	rate         float64       // bytes/s
	peak         float64       // MB of the program's memory that were resident
	ours, theirs time.Duration // of the processor while it lasted: the program's, the bad peers'
}

// TestAbuse downloads at a limited rate while 300 peers break every rule, and
// expects at least nine tenths of the rate that there is without them.
func TestAbuse(t *testing.T) {
	d := Make(t, "abuse.bin", 1<<18, File{Length: 200_000_000})
	alone := abused(t, d, 0, "20MB")
	among := abused(t, d, badPeers, "20MB")
	t.Logf("%.1f MB/s alone, %.1f MB/s among %d bad peers, at most %.0f MB resident", alone.rate/1e6, among.rate/1e6, badPeers, among.peak)
	if among.rate < 0.9*alone.rate {
		t.Errorf("%.2f of the rate is left", among.rate/alone.rate)
	}
	if among.peak > badPeersMax {
		t.Errorf("%.0f MB were resident", among.peak)
	}
}

// BenchmarkAbuse does the same without a limit, in turn without and with the bad
// peers, and reports the ratio of the medians, and how long the processor worked
// for each GB, for the bad peers and for the program with and without them. It
// measures once; run it with -benchtime 1x.
func BenchmarkAbuse(b *testing.B) {
	d := Make(b, "abuse.bin", 1<<20, File{Length: 2 << 30})
	for b.Loop() {
		var alone, among []raid
		for range 3 {
			alone = append(alone, abused(b, d, 0, ""))
			among = append(among, abused(b, d, badPeers, ""))
		}
		median := func(all []raid, of func(raid) float64) float64 {
			var values []float64
			for _, r := range all {
				values = append(values, of(r))
			}
			slices.Sort(values)
			return values[len(values)/2]
		}
		rate := func(r raid) float64 { return r.rate / 1e6 }
		gb := float64(d.Size) / 1e9
		ours := func(r raid) float64 { return r.ours.Seconds() / gb }
		b.ReportMetric(0, "ns/op") // the rates are what matters
		b.ReportMetric(median(alone, rate), "MB/s-alone")
		b.ReportMetric(median(among, rate), "MB/s-among")
		b.ReportMetric(median(among, rate)/median(alone, rate), "among÷alone")
		b.ReportMetric(median(alone, ours), "cpu-s/GB-alone")
		b.ReportMetric(median(among, ours), "cpu-s/GB-among")
		b.ReportMetric(median(among, func(r raid) float64 { return r.theirs.Seconds() / gb }), "cpu-s/GB-theirs")
		b.ReportMetric(median(among, func(r raid) float64 { return r.peak }), "peak-MB")
	}
}

// abused lets bad peers loose on a download from one good seed, which comes when
// they are there.
func abused(t testing.TB, d *Data, bad int, upLimit string) (r raid) {
	t.Helper()
	torrent, dir := d.Torrent(t, ""), t.TempDir()
	defer os.RemoveAll(dir)
	g := StartGet(t, "", torrent, "--dir", dir, "--seed", "--no-utp")
	g.Await(t, d, 30*time.Second, func(l Line) bool { return l.State == "downloading" })
	loose := letLoose(t, g, d, bad)
	defer loose()
	args := []string{torrent, "--dir", d.Dir, "--seed", "--no-utp", "--peer", g.Addr.String()}
	if upLimit != "" {
		args = append(args, "--up-limit", upLimit)
	}
	seed := StartGet(t, "", args...)
	// Not what the program has written counts: liars give it something while the seed starts.
	Poll(t, 30*time.Second, "the seed sends", func() bool { return written(t, seed.PID()) > 1<<20 })
	start, ours, theirs := time.Now(), used(t, g.PID()), used(t, os.Getpid())
	g.Await(t, d, 2*time.Minute, func(l Line) bool { return l.Done })
	r.ours, r.theirs = used(t, g.PID())-ours, used(t, os.Getpid())-theirs
	r.peak = peakMemory(t, g.PID())
	g.Interrupt(t)
	seed.Interrupt(t)
	lines := g.Lines(d)
	end := lines[slices.IndexFunc(lines, func(l Line) bool { return l.Done })].At
	r.rate = float64(d.Size-1<<20) / end.Sub(start).Seconds()
	t.Logf("among %d bad peers: %.1f MB/s, %.2f s of the processor, theirs %.2f s, at most %.0f MB", bad, r.rate/1e6, r.ours.Seconds(), r.theirs.Seconds(), r.peak)
	return r
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

// written returns how many bytes a process has written so far, to whatever.
func written(t testing.TB, pid int) (n int64) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "wchar:")
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
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
