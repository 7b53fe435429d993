package route

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers for IPv4 addresses, each name with its answers in turn; the last
// one stays. A name without answers gets none at all.
type nameServer struct {
	at netip.AddrPort

	mu    sync.Mutex
	names map[string][]string
	asked int
}

func startNameServer(t *testing.T, names map[string][]string) *nameServer {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pc.Close() })
	s := &nameServer{at: pc.LocalAddr().(*net.UDPAddr).AddrPort(), names: names}
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(append([]byte(nil), b[:n]...)) == nil && s.answer(&m) {
				if packet, err := m.Pack(); err == nil {
					pc.WriteTo(packet, from)
				}
			}
		}
	}()
	return s
}

func (s *nameServer) answer(m *dnsmessage.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	q := m.Questions[0]
	name := q.Name.String()
	all := s.names[name]
	if len(all) == 0 {
		return false
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(all[0]).As4()},
		}}
		s.names[name] = all[min(1, len(all)-1):]
	}
	return true
}

func (s *nameServer) queries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// askedBy has a route ask this server, whatever the system's ones are.
func (s *nameServer) askedBy(r *Route) {
	w := r.now.Load()
	w.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return r.dialNameServer(ctx, w, network, s.at.String())
	}}
}

// A chain of redirects is followed as far as the rules allow, by a real client and with
// names that are resolved: every URL is checked, and every address that is connected to.
func TestRedirects(t *testing.T) {
	const world, other, private, here = "203.0.113.1", "198.51.100.7", "10.0.0.9", "127.0.0.1"
	names := map[string][]string{
		"a.example.": {world}, "b.example.": {other}, "hidden.example.": {private}, "mine.example.": {here},
		"turns.example.": {world, here}, "nas.local.": {private}, "cloud.example.": {"169.254.169.254"},
	}
	r := New(Config{})
	startNameServer(t, names).askedBy(r)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if next := req.URL.Query()["to"]; len(next) > 0 {
			u, _ := url.Parse(next[0])
			u.RawQuery = url.Values{"to": next[1:]}.Encode()
			http.Redirect(w, req, u.String(), http.StatusFound)
		}
	}))
	defer web.Close()
	for _, c := range []struct {
		name    string
		to      Purpose
		chain   []string
		refused bool
	}{
		{"from one host outside to another", WebSeed, []string{"http://a.example/x", "http://b.example/y"}, false},
		{"into a local network", WebSeed, []string{"http://a.example/x", "http://10.0.0.9/y"}, true},
		{"into a local network by its name", WebSeed, []string{"http://a.example/x", "http://nas.local/y"}, true},
		{"by way of a second host outside", WebSeed, []string{"http://nas.local/x", "http://a.example/x", "http://nas.local/y"}, true},
		{"within a local network", WebSeed, []string{"http://nas.local/x", "http://10.0.0.9/y"}, false},
		{"out of a local network", WebSeed, []string{"http://nas.local/x", "http://a.example/y"}, false},
		{"to a name that hides an address there", Metainfo, []string{"http://a.example/x", "http://hidden.example/y"}, true},
		{"to this machine", Metainfo, []string{"http://a.example/x", "http://127.0.0.1/y"}, true},
		{"to this machine, mapped into IPv6", Metainfo, []string{"http://a.example/x", "http://[::ffff:127.0.0.1]/y"}, true},
		{"to a name that hides this machine", Metainfo, []string{"http://a.example/x", "http://mine.example/y"}, true},
		{"to a link-local address", WebSeed, []string{"http://a.example/x", "http://cloud.example/y"}, true},
		{"to a name that turns", WebSeed, []string{"http://turns.example/x", "http://turns.example/y"}, true},
		{"of a tracker", Tracker, []string{"http://10.0.0.9/announce", "http://10.0.0.9/reboot"}, true},
	} {
		transport := r.Transport(c.to)
		transport.DisableKeepAlives = true
		// All but the last step is the route's own: where that would connect, the server is.
		transport.DialContext = func(ctx context.Context, _, addr string) (net.Conn, error) {
			host, _, err := splitHostPort(addr)
			if err == nil {
				_, err = r.Resolve(ctx, host, c.to)
			}
			if err != nil {
				return nil, err
			}
			return net.Dial("tcp", web.Listener.Addr().String())
		}
		client := &http.Client{Transport: transport, CheckRedirect: CheckRedirect}
		resp, err := client.Get(c.chain[0] + "?" + url.Values{"to": c.chain[1:]}.Encode())
		var refused *RefusedError
		if err == nil {
			resp.Body.Close()
		}
		if errors.As(err, &refused) != c.refused || !c.refused && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A look-up that is under way when the way changes asks nobody any more, and neither
// does whoever still holds the way of before connect.
func TestChangeEndsLookups(t *testing.T) {
	r, m := bound(t)
	silent := startNameServer(t, nil)
	silent.askedBy(r)
	old := r.now.Load()
	failed := make(chan error, 1)
	go func() {
		_, err := r.Resolve(context.Background(), "tracker.example", Tracker)
		failed <- err
	}()
	await(t, "the name server is asked", func() bool { return silent.queries() > 0 })
	again := tunnel
	again.index = 8 // another one by that name
	m.set(again)
	r.refresh()
	asked := silent.queries()
	if err := <-failed; !errors.Is(err, ErrChanged) {
		t.Errorf("the look-up: %v", err)
	}
	if n := silent.queries(); n > asked+1 { // one may not have been read yet
		t.Errorf("it was asked %d times, then %d", asked, n)
	}
	if _, err := r.addresses(context.Background(), old, "tracker.example"); !errors.Is(err, ErrChanged) {
		t.Errorf("a look-up on the old way: %v", err)
	}
	if _, err := r.connect(context.Background(), old, "tcp", echo(t)); !errors.Is(err, ErrChanged) {
		t.Errorf("a dial on the old way: %v", err)
	}
}

// A change waits for what was about to send something, and nobody begins to later.
func TestChangeWaitsForDials(t *testing.T) {
	r, m := bound(t)
	old := r.now.Load()
	done, err := r.begin(old)
	if err != nil {
		t.Fatal(err)
	}
	m.set()
	changed := make(chan struct{})
	go func() { defer close(changed); r.refresh() }()
	<-old.ctx.Done()
	if _, err := r.begin(old); !errors.Is(err, ErrChanged) {
		t.Errorf("it began on a way that is closed: %v", err)
	}
	select {
	case <-changed:
		t.Error("the change did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	done()
	<-changed
}
