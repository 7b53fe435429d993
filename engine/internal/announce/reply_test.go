package announce

import (
	"errors"
	"fmt"
	"go/build"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{"github.com/anacrolix/torrent/tracker/udp", "piecewise/engine/internal/route"}
	for _, path := range p.Imports {
		foreign := strings.Contains(path, ".") || strings.HasPrefix(path, "piecewise")
		if foreign && !slices.Contains(allowed, path) {
			t.Error("must not import", path)
		}
	}
}

func TestParseReply(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"compact", "d8:intervali9e5:peers6:\x01\x02\x03\x04\x00\x05e", "9s 0s -1 -1 [1.2.3.4:5]"},
		{"unsorted", "d5:peers0:8:intervali9e8:completei1ee", "9s 0s 1 -1 []"},
		{"twice", "d8:intervali9e8:intervali8ee", "9s 0s -1 -1 []"},
		{"rest", "d8:intervali9e5:peers7:\x01\x02\x03\x04\x00\x05xe", "9s 0s -1 -1 [1.2.3.4:5]"},
		{"six", "d8:intervali9e6:peers618:\xfd\x00aaaaaaaaaaaaaa\x00\x05e", "9s 0s -1 -1 [[fd00:6161:6161:6161:6161:6161:6161:6161]:5]"},
		{"mapped", "d8:intervali9e6:peers618:\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04\x00\x05e", "9s 0s -1 -1 [1.2.3.4:5]"},
		{
			"listed", "d8:intervali9e5:peersld2:ip7:1.2.3.44:porti5eed2:ip3:::17:peer id1:x4:porti6eed2:ip9:localhost4:porti7eei1ed2:ip7:1.2.3.4eee",
			"9s 0s -1 -1 [1.2.3.4:5 [::1]:6]",
		},
		{"bad peers", "d8:intervali9e5:peers24:\x01\x02\x03\x04\x00\x00\x00\x00\x00\x00\x00\x05\xff\xff\xff\xff\x00\x05\xe0\x00\x00\x01\x00\x05e", "9s 0s -1 -1 []"},
		{"bad port", "d8:intervali9e5:peersld2:ip7:1.2.3.44:porti65536eed2:ip7:1.2.3.44:porti-1eeee", "9s 0s -1 -1 []"},
		{"odd types", "d8:completede10:incomplete1:x8:intervali9e12:min intervalle5:peersi7e6:peers6lee", "9s 0s -1 -1 []"},
		{"bounds", "d8:completei-1e10:incompletei99999999999999999999e8:intervali99999999999999999999e12:min intervali-5e5:peers0:e", "24h0m0s 0s -1 -1 []"},
		{"no interval", "d5:peers0:e", "0s 0s -1 -1 []"},
	} {
		r, err := parseReply([]byte(test.body))
		if got := fmt.Sprint(r.interval, r.minInterval, r.seeds, r.leeches, r.peers); err != nil || got != test.want {
			t.Errorf("%s: %v %v, want %v", test.name, got, err, test.want)
		}
	}
	r, err := parseReply([]byte("d8:intervali9e5:peers60000:" + strings.Repeat("\x01", 60000) + "e"))
	if err != nil || len(r.peers) != maxPeers {
		t.Error(len(r.peers), "peers", err)
	}
}

func TestParseBrokenReply(t *testing.T) {
	for _, body := range []string{
		"", "d", "i1e", "le", "de", "d8:interval", "d8:intervali9e", "d8:intervalie5:peers0:e", "d5:peers9:e", "d5:peers-1:e", "d5:peers99999999999999999999:e",
		"di1ei2ee", "d5:peers" + strings.Repeat("l", 50), strings.Repeat("d1:a", 1<<18), "d1:ai" + strings.Repeat("1", 100) + "ee",
	} {
		if _, err := parseReply([]byte(body)); !errors.Is(err, errReply) {
			t.Errorf("%.40q: %v", body, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	for body, want := range map[string]refusedError{
		"d14:failure reason2:noe":                   {"no", 0},
		"d14:failure reason2:no8:retry ini5ee":      {"no", 5 * time.Minute},
		"d14:failure reason2:no8:retry in5:nevere":  {"no", 24 * time.Hour},
		"d14:failure reason2:no8:retry ini-5ee":     {"no", 0},
		"d14:failure reason2:no8:retry ini999999ee": {"no", 24 * time.Hour},
	} {
		var got *refusedError
		if _, err := parseReply([]byte(body)); !errors.As(err, &got) || *got != want {
			t.Errorf("%q: %+v", body, got)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		" a\r\n\tb ":                "a   b",
		"a\x00\x1b[31m\u202eb":      "a[31mb",
		"\xff\xfe":                  "\ufffd",
		strings.Repeat("x", 300):    strings.Repeat("x", 300),
		strings.Repeat("ä", 151):    strings.Repeat("ä", 148) + "…",
		strings.Repeat("x", 100000): strings.Repeat("x", 297) + "…",
	} {
		if got := clean(in); got != want {
			t.Errorf("%.20q: %q", in, got)
		}
	}
}

func checkReply(t *testing.T, r reply, err error) {
	if err != nil {
		if text := explain(err); len(text) > maxMessage || !utf8.ValidString(text) || text == "" {
			t.Errorf("message %q", text)
		}
		return
	}
	if len(r.peers) > maxPeers || len(r.warning) > maxMessage || !utf8.ValidString(r.warning) || len(r.trackerID) > maxID ||
		r.interval < 0 || r.interval > longInterval || r.minInterval < 0 || r.seeds < -1 || r.leeches < -1 {
		t.Errorf("%+v", r)
	}
	for _, p := range r.peers {
		if p.Port() == 0 || !p.Addr().IsValid() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			t.Error(p)
		}
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("d8:completei3e10:incompletei4e8:intervali1800e12:min intervali60e5:peers6:\x7f\x00\x00\x02\x1a\xe110:tracker id3:a&b15:warning message5:helloe"))
	f.Add([]byte("d8:intervali9e5:peersld2:ip3:::17:peer id1:x4:porti6eee6:peers618:\xfd\x00aaaaaaaaaaaaaa\x00\x05e"))
	f.Add([]byte("d14:failure reason4:no\xff!8:retry in5:nevere"))
	f.Add([]byte("d1:ald1:bi-1eee"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseReply(body)
		checkReply(t, r, err)
	})
}

func FuzzPacket(f *testing.F) {
	f.Add(append(words(1800, 4, 3), "\x7f\x00\x00\x02\x1a\xe1"...), true)
	f.Add(append(words(0xffffffff, 0x80000000, 3), "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03\x04\x00\x05"...), false)
	f.Fuzz(func(t *testing.T, body []byte, ipv4 bool) {
		r, err := parsePacket(body, ipv4)
		checkReply(t, r, err)
	})
}
