package tracker

import (
	"encoding/binary"
	"go/build"
	"net/http/httptest"
	"net/netip"
	"slices"
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
	allowed := []string{"github.com/anacrolix/torrent/bencode", "golang.org/x/net/netutil"}
	for _, path := range p.Imports {
		foreign := strings.Contains(path, ".") || strings.HasPrefix(path, "piecewise")
		if foreign && !slices.Contains(allowed, path) {
			t.Error("must not import", path)
		}
	}
}

// numbered returns an announcement of peer n in swarm h.
func numbered(h, n int) announcement {
	var a announcement
	binary.BigEndian.PutUint32(a.hash[:], uint32(h))
	ip := [4]byte{10}
	binary.BigEndian.PutUint16(ip[2:], uint16(n>>8))
	a.addr = netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(n&0xff+1))
	a.want = 50
	return a
}

// check compares the table's indexes with each other.
func check(t *testing.T, tb *table) {
	t.Helper()
	peers := 0
	for hash, s := range tb.byHash {
		seeds := 0
		for i, p := range s.peers {
			if p.index != i || p.swarm != s || s.byAddr[p.addr] != p {
				t.Fatal("a peer is not where it should be")
			}
			if p.seed {
				seeds++
			}
		}
		if s.hash != hash || seeds != s.seeds || len(s.byAddr) != len(s.peers) {
			t.Fatal("a swarm counts wrongly")
		}
		peers += len(s.peers)
	}
	if peers != tb.peers.Len() || len(tb.byHash) != tb.swarms.Len() {
		t.Fatalf("%d peers, %d listed; %d swarms, %d listed", peers, tb.peers.Len(), len(tb.byHash), tb.swarms.Len())
	}
}

func TestExpiry(t *testing.T) {
	now := time.Now()
	tb := newTable(time.Minute, 10, 10)
	tb.announce(numbered(1, 1), now)
	tb.announce(numbered(1, 2), now.Add(30*time.Second))
	tb.announce(numbered(1, 3), now.Add(time.Minute))
	if _, peers := tb.announce(numbered(1, 4), now.Add(time.Minute)); len(peers) != 3 {
		t.Error(len(peers), "peers after a minute")
	}
	if _, peers := tb.announce(numbered(1, 4), now.Add(time.Minute+1)); len(peers) != 2 {
		t.Error(len(peers), "peers after more than a minute")
	}
	check(t, tb)
	tb.scrape(nil, now.Add(time.Hour))
	if len(tb.byHash) != 0 {
		t.Error("an empty swarm is kept")
	}
	check(t, tb)
}

func TestFullTableDropsOldest(t *testing.T) {
	now := time.Now()
	tb := newTable(time.Minute, 3, 5)
	for n := range 6 {
		tb.announce(numbered(1, n), now)
	}
	tb.announce(numbered(1, 1), now)
	_, peers := tb.announce(numbered(1, 6), now)
	if len(peers) != 4 || slices.ContainsFunc(peers, func(p peer) bool { return p.addr.Port() == 1 || p.addr.Port() == 3 }) {
		t.Error(peers)
	}
	check(t, tb)
	for h := range 10 {
		a := numbered(h, h)
		a.event = "completed"
		tb.announce(a, now)
		tb.announce(numbered(0, 0), now)
		check(t, tb)
	}
	if tb.byHash[numbered(0, 0).hash].downloads != 1 {
		t.Error("a swarm that is announced to was dropped in between")
	}
	for _, h := range []int{0, 8, 9} {
		if tb.byHash[numbered(h, 0).hash] == nil || len(tb.byHash) != 3 {
			t.Error("swarm", h, "is not one of the", len(tb.byHash))
		}
	}
}

