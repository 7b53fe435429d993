package wire

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func extension(dict string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(2+len(dict)))
	return append(append(b, byte(Extended), 0), dict...)
}

// Nothing in an anonymous extension handshake says who we are or where; the rest is as
// it was.
func TestHideSelf(t *testing.T) {
	for dict, want := range map[string]string{
		"d1:ei0e4:ipv44:abcd4:ipv616:0123456789abcdef1:md6:ut_pexi1ee13:metadata_sizei9e1:pi6881e4:reqqi1024e1:v9:Piecewise6:yourip4:wxyze": "d1:ei0e1:md6:ut_pexi1ee13:metadata_sizei9e4:reqqi1024ee",
		"d1:md1:pi1e1:vi2eee": "d1:md1:pi1e1:vi2eee",
		"d1:v":                "d1:v",
		"d1:pi6881":           "d1:pi6881",
		"de":                  "de",
	} {
		if got := hideSelf(extension(dict)); string(got) != string(extension(want)) {
			t.Errorf("%q becomes %q, want %q", dict, got[6:], want)
		}
	}
}

// Only our port becomes another, and what cannot be read stays.
func TestTellPort(t *testing.T) {
	for dict, want := range map[string]string{
		"d1:ei0e1:md1:pi1ee1:pi6881e4:reqqi1024ee": "d1:ei0e1:md1:pi1ee1:pi65535e4:reqqi1024ee",
		"d1:md1:pi1eee": "d1:md1:pi1eee",
		"d1:pi6881":     "d1:pi6881",
	} {
		if got := tellPort(extension(dict), 65535); string(got) != string(extension(want)) {
			t.Errorf("%q becomes %q, want %q", dict, got[6:], want)
		}
	}
}

// A peer outside is told the port at which it reaches us, others that on which we listen;
// anonymous as we may be, nobody is told any.
func TestOuter(t *testing.T) {
	for _, tt := range []struct {
		port      uint16
		anonymous bool
		want      string
	}{{700, false, "d1:pi700ee"}, {0, false, "d1:pi600ee"}, {700, true, "de"}} {
		outer := func(ip netip.Addr) uint16 {
			if !ip.IsLoopback() {
				t.Errorf("asked of %v", ip)
			}
			return tt.port
		}
		_, library, socket := bare(t, Config{Outer: outer, Anonymous: tt.anonymous})
		write(t, library, extension("d1:pi600ee"), frame(HaveNone))
		if got := readFrame(t, socket); string(got[6:]) != tt.want {
			t.Errorf("%+v: the peer is told %q", tt, got[6:])
		}
	}
}

func FuzzHideSelf(f *testing.F) {
	f.Add([]byte("d1:v1:xe"))
	f.Fuzz(func(t *testing.T, dict []byte) {
		if got := hideSelf(extension(string(dict))); len(got) > len(dict)+6 || int(binary.BigEndian.Uint32(got)) != len(got)-4 {
			t.Errorf("%q becomes %q", dict, got)
		}
	})
}
