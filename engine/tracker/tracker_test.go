package tracker_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"

	"piecewise/engine/internal/announce"
	"piecewise/engine/tracker"
)

// serve runs a server for the time of the test.
func serve(t *testing.T, change func(*tracker.Server)) *tracker.Server {
	s, err := tracker.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

const hash = "\x00aaaaaaaaaaaaaaaaa+\xff"

// ask sends a request and decodes the answer; params are added to a good announce.
func ask(t *testing.T, s *tracker.Server, params string) map[string]any {
	t.Helper()
	q, err := url.ParseQuery(params)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{"info_hash": hash, "peer_id": strings.Repeat("p", 20), "port": "1000", "left": "1"} {
		if !q.Has(key) {
			q.Set(key, value)
		}
	}
	return fetch(t, s.URL()+"?"+q.Encode())
}

func fetch(t *testing.T, to string) map[string]any {
	t.Helper()
	resp, err := http.Get(to)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	var got map[string]any
	if err := bencode.Unmarshal(body, &got); err != nil {
		t.Fatalf("%v in %q", err, body)
	}
	return got
}

func TestAnnounce(t *testing.T) {
	s := serve(t, func(s *tracker.Server) { s.Interval = 10 * time.Second })
	for _, step := range []struct{ ask, want string }{
		{"port=1000&left=0", "map[complete:1 downloaded:0 incomplete:0 interval:10 min interval:5 peers:]"},
		{"port=1001", "map[complete:1 downloaded:0 incomplete:1 interval:10 min interval:5 peers:\x7f\x00\x00\x01\x03\xe8]"},
		{"port=1001&numwant=0", "map[complete:1 downloaded:0 incomplete:1 interval:10 min interval:5 peers:]"},
		{"port=1001&compact=0", "map[complete:1 downloaded:0 incomplete:1 interval:10 min interval:5 peers:[map[ip:127.0.0.1 peer id:pppppppppppppppppppp port:1000]]]"},
		{"port=1001&compact=0&no_peer_id=1", "map[complete:1 downloaded:0 incomplete:1 interval:10 min interval:5 peers:[map[ip:127.0.0.1 port:1000]]]"},
		{"port=1001&left=0&event=completed", "map[complete:2 downloaded:1 incomplete:0 interval:10 min interval:5 peers:]"},
		{"port=1001&left=0&event=completed", "map[complete:2 downloaded:1 incomplete:0 interval:10 min interval:5 peers:]"},
		{"port=1000&event=stopped", "map[complete:1 downloaded:1 incomplete:0 interval:10 min interval:5 peers:]"},
		{"port=1000&event=stopped", "map[complete:1 downloaded:1 incomplete:0 interval:10 min interval:5 peers:]"},
		{"port=1003&ip=::1", "map[complete:1 downloaded:1 incomplete:1 interval:10 min interval:5 peers:\x7f\x00\x00\x01\x03\xe9]"},
		{"port=1001&ip=127.0.0.9&event=started", "map[complete:1 downloaded:1 incomplete:2 interval:10 min interval:5 peers:\x7f\x00\x00\x01\x03\xe9 peers6:\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x03\xeb]"},
		{"port=1004&ip=10.0.0.1&event=started&numwant=1&left=0", "map[complete:2 downloaded:1 incomplete:2 interval:10 min interval:5 peers:\x7f\x00\x00\x09\x03\xe9]"},
	} {
		if got := fmt.Sprint(ask(t, s, step.ask)); got != step.want {
			t.Errorf("%s:\n got %q\nwant %q", step.ask, got, step.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	s := serve(t, func(s *tracker.Server) {
		s.SetList(&tracker.List{Torrents: map[[20]byte]tracker.Own{[20]byte([]byte(hash)): {}}})
	})
	for params, want := range map[string]string{
		"info_hash=short": "info_hash", "peer_id=short": "peer_id", "port=0": "port", "port=65536": "port", "port=x": "port",
		"left=-1": "left", "left=x": "left", "info_hash=bbbbbbbbbbbbbbbbbbbb": "not served",
	} {
		if reason, _ := ask(t, s, params)["failure reason"].(string); !strings.Contains(reason, want) {
			t.Errorf("%s: %q", params, reason)
		}
	}
	if ask(t, s, "left=1")["failure reason"] != nil {
		t.Error("a good announce is refused")
	}
	for path, want := range map[string]int{"": http.StatusNotFound, "/": http.StatusNotFound, "/announce/": http.StatusNotFound} {
		resp, err := http.Get(strings.TrimSuffix(s.URL(), "/announce") + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%q: %s", path, resp.Status)
		}
	}
}

func TestScrape(t *testing.T) {
	s := serve(t, nil)
	ask(t, s, "port=1&left=0&event=completed")
	ask(t, s, "port=2")
	ask(t, s, "port=3")
	scrape := strings.TrimSuffix(s.URL(), "announce") + "scrape?info_hash=" + url.QueryEscape(hash)
	got := fetch(t, scrape+"&info_hash="+strings.Repeat("x", 20))
	files := got["files"].(map[string]any)
	if want := "map[complete:1 downloaded:1 incomplete:2]"; len(files) != 1 || fmt.Sprint(files[hash]) != want {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"&info_hash=short", strings.Repeat("&info_hash="+strings.Repeat("x", 20), 100)} {
		if fetch(t, scrape+bad)["failure reason"] == nil {
			t.Error("not refused:", bad)
		}
	}
}

// TestAnnouncer lets our own announcer meet the server.
func TestAnnouncer(t *testing.T) {
	s := serve(t, func(s *tracker.Server) { s.Interval = time.Second })
	told := make(chan []netip.AddrPort, 1)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	for port := range 2 {
		a := announce.New(announce.Config{Port: func() int { return 7000 + port }, Loopback: true})
		go func() { ended <- a.Run(ctx) }()
		a.Start(announce.Torrent{
			ID: [20]byte([]byte(hash)), Tiers: [][]string{{s.URL()}},
			Stats: func() announce.Stats { return announce.Stats{Left: 1} },
			Peers: func(peers []netip.AddrPort) {
				select {
				case told <- peers:
				default:
				}
			},
		})
	}
	select {
	case peers := <-told:
		if len(peers) != 1 || peers[0].Addr() != netip.MustParseAddr("127.0.0.1") || peers[0].Port()/10 != 700 {
			t.Error(peers)
		}
	case <-time.After(5 * time.Second):
		t.Error("no peers")
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if got := ask(t, s, "port=1"); fmt.Sprint(got["peers"]) != "" {
		t.Errorf("the stopped are still told of: %q", got)
	}
}

func Example() {
	s, err := tracker.Listen("127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	s.Interval = 10 * time.Second
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()

	resp, err := http.Get(s.URL() + "?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=-PW0100-bbbbbbbbbbbb&port=6881&left=0")
	if err != nil {
		fmt.Println(err)
		return
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	fmt.Printf("%s\n", body)

	stop()
	fmt.Println(<-ended)
	// Output:
	// d8:completei1e10:downloadedi0e10:incompletei0e8:intervali10e12:min intervali5e5:peers0:e
	// <nil>
}

// BenchmarkHTTP is announces over kept connections from as many clients as there
// are processors, which share them with the server.
func BenchmarkHTTP(b *testing.B) {
	s, err := tracker.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Serve(ctx) }()
	b.RunParallel(func(pb *testing.PB) {
		for port := 1; pb.Next(); port = port%1000 + 1 {
			resp, err := http.Get(fmt.Sprintf("%s?info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&left=1&port=%d", s.URL(), port))
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body) // only so that the connection is kept
			resp.Body.Close()
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "announces/s")
	cancel()
	if err := <-ended; err != nil {
		b.Error(err)
	}
}
