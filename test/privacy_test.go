package test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"piecewise/engine"
	"piecewise/test/proxy"
)

// session is an engine that uses all there is: trackers over HTTP and UDP, a web seed,
// the DHT, LSD, port mapping, peers over TCP and uTP, and names for all of them.
type session struct {
	t   *testing.T
	e   *engine.Engine
	d   *Data
	dir string

	mu   sync.Mutex
	last *engine.Snapshot
	said []string
}

// openSession starts a download. Its rate is bounded so that it lasts as long as the
// test wants.
func openSession(t *testing.T, d *Data, p engine.Privacy) *session {
	s := &session{t: t, d: d, dir: t.TempDir()}
	s.e = engine.New(engine.Config{
		Profile: t.TempDir(), Dir: s.dir, DHTNodes: []string{"node.example:7000"}, DownLimit: 1,
		Bind: p.Bind, Proxy: p.Proxy,
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.e.Run(ctx) }()
	read := make(chan struct{})
	go func() {
		defer close(read)
		for u := range s.e.Updates() {
			s.mu.Lock()
			s.last = u.Snapshot
			for _, ev := range u.Events {
				s.said = append(s.said, ev.Text)
			}
			s.mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		<-read
		if t.Failed() {
			t.Logf("the engine said %q; at last: %+v", s.said, s.last.Way)
		}
	})
	path := filepath.Join(t.TempDir(), "the.torrent")
	text := "d8:announce" + bencode("http://tracker.example:6969/announce") + "13:announce-listll" + bencode("http://tracker.example:6969/announce") +
		"el" + bencode("udp://other.example:6969/announce") + "ee4:info" + d.info + "8:url-list" + bencode("http://web.example:8080/") + "e"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	src, err := engine.Open(t.Context(), path, true)
	if err != nil {
		t.Fatal(err)
	}
	// The last is next door outside, which the tunnel does not lead to.
	peers := []netip.AddrPort{netip.MustParseAddrPort(tunnel().Host + ":7000"), netip.MustParseAddrPort(outside().Host + ":7001")}
	if _, err := s.e.Add(t.Context(), src, engine.AddOptions{Dir: s.dir, Peers: peers}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *session) now() *engine.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// set changes the settings. When it returns they hold.
func (s *session) set(change func(*engine.Settings)) {
	s.t.Helper()
	v := s.now().Settings
	change(&v)
	if err := s.e.SetSettings(s.t.Context(), v); err != nil {
		s.t.Fatal(err)
	}
	Poll(s.t, 10*time.Second, "the settings are told", func() bool { return s.now().Settings.Equal(v) })
}

// privacy changes that.
func (s *session) privacy(p engine.Privacy) {
	s.t.Helper()
	s.set(func(v *engine.Settings) { v.Privacy = p })
}

// moves waits until something is downloaded.
func (s *session) moves(when string) {
	s.t.Helper()
	before := s.now().Downloaded
	Poll(s.t, time.Minute, "something is downloaded "+when, func() bool { return s.now().Downloaded > before })
}

// closed waits until nothing may leave, or something may.
func (s *session) closed(want string) {
	s.t.Helper()
	Poll(s.t, 10*time.Second, fmt.Sprintf("the way out is closed: %q", want), func() bool { return s.now().Way.Closed == want })
}

// finish lets the download end, and compares it.
func (s *session) finish() {
	s.t.Helper()
	s.set(func(v *engine.Settings) { v.Limits.Down = engine.Unlimited })
	Poll(s.t, time.Minute, "the download is complete", func() bool {
		all := s.now().Torrents
		return len(all) == 1 && all[0].State == engine.Seeding && all[0].Done()
	})
	s.d.Compare(s.t, s.dir)
}

// none fails the test if something has left that should not.
func none(t *testing.T, c *Capture, when string, allowed ...string) {
	t.Helper()
	leaked := slices.DeleteFunc(c.Seen(), func(packet string) bool {
		return slices.ContainsFunc(allowed, func(a string) bool { return strings.HasPrefix(packet, a) })
	})
	if len(leaked) > 0 {
		counts := map[string]int{}
		for _, p := range leaked {
			counts[p]++
		}
		t.Errorf("%s, %d packets went past the way that is allowed: %v", when, len(leaked), counts)
	}
}

// world has two networks, in one of which there is a swarm.
type world struct {
	tun, eth *Network
	past     *Capture // of what leaves to the outside
	through  *Capture // of what leaves by the tunnel
	d        *Data
}

func newWorld(t *testing.T) *world {
	w := &world{tun: tunnel(), eth: outside(), d: Make(t, "private matters", 16<<10, File{Length: 3_000_000})}
	w.tun.start(t)
	w.eth.start(t)
	w.past, w.through = StartCapture(t, "eth0"), StartCapture(t, "tun0")
	web := w.tun.listen(t, w.tun.Host+":8080")
	go http.Serve(web, http.FileServer(http.Dir(w.d.Dir))) // until the test ends
	Start(t, w.tun.command(t, Binary, "tracker", "--listen", w.tun.Host+":6969"), nil)
	Start(t, w.tun.command(t, Binary, "get", "--json", "--seed", "--no-lsd", "--no-port-mapping", "--listen", w.tun.Host+":7000",
		"--dir", w.d.Dir, "--profile", t.TempDir(), w.d.Torrent(t, "http://"+w.tun.Host+":6969/announce")), nil)
	return w
}

// everything is what a session sends: if one of these were not seen where nothing is
// forbidden, that none are seen elsewhere would prove nothing.
var everything = map[string]string{
	"names":                "udp 192.0.2.53:53",
	"a tracker over HTTP":  "tcp 203.0.113.1:6969",
	"a tracker over UDP":   "udp 203.0.113.1:6969",
	"a web seed":           "tcp 203.0.113.1:8080",
	"a peer over TCP":      "tcp 203.0.113.1:7001",
	"a node of the DHT":    "udp 203.0.113.1:7000",
	"the local network":    "udp 239.192.152.143:6771",
	"a router's discovery": "udp 239.255.255.250:1900",
	"the router":           "udp 192.168.77.1:5351",
}

// Whatever a session sends goes over the interface that is named, or not at all: when it
// starts, while it is gone, down and back, and while the settings change.
func TestKillSwitch(t *testing.T) {
	if !BetweenNetworks(t) {
		return
	}
	w := newWorld(t)
	t.Run("without", func(t *testing.T) {
		s := openSession(t, w.d, engine.Privacy{})
		missing := maps.Clone(everything)
		var seen []string
		defer func() {
			if t.Failed() {
				t.Logf("still missing: %v; seen: %q", missing, seen)
			}
		}()
		Poll(t, 30*time.Second, "all kinds of packets are seen where nothing is forbidden", func() bool {
			seen = append(seen, w.past.Seen()...)
			maps.DeleteFunc(missing, func(_, packet string) bool { return slices.Contains(seen, packet) })
			return len(missing) == 0
		})
		// From one moment to the next everything goes another way.
		s.privacy(engine.Privacy{Bind: "tun0"})
		w.past.Seen()
		s.set(func(v *engine.Settings) { v.Limits.Down = 50_000 })
		s.moves("over the tunnel")
		none(t, w.past, "after the interface was chosen")
	})
	w.past.Seen()
	s := openSession(t, w.d, engine.Privacy{Bind: "tun0"})
	Poll(t, 10*time.Second, "the engine runs", func() bool { return s.now() != nil })
	s.set(func(v *engine.Settings) { v.Limits.Down = 50_000 })
	s.moves("over the tunnel")
	none(t, w.past, "since the start")
	for what, script := range map[string]func(*testing.T){"down": w.tun.down, "gone": w.tun.unplug} {
		if what == "down" && !Full() {
			continue
		}
		script(t)
		s.closed("tun0 is " + what + ": nothing leaves")
		time.Sleep(time.Second) // in which something could leave
		none(t, w.past, "while the interface was "+what)
		if what == "gone" {
			w.tun.plug(t)
		} else {
			w.tun.up(t)
		}
		s.closed("")
		s.moves("after the interface was " + what)
		none(t, w.past, "after it is back")
	}
	s.finish()
	none(t, w.past, "until the end")
}

// Through a proxy, whatever a session sends goes to the proxy, or nowhere.
func TestProxied(t *testing.T) {
	if !BetweenNetworks(t) {
		return
	}
	w := newWorld(t)
	// It stands outside, and leads into the tunnel.
	server := &proxy.Server{
		User: "me", Password: "secret", Dial: w.tun.dial, ListenPacket: w.tun.listenPacket, Relay: w.eth.listenPacket,
		Rename: func(hostport string) string {
			if host, port, _ := net.SplitHostPort(hostport); net.ParseIP(host) == nil {
				return w.tun.Host + ":" + port
			}
			return hostport
		},
	}
	go server.Serve(w.eth.listen(t, w.eth.Host+":1080"))
	for _, kind := range []engine.ProxyKind{engine.ProxySOCKS5, engine.ProxyHTTP} {
		t.Run(kind.String(), func(t *testing.T) {
			if kind == engine.ProxyHTTP && !Full() {
				t.Skip("in the full matrix: PIECEWISE_E2E=full")
			}
			w.past.Seen()
			w.through.Seen()
			x := engine.Proxy{Kind: kind, Address: w.eth.Host + ":1080", User: "me", Password: "secret", Peers: true, Trackers: true, WebSeeds: true}
			s := openSession(t, w.d, engine.Privacy{Proxy: x})
			Poll(t, 10*time.Second, "the engine runs", func() bool { return s.now() != nil })
			s.set(func(v *engine.Settings) { v.Limits.Down = 50_000 })
			s.moves("through the proxy")
			server.HangUp()
			s.moves("after the proxy has hung up")
			s.finish()
			none(t, w.through, "over "+kind.String())
			allowed := []string{"tcp " + x.Address}
			if kind == engine.ProxySOCKS5 {
				for _, relay := range server.Relays() {
					allowed = append(allowed, "udp "+relay)
				}
			}
			none(t, w.past, "over "+kind.String(), allowed...)
		})
	}
}