func TestPick(t *testing.T) {
	now := time.Now()
	tb := newTable(time.Minute, 10, 1000)
	for n := range 100 {
		a := numbered(1, n)
		a.seed = n < 20
		tb.announce(a, now)
	}
	leech, seed := numbered(1, 50), numbered(1, 0)
	seed.seed, seed.want = true, 1000
	seen := make(map[netip.AddrPort]int)
	for range 200 {
		_, peers := tb.announce(leech, now)
		once := make(map[netip.AddrPort]bool)
		for _, p := range peers {
			seen[p.addr]++
			once[p.addr] = true
		}
		if len(peers) != 50 || len(once) != 50 || once[leech.addr] {
			t.Fatal("not 50 others")
		}
	}
	for addr, n := range seen {
		if n < 50 || n > 150 { // 101 expected, σ = 7
			t.Error(addr, "was told", n, "times")
		}
	}
	if _, peers := tb.announce(seed, now); len(peers) != 80 || slices.ContainsFunc(peers, func(p peer) bool { return p.seed }) {
		t.Error("a seed is told of", len(peers))
	}
	check(t, tb)
}

func TestSender(t *testing.T) {
	for _, test := range []struct{ remote, told, want string }{
		{"127.0.0.1:5", "", "127.0.0.1"},
		{"127.0.0.1:5", "10.1.2.3", "10.1.2.3"},
		{"[::1]:5", "2001:db8::1", "2001:db8::1"},
		{"[::ffff:127.0.0.1]:5", "::ffff:10.1.2.3", "10.1.2.3"},
		{"127.0.0.1:5", "0.0.0.0", "127.0.0.1"},
		{"127.0.0.1:5", "tracker.example", "127.0.0.1"},
		{"192.0.2.1:5", "10.1.2.3", "192.0.2.1"},
		{"[fe80::1%eth0]:5", "10.1.2.3", "fe80::1"},
	} {
		if got, err := sender(test.remote, test.told); err != nil || got.String() != test.want {
			t.Errorf("%+v: %v %v", test, got, err)
		}
	}
}

func TestConcurrentAnnounces(t *testing.T) {
	tb := newTable(time.Minute, 8, 300)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for n := range 3000 {
				a := numbered(n%10, (n*7+g)%600)
				a.seed = n%3 == 0
				a.event = [...]string{"", "completed", "stopped", "started"}[n%4]
				tb.announce(a, time.Now())
			}
		})
	}
	all.Wait()
	check(t, tb)
}

func FuzzAnnounce(f *testing.F) {
	f.Add("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&left=0", "127.0.0.1:9")
	f.Add("info_hash=%00aaaaaaaaaaaaaaaaaa%ff&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&compact=0&numwant=-5&ip=::1&event=stopped", "[::1]:9")
	f.Add("info_hash=%zz;&&=", "")
	h := &handler{interval: time.Second, table: newTable(time.Minute, 4, 4)}
	f.Fuzz(func(t *testing.T, query, remote string) {
		r := httptest.NewRequest("GET", "/announce", nil)
		r.URL.RawQuery, r.RemoteAddr = query, remote
		for _, serve := range []func(*httptest.ResponseRecorder){
			func(w *httptest.ResponseRecorder) { h.announce(w, r) },
			func(w *httptest.ResponseRecorder) { h.scrape(w, r) },
		} {
			w := httptest.NewRecorder()
			if serve(w); w.Code != 200 || w.Body.Len() == 0 || w.Body.Bytes()[0] != 'd' {
				t.Error(w.Code, w.Body)
			}
		}
		check(t, h.table)
	})
}

// BenchmarkAnnounce is one announce to a swarm of 1,000 among 100, request parsing
// and answer included, without the network.
func BenchmarkAnnounce(b *testing.B) {
	h := &handler{interval: time.Second, table: newTable(time.Hour, 1000, 1<<20)}
	for n := range 100_000 {
		h.table.announce(numbered(n%100, n/100), time.Now())
	}
	r := httptest.NewRequest("GET", "/announce?info_hash=%00%00%00%01"+strings.Repeat("%00", 16)+"&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&left=5&compact=1&numwant=50", nil)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.announce(w, r)
		if w.Body.Len() < 300 {
			b.Fatal(w.Body)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "announces/s")
}

func BenchmarkTable(b *testing.B) {
	for name, size := range map[string]int{"100": 100, "1k": 1000, "10k": 10_000} {
		b.Run(name, func(b *testing.B) {
			tb := newTable(time.Hour, 10, 1<<20)
			now := time.Now()
			for n := range size {
				tb.announce(numbered(1, n), now)
			}
			a := numbered(1, 5)
			for b.Loop() {
				tb.announce(a, now)
			}
		})
	}
}
