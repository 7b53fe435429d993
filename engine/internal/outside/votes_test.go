package outside

import (
	"go/build"
	"net/netip"
	"strings"
	"testing"
)

func TestVotes(t *testing.T) {
	ip := netip.MustParseAddr
	var v Votes
	best := func(v6 bool, want string, votes int) {
		t.Helper()
		if a, n := v.Best(v6); a.String() != want || n != votes {
			t.Errorf("%v with %d votes, want %s with %d", a, n, want, votes)
		}
	}
	best(false, "invalid IP", 0)
	v.Tell(ip("198.51.100.1"), ip("8.8.8.8"))
	best(false, "invalid IP", 0) // one may lie
	v.Tell(ip("198.51.100.77"), ip("8.8.8.8"))
	best(false, "invalid IP", 0) // and may have many addresses
	v.Tell(ip("198.51.101.1"), ip("::ffff:8.8.8.8"))
	best(false, "8.8.8.8", 2)
	for _, a := range []string{"10.0.0.1", "127.0.0.1", "100.64.1.1", "0.0.0.0", "224.0.0.1", "fe80::1", "::1"} {
		v.Tell(ip("203.0.113.1"), ip(a))
		v.Tell(ip("203.0.114.1"), ip(a))
	}
	best(false, "8.8.8.8", 2)
	best(true, "invalid IP", 0)
	v.Tell(ip("2001:db8:1::1"), ip("2a00::1"))
	v.Tell(ip("2001:db8:1:2::1"), ip("2a00::2")) // the same network changes its mind
	v.Tell(ip("2001:db8:2::1"), ip("2a00::2"))
	best(true, "2a00::2", 2)
	for i := range 3 * maxVoters {
		v.Tell(netip.AddrFrom4([4]byte{1, byte(i >> 8), byte(i), 1}), ip("9.9.9.9"))
	}
	best(false, "9.9.9.9", maxVoters)
	v.Forget()
	best(false, "invalid IP", 0)
}

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		if strings.Contains(path, ".") || strings.HasPrefix(path, "piecewise/") || path == "net" {
			t.Errorf("imports %s", path)
		}
	}
}
