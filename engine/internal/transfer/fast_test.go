package transfer

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
)

func TestAllowedFast(t *testing.T) {
	hash := [20]byte(bytes.Repeat([]byte{0xaa}, 20))
	addr := netip.MustParseAddr("80.4.4.200")
	want := []uint32{1059, 431, 808, 1217, 287, 376, 1188, 353, 508} // the example of BEP 6
	for _, k := range []int{7, 9} {
		if got := allowedFast(hash, addr, 1313, k); !slices.Equal(got, want[:k]) {
			t.Errorf("of %d: %v, want %v", k, got, want[:k])
		}
	}
	if got := allowedFast(hash, netip.MustParseAddr("::ffff:80.4.4.1"), 1313, 9); !slices.Equal(got, want) {
		t.Errorf("a neighbour, mapped to IPv6, gets %v", got)
	}
	if got := allowedFast(hash, addr, 3, 10); len(got) != 3 {
		t.Errorf("of 3 pieces, %v", got)
	}
	here, there := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:2")
	if !slices.Equal(allowedFast(hash, here, 1313, 9), allowedFast(hash, there, 1313, 9)) {
		t.Error("two hosts of an IPv6 network get different pieces")
	}
}
