package tracker

import (
	"go/build"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		if strings.Contains(path, ".") || strings.HasPrefix(path, "piecewise") {
			t.Error("must not import", path)
		}
	}
}

func TestExpiry(t *testing.T) {
	tb := aTable(time.Minute, 10, 100)
	now := tb.start
	for n := range 3 {
		tb.meet(numbered(1, n), now.Add(time.Duration(n)*30*time.Second))
	}
	tb.sweep(now.Add(time.Minute))
	if f := tb.meet(numbered(1, 3), now.Add(time.Minute)); len(f.told()) != 3 {
		t.Error(f.told(), "after a minute")
	}
	tb.sweep(now.Add(time.Minute + tick))
	if f := tb.meet(numbered(1, 3), now.Add(time.Minute+tick)); len(f.told()) != 2 {
		t.Error(f.told(), "after more than a minute")
	}
	check(t, tb)
	tb.sweep(now.Add(time.Hour))
	if tb.swarms.Load() != 0 || tb.members.Load() != 0 {
		t.Error("an empty swarm is kept")
	}
	check(t, tb)
}

// TestPaused: who wants no more is told of leeches only, and counted (BEP 21).
func TestPaused(t *testing.T) {
	tb := aTable(time.Minute, 10, 1000)
	for n := range 90 {
		a := numbered(1, n)
		a.kind = kind(n % 3)
		tb.meet(a, tb.start)
	}
	for k, want := range map[kind]int{leech: 89, paused: 30, seed: 30} {
		a := numbered(1, int(k))
		a.kind, a.want = k, 1000
		f := tb.meet(a, tb.start)
		if f.counts != (counts{seeds: 30, leeches: 30, paused: 30}) || len(f.told()) != want {
			t.Errorf("kind %d: %+v, told of %d", k, f.counts, len(f.told()))
		}
	}
}

func TestPick(t *testing.T) {
	tb := aTable(time.Minute, 10, 1000)
	for n := range 100 {
		a := numbered(1, n)
		a.kind = map[bool]kind{true: seed}[n < 20]
		tb.meet(a, tb.start)
	}
	asker, seen := numbered(1, 50), make(map[netip.AddrPort]int)
	for range 200 {
		once := make(map[netip.AddrPort]bool)
		told := tb.meet(asker, tb.start).told()
		for _, p := range told {
			seen[p]++
			once[p] = true
		}
		if len(told) != 50 || len(once) != 50 || once[asker.addr] {
			t.Fatal("not 50 others")
		}
	}
	for addr, n := range seen {
		if n < 50 || n > 150 { // 101 expected, σ = 7
			t.Error(addr, "was told", n, "times")
		}
	}
	check(t, tb)
}

// TestFamilies: both are told of, in their proportion; over UDP only the asker's.
func TestFamilies(t *testing.T) {
	tb := aTable(time.Minute, 10, 4000)
	for n := range 300 {
		tb.meet(numbered(1, n), tb.start)
		if n < 100 {
			tb.meet(sixth(1, n), tb.start)
		}
	}
	for _, test := range []struct{ want, only, v4, v6 int }{
		{40, 0, 30, 10}, {1, 0, 1, 0}, {0, 0, 0, 0}, {1000, 0, 299, 100}, {200, v4Width, 200, 0}, {200, v6Width, 0, 100},
	} {
		a := numbered(1, 1)
		a.want, a.only = test.want, test.only
		f := tb.meet(a, tb.start)
		if len(f.v4) != v4Width*test.v4 || len(f.v6) != v6Width*test.v6 {
			t.Errorf("%+v: %d and %d", test, len(f.v4)/v4Width, len(f.v6)/v6Width)
		}
	}
}

// TestStrangers: nobody ends or becomes somebody else's peer, from behind the same
// router, unless that has been quiet for a while.
func TestStrangers(t *testing.T) {
	tb := aTable(time.Minute, 10, 100)
	victim := numbered(1, 1)
	victim.key = 7
	tb.meet(victim, tb.start)
	other := *victim
	other.id, other.key, other.event, other.want = [20]byte{9}, 8, stopped, 0
	if f := tb.meet(&other, tb.start.Add(time.Hour)); !f.strange || f.leeches != 1 {
		t.Errorf("a stranger has ended it: %+v", f)
	}
	other.event = completed
	if f := tb.meet(&other, tb.start.Add(10*time.Second)); !f.strange || f.downloads != 0 {
		t.Errorf("a stranger was taken for it: %+v", f)
	}
	if f := tb.meet(&other, tb.start.Add(16*time.Second)); f.strange || f.downloads != 1 {
		t.Errorf("the next peer of the address is not taken in: %+v", f)
	}
	moved := other
	moved.id, moved.event, moved.want = [20]byte{10}, stopped, 0 // another ID, the same key
	if f := tb.meet(&moved, tb.start.Add(17*time.Second)); f.strange || f.leeches != 0 {
		t.Errorf("it cannot end itself: %+v", f)
	}
	check(t, tb)
}

