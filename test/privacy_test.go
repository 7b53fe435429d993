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

// set changes the settings, and returns the moment from which on they hold.
func (s *session) set(change func(*engine.Settings)) (since time.Time) {
	s.t.Helper()
	v := s.now().Settings
	change(&v)
	if err := s.e.SetSettings(s.t.Context(), v); err != nil {
		s.t.Fatal(err)
	}
	since = time.Now().Round(0) // as the kernel's clock has it
	Poll(s.t, 10*time.Second, "the settings are told", func() bool { return s.now().Settings.Equal(v) })
	return since
}

// privacy changes that, as set does.
func (s *session) privacy(p engine.Privacy) (since time.Time) {
	s.t.Helper()
	return s.set(func(v *engine.Settings) { v.Privacy = p })
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

// none fails the test if something has left that should not, since the last look.
func none(t *testing.T, c *Capture, when string, allowed ...string) {
	t.Helper()
	noneSince(t, c, time.Time{}, when, allowed...)
}

// noneSince is none from a moment on.
func noneSince(t *testing.T, c *Capture, since time.Time, when string, allowed ...string) {
	t.Helper()
	leaked := slices.DeleteFunc(c.After(t, since), func(packet string) bool {
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

// sendsAll waits until all kinds of packets are seen where nothing is forbidden.
func (s *session) sendsAll(t *testing.T, w *world) {
	t.Helper()
	missing := maps.Clone(everything)
	var seen []string
	defer func() {
		if t.Failed() {
			t.Logf("still missing: %v; seen: %q", missing, seen)
		}
	}()
	Poll(t, 30*time.Second, "all kinds of packets are seen where nothing is forbidden", func() bool {
		seen = append(seen, w.past.Seen(t)...)
		maps.DeleteFunc(missing, func(_, packet string) bool { return slices.Contains(seen, packet) })
		return len(missing) == 0
	})
}

// Whatever a session sends goes over the interface that is named, or not at all: when it
// starts, while it is gone, down and back, and while the settings change.
func TestKillSwitch(t *testing.T) {
	if !BetweenNetworks(t) {
		return
	}
	w := newWorld(t)
	t.Run("without", func(t *testing.T) {
		if !Full() {
			t.Skip("in the full matrix: PIECEWISE_E2E=full; TestProxyChanges has it too")
		}
		s := openSession(t, w.d, engine.Privacy{})
		s.sendsAll(t, w)
		// From one moment to the next everything goes another way.
		since := s.privacy(engine.Privacy{Bind: "tun0"})
		s.set(func(v *engine.Settings) { v.Limits.Down = 50_000 })
		s.moves("over the tunnel")
		noneSince(t, w.past, since, "after the interface was chosen")
	})
	w.past.Seen(t)
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

// outsideProxy is a proxy that stands outside, and leads into the tunnel.
func outsideProxy(t *testing.T, w *world) *proxy.Server {
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
	return server
}

// over is the proxy outside, for everything.
func (w *world) over(kind engine.ProxyKind) engine.Privacy {
	return engine.Privacy{Proxy: engine.Proxy{
		Kind: kind, Address: w.eth.Host + ":1080", User: "me", Password: "secret", Peers: true, Trackers: true, WebSeeds: true,
	}}
}

// allowed is what may leave to the outside over a proxy.
func (w *world) allowed(kind engine.ProxyKind, server *proxy.Server) []string {
	allowed := []string{"tcp " + w.eth.Host + ":1080"}
	if kind == engine.ProxySOCKS5 {
		for _, relay := range server.Relays() {
			allowed = append(allowed, "udp "+relay)
		}
	}
	return allowed
}

var realProxies = []engine.ProxyKind{engine.ProxySOCKS5, engine.ProxyHTTP}

// Through a proxy, whatever a session sends goes to the proxy, or nowhere.
func TestProxied(t *testing.T) {
	if !BetweenNetworks(t) {
		return
	}
	w := newWorld(t)
	server := outsideProxy(t, w)
	for _, kind := range realProxies {
		t.Run(kind.String(), func(t *testing.T) {
			if kind == engine.ProxyHTTP && !Full() {
				t.Skip("in the full matrix: PIECEWISE_E2E=full")
			}
			w.past.Seen(t)
			w.through.Seen(t)
			s := openSession(t, w.d, w.over(kind))
			Poll(t, 10*time.Second, "the engine runs", func() bool { return s.now() != nil })
			s.set(func(v *engine.Settings) { v.Limits.Down = 50_000 })
			s.moves("through the proxy")
			server.HangUp()
			s.moves("after the proxy has hung up")
			s.finish()
			none(t, w.through, "over "+kind.String())
			none(t, w.past, "over "+kind.String(), w.allowed(kind, server)...)
		})
	}
}

// From the moment at which other settings hold no packet goes the way of before: not a
// look-up that was under way, and not a connection that was being made.
func TestProxyChanges(t *testing.T) {
	if !BetweenNetworks(t) {
		return
	}
	w := newWorld(t)
	server := outsideProxy(t, w)
	s := openSession(t, w.d, engine.Privacy{})
	s.sendsAll(t, w)
	s.set(func(v *engine.Settings) { v.Limits.Down = 50_000 })
	rounds := 1
	if Full() {
		rounds = 5
	}
	over := func(kind engine.ProxyKind) {
		t.Helper()
		since := s.privacy(w.over(kind))
		s.moves("over " + kind.String())
		noneSince(t, w.past, since, "from the moment on at which all goes over "+kind.String(), w.allowed(kind, server)...)
		noneSince(t, w.through, since, "over "+kind.String())
	}
	direct := func(bind string, forbidden *Capture) {
		t.Helper()
		since := s.privacy(engine.Privacy{Bind: bind})
		if bind == "tun0" {
			s.moves("over the tunnel")
		} else {
			Poll(t, 20*time.Second, "names are asked for outside", func() bool {
				return slices.Contains(w.past.Seen(t), everything["names"])
			})
		}
		noneSince(t, forbidden, since, "from the moment on at which all goes over "+bind)
	}
	for round := range rounds {
		over(engine.ProxySOCKS5)
		over(engine.ProxyHTTP)
		direct("tun0", w.past)
		if round+1 < rounds {
			over(engine.ProxyHTTP)
			direct("eth0", w.through) // without a proxy there is something under way again
		}
	}
	s.finish()
	none(t, w.past, "until the end")
}
