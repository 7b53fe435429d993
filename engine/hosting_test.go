package engine

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/announce"
	"piecewise/engine/internal/route"
	"piecewise/engine/tracker"
)

// hosted launches an engine whose tracker has any free port, and turns it on.
func hosted(t *testing.T) *bench {
	b := hostedWith(t, loopbackConfig(t.TempDir(), t.TempDir()))
	if p := b.snap.Hosting.Places; !reflect.DeepEqual(p, []Place{{Addr: netip.MustParseAddr("127.0.0.1"), Kind: PlaceHere}}) {
		t.Fatalf("%+v", p)
	}
	return b
}

func hostedWith(t *testing.T, cfg Config) *bench {
	b := launch(t, cfg)
	b.await("start", func(s *Snapshot) bool { return s.Port != 0 })
	v := b.snap.Settings
	v.TrackerPort = 0
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	h, err := b.Host(t.Context())
	if err != nil || !h.On || h.Port == 0 {
		t.Fatalf("%+v, %v", h, err)
	}
	b.await("the tracker", func(s *Snapshot) bool { return s.Hosting.On && s.Settings.TrackerOn })
	return b
}

// announceTo announces a peer to the engine's tracker and returns the answer.
func (b *bench) announceTo(hash [20]byte) string {
	b.t.Helper()
	r, err := http.Get(AnnounceURL(netip.MustParseAddr("127.0.0.1"), b.snap.Hosting.Port) + "?left=1&port=9&peer_id=12345678901234567890&info_hash=" + url.QueryEscape(string(hash[:])))
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(answer)
}

// TestHosting: our own tracker tells of our torrents without an announce of ours, by
// every info hash, for as long as they are shared; of others only if it is open.
func TestHosting(t *testing.T) {
	b := hosted(t)
	made := makeOf(t, someContent(t, "a", "b"), FormatHybrid)
	src, dir, err := made.Source()
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.Add(t.Context(), src, AddOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	us := "6:\x7f\x00\x00\x01" + string([]byte{byte(b.snap.Port >> 8), byte(b.snap.Port)})
	for _, hash := range [][20]byte{made.HashV1, [20]byte(made.HashV2[:20])} {
		b.await("its peer is told", func(*Snapshot) bool { return strings.Contains(b.announceTo(hash), us) })
	}
	if answer := b.announceTo(made.HashV1); !strings.HasPrefix(answer, "d8:completei1e10:downloadedi0e10:incompletei1e") {
		t.Errorf("%q", answer)
	}
	if answer := b.announceTo([20]byte{7}); !strings.Contains(answer, "not served") {
		t.Errorf("another torrent: %q", answer)
	}
	if err := b.Pause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.await("it is not told any more", func(*Snapshot) bool { return !strings.Contains(b.announceTo(made.HashV1), us) })
	if err := b.Remove(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	b.await("it is not served any more", func(*Snapshot) bool { return strings.Contains(b.announceTo(made.HashV1), "not served") })
	b.await("the figures", func(s *Snapshot) bool {
		return s.Hosting.Announces > 2 && s.Hosting.Refused > 1 && s.Hosting.Peers == 2
	})
	v := b.snap.Settings
	v.TrackerOpen = true
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	b.await("it is open", func(*Snapshot) bool { return strings.Contains(b.announceTo([20]byte{7}), "8:interval") })
	v.TrackerOn = false
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	port := b.snap.Hosting.Port
	b.await("it is off", func(s *Snapshot) bool { return !s.Hosting.On && s.Hosting.Err == "" })
	again, err := tracker.Listen(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)).String())
	if err != nil {
		t.Fatal("its port is not free: ", err)
	}
	again.Close()
}

// TestHostingPortTaken: a port that is taken is told, and another takes its place.
func TestHostingPortTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	b := hosted(t)
	v := b.snap.Settings
	v.TrackerPort = taken.Addr().(*net.TCPAddr).Port
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	b.await("the error", func(s *Snapshot) bool {
		return !s.Hosting.On && strings.Contains(s.Hosting.Err, "address already in use")
	})
	if _, err := b.Host(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("it is said to be on: %v", err)
	}
	v.TrackerPort = 0
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	b.await("another port", func(s *Snapshot) bool { return s.Hosting.On && s.Hosting.Err == "" })
	b.stop()
	if _, err := b.Host(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("after the end: %v", err)
	}
}