// TestFloods: nothing that one address announces takes the place of what others
// have, and the table keeps its bounds.
func TestFloods(t *testing.T) {
	const most, torrents = 16_000, 8000
	tb := aTable(time.Hour, torrents, most)
	for n := range 4000 {
		tb.meet(numbered(n%100, n), tb.start)
	}
	flood := func(what string, h func(n int) int, port func(n int) uint16, taken int) {
		crowded := 0
		for n := range 30_000 {
			a := numbered(h(n), 0)
			a.addr = netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port(n))
			if tb.meet(a, tb.start.Add(time.Second)).crowded {
				crowded++
			}
		}
		t.Logf("%s: of 30,000 announces of one address %d are not taken in; there are %d peers, %d swarms", what, crowded, tb.members.Load(), tb.swarms.Load())
		// Others share the counters, so it may be a few less.
		if got := int(tb.members.Load()) - 4000; got > taken || got < taken-10 {
			t.Errorf("%s: %d peers were taken in, not %d", what, got, taken)
		}
		check(t, tb)
	}
	flood("ports", func(int) int { return 5 }, func(n int) uint16 { return uint16(n + 1) }, perSwarm)
	flood("info hashes", func(n int) int { return 1000 + n }, func(int) uint16 { return 1 }, most/sourceOf)
	before := int(tb.members.Load())
	for n := range 4000 { // from a /48, which one person may have
		a := sixth(5, 0)
		ip := a.addr.Addr().As16()
		ip[7], ip[15] = byte(n>>8), byte(n)
		a.addr = netip.AddrPortFrom(netip.AddrFrom16(ip), 1)
		tb.meet(a, tb.start)
	}
	if got := int(tb.members.Load()) - before; got > perSwarm || got < perSwarm-10 {
		t.Errorf("%d peers of one IPv6 network are in a swarm", got)
	}
	check(t, tb)
}

// TestFullTable: many addresses can fill it; then the longest quiet of the largest
// go first, and who announces himself stays.
func TestFullTable(t *testing.T) {
	const most = 2000
	tb := aTable(time.Hour, 100, most)
	for n := range 50 {
		tb.meet(numbered(1, n), tb.start)
	}
	for n := range 6000 {
		tb.meet(numbered(2+n%8, 1000+n), tb.start.Add(time.Duration(n)*10*time.Millisecond))
	}
	check(t, tb)
	if n := int(tb.members.Load()); n != most {
		t.Errorf("%d peers", n)
	}
	if f := tb.meet(numbered(1, 1), tb.start.Add(time.Minute)); f.leeches != 50 {
		t.Errorf("%d of the 50 peers of a small swarm are left", f.leeches)
	}
	for n := range 1000 {
		tb.meet(numbered(1000+n, n), tb.start.Add(2*time.Minute))
		tb.meet(numbered(1, 1), tb.start.Add(2*time.Minute))
	}
	check(t, tb)
	if f := tb.meet(numbered(1, 1), tb.start.Add(2*time.Minute)); f.leeches != 50 {
		t.Errorf("%d of the 50 peers are left after many new swarms", f.leeches)
	}
}

// TestHugeSwarm: one swarm has a quarter of the table at most.
func TestHugeSwarm(t *testing.T) {
	tb := aTable(time.Hour, 100, 4000)
	for n := range 3000 {
		tb.meet(numbered(1, n), tb.start.Add(time.Duration(n)*tick))
		tb.meet(sixth(1, n), tb.start.Add(time.Duration(n)*tick))
	}
	check(t, tb)
	if n := tb.members.Load(); n != 1000 {
		t.Errorf("%d peers", n)
	}
}

func TestConcurrentAnnounces(t *testing.T) {
	tb := aTable(time.Minute, 8, 300)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for n := range 3000 {
				a := numbered(n%10, (n*7+g)%600)
				a.kind = kind(n % 3)
				a.event = [...]event{ordinary, completed, stopped, ordinary}[n%4]
				tb.meet(a, tb.start.Add(time.Duration(n)*tick))
				if n%500 == 0 {
					tb.sweep(tb.start.Add(time.Duration(n) * tick))
				}
			}
		})
	}
	all.Wait()
	check(t, tb)
}

// TestMemory measures what a peer costs, all that a table needs included.
func TestMemory(t *testing.T) {
	const count = 100_000
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, test := range []struct {
		name     string
		torrents int
		peer     func(h, n int) *announcement
	}{ // with as large a table as one torrent needs, the others with one as it is by default
		{"IPv4, 1 torrent", 1, numbered},
		{"IPv4, 100 torrents", 100, numbered},
		{"IPv4, 1,000 torrents", 1000, numbered},
		{"IPv6, 1 torrent", 1, sixth},
		{"IPv6, 100 torrents", 100, sixth},
		{"IPv6, 1,000 torrents", 1000, sixth},
	} {
		if test.torrents < 1000 && os.Getenv("PIECEWISE_E2E") != "full" {
			continue
		}
		before := heap()
		tb := aTable(time.Hour, defaultTorrents, max(defaultPeers, swarmOf*count/test.torrents))
		var f found
		for n := range count {
			f.reset()
			tb.announce(test.peer(n%test.torrents, n), tb.start, &f)
		}
		each := float64(heap()-before) / count
		runtime.KeepAlive(tb)
		if tb.members.Load() != count {
			t.Fatalf("%s: %d peers", test.name, tb.members.Load())
		}
		t.Logf("%s: %.1f bytes for each of 100,000 peers", test.name, each)
		if each > 64 {
			t.Errorf("%s: more than 64", test.name)
		}
	}
}

func BenchmarkTable(b *testing.B) {
	for name, size := range map[string]int{"100": 100, "1k": 1000, "10k": 10_000, "100k": 100_000} {
		b.Run(name, func(b *testing.B) {
			tb := aTable(time.Hour, 10, 1<<20)
			var f found
			for n := range size {
				f.reset()
				tb.announce(numbered(1, n), tb.start, &f)
			}
			a := numbered(1, 5)
			b.ReportAllocs()
			for b.Loop() {
				f.reset()
				tb.announce(a, tb.start, &f)
			}
		})
	}
}
