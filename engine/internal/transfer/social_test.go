package transfer

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestParsePEX(t *testing.T) {
	for in, want := range map[string][]string{
		"d5:added6:\x01\x02\x03\x04\x1a\xe1e":   {"1.2.3.4:6881"},
		"d5:added7:\x01\x02\x03\x04\x1a\xe1xe":  {"1.2.3.4:6881"},
		"d6:added618:aaaaaaaaaaaaaaaa\x00\x05e": {"[6161:6161:6161:6161:6161:6161:6161:6161]:5"},
		"d5:addedi5ee":                          nil, "": nil, "de": nil, "le": nil, "d5:added5:aaaaae": nil,
	} {
		var got []string
		for _, a := range parsePEX([]byte(in)) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v", in, got)
		}
	}
	if n := len(parsePEX([]byte("d5:added60000:" + strings.Repeat("abcdef", 10_000) + "e"))); n != maxIntroduced {
		t.Errorf("%d addresses of one message", n)
	}
}

func FuzzPEX(f *testing.F) {
	f.Add([]byte("d5:added6:abcdef7:added.f1:x6:added618:aaaaaaaaaaaaaaaabb7:dropped6:abcdefe"))
	f.Fuzz(func(t *testing.T, b []byte) {
		tor := New(Limits{})
		heard := 0
		tor.SetSocial(Social{Introduced: func(_ netip.AddrPort, all []netip.AddrPort) {
			heard += len(all)
			for _, a := range all {
				if !a.IsValid() {
					t.Errorf("%v", a)
				}
			}
		}})
		tor.Introduced(netip.AddrPort{}, b)
		if heard > maxIntroduced {
			t.Errorf("%d addresses", heard)
		}
	})
}
