package sift

import (
	"go/build"
	"net/netip"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestDialable(t *testing.T) {
	own := netip.MustParseAddrPort("5.5.5.5:7000")
	r := Rules{Own: func(a netip.AddrPort) bool { return a == own }}
	for a, want := range map[string]bool{
		"1.2.3.4:6881": true, "1.2.3.4:1024": true, "192.168.1.2:6881": true, "[2001:db8::1]:6881": true, "[::ffff:1.2.3.4]:6881": true,
		"1.2.3.4:1023": false, "1.2.3.4:25": false, "1.2.3.4:0": false, "127.0.0.1:6881": false, "127.9.9.9:6881": false, "[::1]:6881": false,
		"0.0.0.0:6881": false, "0.1.2.3:6881": false, "224.0.0.1:6881": false, "255.255.255.255:6881": false, "250.1.1.1:6881": false,
		"[ff02::1]:6881": false, "[::]:6881": false, "[fe80::1%eth0]:6881": false, "[::ffff:127.0.0.1]:6881": false, "5.5.5.5:7000": false,
	} {
		if got := r.Dialable(netip.MustParseAddrPort(a)); got != want {
			t.Errorf("%s: %t", a, got)
		}
	}
	r.Privileged = true
	if !r.Dialable(netip.MustParseAddrPort("1.2.3.4:443")) {
		t.Error("a privileged port is refused, though it is allowed")
	}
	r.Loopback = true
	if !r.Dialable(netip.MustParseAddrPort("127.0.0.1:6881")) || r.Dialable(netip.MustParseAddrPort("1.2.3.4:6881")) {
		t.Error("only loopback is wanted")
	}
}

// Ten thousand entries that name one victim lead to a few dials, from one peer or from
// a hundred.
func TestVictim(t *testing.T) {
	for _, peers := range []int{1, 100} {
		var s Sieve
		victim, passed := netip.MustParseAddr("9.9.9.9"), map[netip.AddrPort]bool{}
		for n := range 100 {
			by := netip.AddrFrom4([4]byte{1, 2, 3, byte(n % peers)})
			var all []netip.AddrPort
			for i := range 100 {
				all = append(all, netip.AddrPortFrom(victim, uint16(2000+100*n+i)))
			}
			for _, a := range s.Pass(Rules{}, plane.OriginPEX, by, all, start) {
				passed[a] = true
			}
		}
		if len(passed) != perHost {
			t.Errorf("%d addresses of one host from %d peers", len(passed), peers)
		}
	}
}

func TestSources(t *testing.T) {
	addr := func(n int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{9, byte(n >> 16), byte(n >> 8), byte(n)}), 6881)
	}
	var all []netip.AddrPort
	for n := range 5000 {
		all = append(all, addr(n), addr(n))
	}
	for from, want := range most {
		var s Sieve
		if got := s.Pass(Rules{}, from, netip.Addr{}, all, start); len(got) != want || got[0] != addr(0) || got[1] != addr(1) {
			t.Errorf("%d from %d, not %d", len(got), from, want)
		}
		if got := s.Pass(Rules{}, from, netip.Addr{}, all, start.Add(time.Minute)); len(got) != want {
			t.Errorf("%d the second time from %d", len(got), from)
		}
		if got := s.Pass(Rules{}, from, netip.Addr{}, all[len(all)-10:], start.Add(time.Minute)); got != nil {
			t.Errorf("%d more from %d", len(got), from)
		}
		if got := s.Pass(Rules{}, from, netip.Addr{}, all, start.Add(window+time.Minute)); len(got) != want {
			t.Errorf("%d later from %d", len(got), from)
		}
	}
	var s Sieve
	one := netip.MustParseAddr("1.1.1.1")
	if got := s.Pass(Rules{}, plane.OriginPEX, one, all, start); len(got) != byPeer {
		t.Errorf("%d from one peer", len(got))
	}
	if got := s.Pass(Rules{}, plane.OriginManual, netip.Addr{}, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:22")}, start); len(got) != 1 {
		t.Error("what the user names is refused")
	}
	for n := range 100_000 {
		if s.mayAdd(addr(n).Addr()) {
			s.add(addr(n).Addr(), 5)
		}
	}
	if len(s.hosts) > maxHosts {
		t.Errorf("%d hosts are remembered", len(s.hosts))
	}
}

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		if strings.HasPrefix(path, "piecewise/") && path != "piecewise/engine/internal/plane" {
			t.Errorf("imports %s", path)
		}
	}
}
