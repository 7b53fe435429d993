package webseed

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/transfer"
)

// to makes an answer that came to a request over redirects.
func to(asked *http.Request, url string, by ...*http.Response) *http.Response {
	at := asked
	for _, r := range by {
		r.Request = at
		next, _ := http.NewRequest(http.MethodGet, url, nil)
		next.Response, at = r, next
	}
	return &http.Response{Request: at}
}

func redirect(status int, control string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Cache-Control": {control}}}
}

// TestTargets remembers redirects as long as they say, or as is usual.
func TestTargets(t *testing.T) {
	const place = "http://b.example/f"
	now := time.Now()
	for _, test := range []struct {
		name string
		by   []*http.Response
		want time.Duration
	}{
		{"none", nil, 0},
		{"for good", []*http.Response{redirect(301, "")}, moved},
		{"for now", []*http.Response{redirect(302, "")}, movedNow},
		{"for now and good", []*http.Response{redirect(307, ""), redirect(308, "")}, movedNow},
		{"it says how long", []*http.Response{redirect(302, "private, Max-Age=600")}, 10 * time.Minute},
		{"it says far too long", []*http.Response{redirect(301, "max-age=2000000000")}, moved},
		{"it says nonsense", []*http.Response{redirect(301, "max-age=-1")}, 0},
		{"never", []*http.Response{redirect(301, "no-store")}, 0},
	} {
		var all targets
		asked, _ := http.NewRequest(http.MethodGet, "http://a.example/f", nil)
		all.learn(7, asked, to(asked, place, test.by...), now)
		if got := all.of(7, now.Add(test.want-1)); test.want > 0 && (got == nil || got.url != place || got.by != test.by[len(test.by)-1]) {
			t.Errorf("%s: it remembers %v", test.name, got)
		}
		if got := all.of(7, now.Add(test.want)); got != nil || all.of(6, now) != nil {
			t.Errorf("%s: it remembers for too long", test.name)
		}
		if test.want == 0 {
			continue
		}
		again, _ := http.NewRequest(http.MethodGet, place, nil)
		again.Response = test.by[len(test.by)-1]
		all.learn(7, again, to(again, place), now)
		if all.of(7, now) == nil {
			t.Errorf("%s: it forgets what works", test.name)
		}
		all.learn(7, again, to(again, "http://c.example/", redirect(302, "")), now)
		if all.of(7, now) != nil {
			t.Errorf("%s: it follows further and further", test.name)
		}
	}
}

// before notes by whom requests were redirected.
type before struct {
	mu  sync.Mutex
	all []bool
}

func (b *before) RoundTrip(req *http.Request) (*http.Response, error) {
	b.mu.Lock()
	b.all = append(b.all, req.Response != nil)
	b.mu.Unlock()
	return http.DefaultTransport.RoundTrip(req)
}

// TestRedirectOnce asks a web seed that redirects only once for each file, lets the
// rules see by whom each request was redirected, and comes back when the target fails.
func TestRedirectOnce(t *testing.T) {
	s := newShare(t, "v1", 100_000)
	good := serve(t, s, nil)
	v := serve(t, s, func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, good.URL+r.URL.EscapedPath(), http.StatusFound)
		return true
	})
	seen := &before{}
	visit := newVisit(New(Config{URL: v.URL + "/", Torrent: s.torrent, Client: &http.Client{Transport: seen}}))
	get := func() {
		t.Helper()
		body, err := visit.get(t.Context(), part{file: 0, from: 10, to: 20})
		if err != nil {
			t.Fatal(err)
		}
		body.Close()
	}
	for range 5 {
		get()
	}
	asked, _ := v.requests()
	if got, _ := good.requests(); len(asked) != 1 || len(got) != 5 {
		t.Errorf("%d requests, of which %d were redirected", len(got), len(asked))
	}
	for i, redirected := range seen.all {
		if redirected != (i > 0) {
			t.Errorf("request %d: redirected %v", i, redirected)
		}
	}
	good.mu.Lock()
	fails := 1
	good.behave = func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		if fails--; fails >= 0 {
			http.Error(w, "gone", http.StatusGone)
		}
		return fails >= 0
	}
	good.mu.Unlock()
	get()
	if asked, _ := v.requests(); len(asked) != 2 {
		t.Errorf("it was asked %d times", len(asked))
	}
	newLeech(t, s, transfer.Limits{}, v.URL+"/").complete()
}