// TestHostingBarred: our own tracker does not answer past the only way out.
func TestHostingBarred(t *testing.T) {
	b := hosted(t)
	for _, change := range []func(*Privacy){
		func(p *Privacy) { p.Anonymous = true },
		func(p *Privacy) {
			p.Proxy.Kind, p.Proxy.Address, p.Proxy.Trackers = ProxyKind(route.SOCKS5), "127.0.0.1:1", true
		},
	} {
		v := b.snap.Settings
		usual := v.Privacy
		change(&v.Privacy)
		if err := b.SetSettings(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		b.await("it is off, and says why", func(s *Snapshot) bool { return !s.Hosting.On && strings.Contains(s.Hosting.Err, "does not run") })
		if _, err := b.Host(t.Context()); err == nil || !strings.Contains(err.Error(), "does not run") {
			t.Errorf("it is turned on: %v", err)
		}
		v.Privacy = usual
		if err := b.SetSettings(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		b.await("it is on again", func(s *Snapshot) bool { return s.Hosting.On && s.Hosting.Err == "" })
	}
}

// TestHostingBound: our own tracker listens where everything has to go, is silent while
// there is no way, and is back when that is.
func TestHostingBound(t *testing.T) {
	b := hosted(t)
	port := b.snap.Hosting.Port
	for _, test := range []struct{ bind, on, off string }{
		{"lo", "127.0.0.1", "127.0.0.5"},
		{"127.0.0.5", "127.0.0.5", "127.0.0.1"},
		{"none0", "", "127.0.0.1"},
		{"", "127.0.0.1", "127.0.0.5"},
	} {
		v := b.snap.Settings
		v.Privacy.Bind = test.bind
		if err := b.SetSettings(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		b.await("where it is, "+test.bind, func(s *Snapshot) bool {
			h := s.Hosting
			if test.on == "" {
				return !h.On && strings.Contains(h.Err, "nothing leaves")
			}
			return h.On && h.Port == port && len(h.Places) == 1 && h.Places[0].Addr.String() == test.on && answersAt(t, test.on, port) == 2
		})
		if answersAt(t, test.off, port) != 0 {
			t.Errorf("with %q it answers at %s", test.bind, test.off)
		}
		if _, err := b.Host(t.Context()); (err == nil) != (test.on != "") {
			t.Errorf("with %q it is turned on: %v", test.bind, err)
		}
	}
}

// answersAt returns how many of HTTP and UDP a tracker answers over.
func answersAt(t *testing.T, host string, port int) (n int) {
	t.Helper()
	at := net.JoinHostPort(host, strconv.Itoa(port))
	for network, ask := range map[string]string{"tcp": "GET /scrape HTTP/1.0\r\n\r\n", "udp": "\x00\x00\x04\x17\x27\x10\x19\x80\x00\x00\x00\x00abcd"} {
		c, err := net.Dial(network, at)
		if err != nil {
			continue
		}
		_ = c.SetDeadline(time.Now().Add(time.Second))
		_, _ = c.Write([]byte(ask))
		if m, _ := c.Read(make([]byte, 100)); m > 0 {
			n++
		}
		c.Close()
	}
	return n
}

// TestHostingMapped: the router lets others reach our own tracker while that is on, and
// where it does is the best place.
func TestHostingMapped(t *testing.T) {
	r := newPMPRouter(t)
	cfg := loopbackConfig(t.TempDir(), t.TempDir())
	cfg.NoPortMapping = false
	cfg.gateway, cfg.pmpPort = netip.MustParseAddr("127.0.0.1"), r.port
	b := hostedWith(t, cfg)
	b.await("the mapping", func(s *Snapshot) bool {
		p := s.Hosting.Places
		return len(p) == 2 && p[0] == Place{netip.MustParseAddr("198.51.100.7"), PlaceMapped, s.Hosting.Port + 1}
	})
	if places := must[[]Place](t)(b.Places(t.Context())); !reflect.DeepEqual(places, b.snap.Hosting.Places) {
		t.Errorf("%v", places)
	}
	opened := func(n int) func(*Snapshot) bool { return func(*Snapshot) bool { return len(r.open()) == n } }
	b.await("both ports, TCP and UDP", opened(4))
	v := b.snap.Settings
	v.PortMapping = false
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the end of the mapping", func(s *Snapshot) bool { return len(r.open()) == 0 && len(s.Hosting.Places) == 1 })
	v.PortMapping = true
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the mapping again", opened(4))
	v.TrackerOn = false
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the port of peers alone", opened(2))
}

// TestHostingPrivate: a private torrent of another tracker is none of ours (BEP 27).
func TestHostingPrivate(t *testing.T) {
	b := hosted(t)
	ours := AnnounceURL(netip.MustParseAddr("127.0.0.1"), b.snap.Hosting.Port)
	for _, test := range []struct {
		announce string
		served   bool
	}{{"http://192.0.2.1:" + strings.Split(ours, ":")[2], false}, {ours, true}} {
		path := filepath.Join(t.TempDir(), "data")
		content := must[*Content](t)(LookAt(t.Context(), someContent(t, "a", "b"), nil, path))
		made := must[*Created](t)(Create(t.Context(), content, CreateOptions{
			PieceLength: MinPieceLength, Private: true, Source: test.announce, Trackers: [][]string{{test.announce}},
		}, nil))
		src, dir, err := made.Source()
		if err != nil {
			t.Fatal(err)
		}
		id := must[ID](t)(b.Add(t.Context(), src, AddOptions{Dir: dir}))
		other := must[ID](t)(b.Add(t.Context(), must[*Source](t)(Open(t.Context(), "magnet:?xt=urn:btih:"+strings.Repeat("0a", 19)+map[bool]string{true: "01", false: "02"}[test.served], true)), AddOptions{}))
		b.await("what came after it is served", func(*Snapshot) bool { return !strings.Contains(b.announceTo(other), "not served") })
		if answer := b.announceTo(id); strings.Contains(answer, "not served") == test.served {
			t.Errorf("%s: %q", test.announce, answer)
		}
	}
}

func TestPlacesOf(t *testing.T) {
	var addrs []netip.Addr
	for _, text := range []string{"127.0.0.1", "192.168.1.2", "::1", "fe80::1", "2001:db8::1", "fd00::1", "203.0.113.1", "100.64.0.1", "224.0.0.1"} {
		addrs = append(addrs, netip.MustParseAddr(text))
	}
	text := ""
	for _, p := range placesOf(addrs, []Place{{Addr: netip.MustParseAddr("203.0.113.1"), Kind: PlaceSeen}, {Addr: netip.MustParseAddr("203.0.113.9"), Kind: PlaceSeen}}) {
		text += p.Addr.String() + map[PlaceKind]string{PlaceOutside: " outside, ", PlaceSeen: " seen, ", PlaceInside: " inside, ", PlaceHere: " here, "}[p.Kind]
	}
	if want := "203.0.113.1 outside, 2001:db8::1 outside, 203.0.113.9 seen, 192.168.1.2 inside, 100.64.0.1 inside, fd00::1 inside, 127.0.0.1 here, ::1 here, "; text != want {
		t.Errorf("%s", text)
	}
}

// TestSeenAt: where the most trackers see us counts, not how often one says so.
func TestSeenAt(t *testing.T) {
	s := newState(New(Config{}))
	for _, all := range [][2]string{
		{"http://a/1", "203.0.113.1"},
		{"http://b/1", "203.0.113.1"},
		{"http://c/1", "198.51.100.1"},
		{"http://c/2", "198.51.100.1"},
		{"http://c/3", "198.51.100.1"},
		{"http://a/1", "10.0.0.1"},
		{"http://a/1", "127.0.0.1"},
		{"http://a/1", "224.0.0.1"},
		{"udp://a", "2001:db8::1"},
	} {
		s.order = append(s.order, &torrent{trackers: []announce.Status{{URL: all[0], External: netip.MustParseAddr(all[1])}, {URL: all[0]}}})
	}
	if got := s.seenAt(); len(got) != 2 || got[0].String() != "203.0.113.1" || got[1].String() != "2001:db8::1" {
		t.Errorf("%v", got)
	}
}

func TestAnnounceURL(t *testing.T) {
	for ip, want := range map[string]string{"192.0.2.1": "http://192.0.2.1:6969/announce", "2001:db8::1": "http://[2001:db8::1]:6969/announce"} {
		if got := AnnounceURL(netip.MustParseAddr(ip), 6969); got != want {
			t.Errorf("%s", got)
		}
	}
}
