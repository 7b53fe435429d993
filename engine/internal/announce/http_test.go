package announce

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/route"
)

var testConfig = Config{
	PeerID:    [20]byte([]byte("-PW0100-abcdefghijkl")),
	Key:       0xdeadbeef,
	Port:      func() int { return 42069 },
	UserAgent: "Piecewise/test",
	Loopback:  true,
}

// oddID has bytes that are often encoded wrongly.
var oddID = [20]byte([]byte("\x00 +%&=/?\xff\xc3\xa4aZ9-._~#;"))

func testNetwork(t *testing.T, change func(*Config)) *network {
	cfg := testConfig
	if change != nil {
		change(&cfg)
	}
	if cfg.Route == nil {
		cfg.Route = route.New(route.Config{Loopback: true})
	}
	n := newNetwork(cfg)
	t.Cleanup(n.close)
	return n
}

func TestHTTPRequest(t *testing.T) {
	var got *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		fmt.Fprint(w, "d8:completei3e10:incompletei4e8:intervali1800e12:min intervali60e5:peers6:\x7f\x00\x00\x02\x1a\xe110:tracker id3:a&b15:warning message5:hello"+"e")
	}))
	defer server.Close()
	n := testNetwork(t, nil)
	rep, err := n.announce(t.Context(), request{
		url: server.URL + "/x%2Fy/announce?passkey=s%zz&a=1#frag", id: oddID, event: started,
		stats: Stats{Downloaded: 1, Uploaded: 2, Left: 3}, trackerID: "t&1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.RequestURI, "/x%2Fy/announce?passkey=s%zz&a=1&info_hash=%00%20%2B%25%26%3D%2F%3F%FF%C3%A4aZ9-._~%23%3B&peer_id=-PW0100-") {
		t.Error("request:", got.RequestURI)
	}
	q, _ := url.ParseQuery(got.URL.RawQuery)
	for key, want := range map[string]string{
		"info_hash": string(oddID[:]), "peer_id": "-PW0100-abcdefghijkl", "port": "42069", "downloaded": "1",
		"uploaded": "2", "left": "3", "event": "started", "compact": "1", "numwant": "80", "key": "DEADBEEF", "trackerid": "t&1",
	} {
		if q.Get(key) != want {
			t.Errorf("%s = %q, want %q", key, q.Get(key), want)
		}
	}
	if ua := got.Header.Get("User-Agent"); ua != "Piecewise/test" {
		t.Error("user agent", ua)
	}
	want := netip.MustParseAddrPort("127.0.0.2:6881")
	if len(rep.peers) != 1 || rep.peers[0] != want || rep.interval != 30*time.Minute || rep.minInterval != time.Minute ||
		rep.seeds != 3 || rep.leeches != 4 || rep.trackerID != "a&b" || rep.warning != "hello" {
		t.Errorf("%+v", rep)
	}
}

func TestHTTPFailures(t *testing.T) {
	const good = "d8:intervali1800e5:peers0:e"
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    string // in the message; "" for success
	}{
		"ok":       {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, good) }, ""},
		"line end": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, good+"\r\n") }, ""},
		"gzip": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, good)
			z.Close()
		}, ""},
		"gzip bomb": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, strings.Repeat("0", 4<<20))
			z.Close()
		}, "too long"},
		"endless": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, "too long"},
		"refused": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "d14:failure reason4:no\x00!e") }, "no!"},
		"refused 4": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			fmt.Fprint(w, "d14:failure reason4:nonoe")
		}, "nono"},
		"503":       {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }, "HTTP 503 Service Unavailable"},
		"html":      {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>") }, "not one of a tracker"},
		"empty":     {func(w http.ResponseWriter, r *http.Request) {}, "not one of a tracker"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) }, "redirects too often"},
		"outside": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/announce", http.StatusFound)
		}, "loopback"},
		"scheme": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "ftp://127.0.0.1/", http.StatusFound)
		}, "neither http nor https"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.handler)
			defer server.Close()
			_, err := testNetwork(t, nil).announce(t.Context(), request{url: server.URL + "/announce"})
			switch {
			case err == nil && test.want != "":
				t.Error("no error")
			case err != nil && (test.want == "" || !strings.Contains(explain(err), test.want)):
				t.Errorf("got %q, want %q", explain(err), test.want)
			case err != nil && strings.Contains(explain(err), "info_hash"):
				t.Error("the message tells the address:", explain(err))
			}
		})
	}
}

func TestRedirectsAreBounded(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		http.Redirect(w, r, fmt.Sprintf("/%d", asked), http.StatusFound)
	}))
	defer server.Close()
	_, err := testNetwork(t, nil).announce(t.Context(), request{url: server.URL})
	if !errors.Is(err, route.ErrRedirects) || asked != 6 {
		t.Error(asked, "requests", err)
	}
}

func TestRedirectHidesAddress(t *testing.T) {
	var referer []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		referer = append(referer, r.Referer())
		if r.URL.Path == "/secret" {
			http.Redirect(w, r, "/announce", http.StatusFound)
			return
		}
		fmt.Fprint(w, "d8:intervali1800ee")
	}))
	defer server.Close()
	if _, err := testNetwork(t, nil).announce(t.Context(), request{url: server.URL + "/secret"}); err != nil {
		t.Fatal(err)
	}
	if len(referer) != 2 || referer[1] != "" {
		t.Errorf("referers %q", referer)
	}
}

func TestHTTPSIsVerified(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := testNetwork(t, nil).announce(t.Context(), request{url: server.URL})
	if err == nil || !strings.Contains(explain(err), "certificate") {
		t.Error(err)
	}
}

func TestLoopbackOnly(t *testing.T) {
	for _, u := range []string{
		"http://192.0.2.1:9/announce", "udp://192.0.2.1:9/announce", "http://[2001:db8::1]:9/", "udp://[2001:db8::1]:9",
		"http://0.0.0.0:9/", "http://tracker.example.invalid:9/", "udp://tracker.example.invalid:9",
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		_, err := testNetwork(t, nil).announce(ctx, request{url: u})
		cancel()
		if err == nil || stateAfter(err) != Disabled && !strings.Contains(u, "invalid") {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestLocalAddress(t *testing.T) {
	var from string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from = r.RemoteAddr
		fmt.Fprint(w, "d8:intervali1800ee")
	}))
	defer server.Close()
	n := testNetwork(t, func(c *Config) {
		c.Route = route.New(route.Config{Loopback: true, From: netip.MustParseAddr("127.0.0.3")})
	})
	if _, err := n.announce(t.Context(), request{url: server.URL}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(from, "127.0.0.3:") {
		t.Error("asked from", from)
	}
}

func TestPasskeyIsNotTold(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close() // so that the announce fails
	var out bytes.Buffer
	cfg := testConfig
	cfg.Logger = slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a := New(cfg)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	failed := make(chan bool, 10)
	tor := torrentOf([]string{server.URL + "/s3cret/announce"})
	tor.Changed = func() { failed <- true }
	a.Start(tor)
	for range 3 { // started, announcing, failed
		<-failed
	}
	message := a.Status(tor.ID)[0].Message
	cancel()
	<-ended
	if !strings.Contains(message, "nothing listens") || !strings.Contains(out.String(), "nothing listens") || strings.Contains(message+out.String(), "s3cret") {
		t.Errorf("message %q, log %q", message, out.String())
	}
}
