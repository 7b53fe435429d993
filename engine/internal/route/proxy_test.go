package route

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"piecewise/test/proxy"
)

// proxied returns a Route through a proxy of the given kind, for everything.
func proxied(t *testing.T, kind ProxyKind, s *proxy.Server) *Route {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(func() { l.Close(); s.HangUp() })
	x := Proxy{Kind: kind, Address: l.Addr().String(), User: s.User, Password: s.Password, Peers: true, Trackers: true, WebSeeds: true}
	return New(Config{Loopback: true, Policy: Policy{Proxy: x}})
}

var kinds = map[string]ProxyKind{"SOCKS5": SOCKS5, "HTTP": HTTPConnect}

// Peers, trackers and web seeds are reached through the proxy, which resolves names.
func TestThroughProxy(t *testing.T) {
	for name, kind := range kinds {
		for _, user := range []string{"", "me"} {
			t.Run(name+user, func(t *testing.T) {
				at := echo(t)
				s := &proxy.Server{User: user, Password: user + "secret"}
				r := proxied(t, kind, s)
				peer, err := r.DialPeer(t.Context(), at)
				if err != nil {
					t.Fatal(err)
				}
				defer peer.Close()
				if peer.RemoteAddr().String() != at.String() {
					t.Errorf("the peer is %v", peer.RemoteAddr())
				}
				web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("hello")) }))
				defer web.Close()
				link := strings.Replace(web.URL, "127.0.0.1", "localhost", 1)
				resp, err := r.HTTPClient(Tracker).Get(link)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if got, err := say(peer, "hello"); got != "hello" {
					t.Error(got, err)
				}
				want := strings.TrimPrefix(link, "http://")
				if !slices.Contains(s.Names(), want) {
					t.Errorf("the proxy was asked for %q, want %q as it is", s.Names(), want)
				}
				if _, err := r.Resolve(t.Context(), "localhost", Tracker); err == nil {
					t.Error("a name was resolved here")
				}
			})
		}
	}
}

// UDP goes through SOCKS5, with names resolved by the proxy, and not at all over HTTP.
func TestUDPThroughProxy(t *testing.T) {
	at := echo(t)
	s := &proxy.Server{User: "me", Password: "x"}
	r := proxied(t, SOCKS5, s)
	link, _ := url.Parse("udp://localhost:" + strings.Split(at.String(), ":")[1])
	targets, err := r.Targets(t.Context(), link, Tracker)
	if err != nil || !slices.Equal(targets, []string{link.Host}) {
		t.Fatal(targets, err)
	}
	c, err := r.Dial(t.Context(), "udp", targets[0], Tracker)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := say(c, "hello"); got != "hello" {
		t.Error(got, err)
	}
	if c.RemoteAddr().String() != at.String() || !slices.Contains(s.Names(), link.Host) {
		t.Errorf("the answer came from %v; names: %q", c.RemoteAddr(), s.Names())
	}
	p, err := r.ListenUDP(netip.AddrPortFrom(here, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	got := make(chan string, 100)
	go func() {
		b := make([]byte, 100)
		for {
			n, from, err := p.ReadFrom(b)
			if err != nil {
				return
			}
			got <- string(b[:n]) + " " + from.String()
		}
	}()
	for _, text := range []string{"first", "and after the proxy has hung up"} {
		await(t, text, func() bool {
			p.WriteTo([]byte(text), net.UDPAddrFromAddrPort(at))
			select {
			case g := <-got:
				return g == text+" "+at.String()
			default:
				return false
			}
		})
		s.HangUp()
	}

	r = proxied(t, HTTPConnect, s)
	var closed *ClosedError
	if _, err := r.Dial(t.Context(), "udp", at.String(), Tracker); !errors.As(err, &closed) {
		t.Errorf("UDP over HTTP: %v", err)
	}
	q, err := r.ListenUDP(netip.AddrPortFrom(here, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := q.WriteTo([]byte("leak"), net.UDPAddrFromAddrPort(at)); !errors.As(err, &closed) {
		t.Errorf("UDP past the proxy: %v", err)
	}
}

// What fails in the proxy fails altogether, and is told.
func TestProxyFails(t *testing.T) {
	at := echo(t)
	for name, kind := range kinds {
		s := &proxy.Server{User: "me", Password: "secret"}
		r := proxied(t, kind, s)
		p := r.Policy()
		p.Proxy.Password = "wrong"
		r.SetPolicy(p)
		var failed *ProxyError
		if _, err := r.DialPeer(t.Context(), at); !errors.As(err, &failed) {
			t.Errorf("%s with a wrong password: %v", name, err)
		}
		p.Proxy.Address = "127.0.0.1:1"
		r.SetPolicy(p)
		for _, to := range []Purpose{Tracker, WebSeed, Metainfo, Peer} {
			if _, err := r.Dial(t.Context(), "tcp", at.String(), to); !errors.As(err, &failed) {
				t.Errorf("%s that does not answer: %v", name, err)
			}
		}
		if r.State().Failed == "" {
			t.Error("nobody is told")
		}
		if _, err := r.ListenLocal(false, netip.AddrPort{}); err == nil {
			t.Error("the local network is contacted")
		}
		if n := s.Connects.Load(); n != 0 {
			t.Errorf("%d connections were carried", n)
		}
	}
}

// Nobody connects to us while peers are reached through a proxy, unless the user wants
// that.
func TestListensPastProxy(t *testing.T) {
	r := proxied(t, SOCKS5, &proxy.Server{})
	l, err := r.ListenTCP(netip.AddrPortFrom(here, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
		}
	}()
	if _, err := net.Dial("tcp4", l.Addr().String()); err == nil {
		t.Error("it listens")
	}
	p := r.Policy()
	p.Proxy.Listen = true
	r.SetPolicy(p)
	await(t, "it listens", func() bool {
		c, err := net.Dial("tcp4", l.Addr().String())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// What a proxy answers to CONNECT.
func TestConnectStatus(t *testing.T) {
	for head, ok := range map[string]bool{
		"HTTP/1.1 200 OK\r\n\r\n": true, "HTTP/1.0 200\r\nX: y\r\n\r\n": true,
		"HTTP/1.1 407 No\r\n\r\n": false, "SSH-2.0-x\r\n\r\n": false, "\r\n\r\n": false, "HTTP/1.1 \r\n\r\n": false,
	} {
		if err := connectStatus(head); (err == nil) != ok {
			t.Errorf("%q: %v", head, err)
		}
	}
}

func FuzzRelayed(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 127, 0, 0, 1, 0, 80, 'x'})
	f.Add([]byte{0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, b []byte) {
		from, data, ok := parseRelayed(b)
		if ok && (!from.IsValid() || len(data) > len(b)) {
			t.Errorf("%v, %d bytes", from, len(data))
		}
	})
}
