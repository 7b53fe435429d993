package webseed

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// TestURL tells where files are: under the names that the metainfo has.
func TestURL(t *testing.T) {
	many := &Torrent{Name: "a b", Files: []File{{Path: []string{"sub dir", "100%+ü.x"}}}}
	one := &Torrent{Name: "x#y", Alone: true, Files: []File{{Path: []string{"x#y"}}}}
	for _, test := range []struct {
		t          *Torrent
		base, want string
	}{
		{many, "http://h/d", "http://h/d/a%20b/sub%20dir/100%25%2B%C3%BC.x"},
		{many, "http://h/d%2Fe/", "http://h/d%2Fe/a%20b/sub%20dir/100%25%2B%C3%BC.x"},
		{many, "http://h", "http://h/a%20b/sub%20dir/100%25%2B%C3%BC.x"},
		{many, "http://h/?key=1", "http://h/a%20b/sub%20dir/100%25%2B%C3%BC.x?key=1"},
		{one, "http://h/d/file%20name?a=b", "http://h/d/file%20name?a=b"},
		{one, "http://h/d/", "http://h/d/x%23y"},
		{one, "http://h", "http://h/x%23y"},
		{&Torrent{Name: "..", Files: []File{{Path: []string{"a"}}}}, "http://h/", ""},
		{&Torrent{Name: "a", Files: []File{{Path: []string{"b", "..", "c"}}}}, "http://h/", ""},
		{&Torrent{Name: "", Files: []File{{Path: []string{"b"}}}}, "http://h/", ""},
		{&Torrent{Name: "a/../../b", Files: []File{{Path: []string{"c"}}}}, "http://h/", "http://h/a%2F..%2F..%2Fb/c"},
		{&Torrent{Name: "\xff", Files: []File{{Path: []string{"c"}}}}, "http://h/", "http://h/%FF/c"},
	} {
		if got := test.t.url(test.base, 0); got != test.want {
			t.Errorf("%q below %s: %s, want %s", test.t.Name, test.base, got, test.want)
		}
	}
}

// TestParts cuts ranges of the torrent into those of its files.
func TestParts(t *testing.T) {
	s := &Torrent{PieceLength: 10, Pieces: 4, Files: []File{{Length: 5}, {Offset: 5}, {Offset: 5, Length: 5, Pad: true}, {Offset: 10, Length: 27}}}
	for _, test := range []struct {
		a, b int64
		want string
	}{
		{0, 5, "[{0 0 5}]"},
		{0, 4, "[{0 0 4}]"},
		{4, 12, "[{0 4 5} {2 0 5} {3 0 2}]"},
		{5, 6, "[{2 0 1}]"},
		{10, 37, "[{3 0 27}]"},
		{20, 30, "[{3 10 20}]"},
		{37, 40, "[]"},
	} {
		if got := fmt.Sprint(s.parts(test.a, test.b)); got != test.want {
			t.Errorf("%d to %d: %s, want %s", test.a, test.b, got, test.want)
		}
	}
	if have := s.without(nil); have.Len() != 0 {
		t.Error("it has all, and says what")
	}
	if have := s.without([]int{3}); have.Count() != 1 || !have.Has(0) {
		t.Errorf("without the last file it has %v", have.Bytes())
	}
}

// TestSpan makes ranges of requests, which end with a piece if they can.
func TestSpan(t *testing.T) {
	s := &Torrent{PieceLength: 2 * blockSize}
	q := func(blocks ...int) (all []request) {
		for _, n := range blocks {
			all = append(all, request{n / 2, n % 2 * blockSize, blockSize})
		}
		return all
	}
	for _, test := range []struct {
		queue []request
		want  int
	}{
		{q(3), 1}, {q(2, 3), 2}, {q(2, 3, 4), 2}, {q(2, 3, 4, 5), 4}, {q(3, 4), 1}, {q(1, 0), 1}, {q(2, 3, 6), 2}, {q(2, 3, 4, 6), 3}, {q(0, 0), 1},
	} {
		if got := s.span(test.queue); got != test.want {
			t.Errorf("%v: %d, want %d", test.queue, got, test.want)
		}
	}
}

func TestContentRange(t *testing.T) {
	for text, want := range map[string]string{
		"bytes 0-0/1":                     "0 1 1 true",
		"Bytes 5-9/*":                     "5 10 -1 true",
		" bytes  5 - 9 / 10 ":             "5 10 10 true",
		"bytes 5-4/10":                    "0 0 0 false",
		"bytes -1-4/10":                   "0 0 0 false",
		"bytes */10":                      "0 0 0 false",
		"items 0-1/2":                     "0 0 0 false",
		"":                                "0 0 0 false",
		"bytes 0-9223372036854775807/*":   "0 0 0 false",
		"bytes 0-99999999999999999999/99": "0 0 0 false",
	} {
		from, to, total, ok := contentRange(text)
		if got := fmt.Sprint(from, to, total, ok); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": time.Second, "120": 2 * time.Minute, "99999999999999999999999": time.Hour, "7200": time.Hour,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute,
		now.Add(-time.Hour).Format(http.TimeFormat):  time.Second,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	resp := &http.Response{StatusCode: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"30"}}}
	if f := refused(resp, 1, now); f.wait != 30*time.Second || f.aside || f.lacks {
		t.Errorf("%+v", f)
	}
	if f := refused(&http.Response{StatusCode: http.StatusGone, Header: http.Header{}}, 1, now); !f.lacks || f.file != 1 {
		t.Errorf("%+v", f)
	}
}

func TestBackOff(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 4: 40 * time.Second, 9: longest, 1 << 40: longest} {
		var all []time.Duration
		for range 50 {
			all = append(all, backOff(firstWait, failures))
		}
		low, high := slices.Min(all), slices.Max(all)
		if low < want*3/4 || high > want*5/4 || low == high {
			t.Errorf("after %d failures: %v to %v, want about %v", failures, low, high, want)
		}
	}
}

// TestExplain has reasons without the URL, which may hold a secret.
func TestExplain(t *testing.T) {
	secret := func(err error) error { return &url.Error{Op: "Get", URL: "http://h/secret", Err: err} }
	for want, err := range map[string]error{
		"it broke off in the middle of an answer": secret(io.ErrUnexpectedEOF),
		"its name is not known":                   secret(&net.OpError{Op: "dial", Err: &net.DNSError{}}),
		"no connection: refused":                  secret(&net.OpError{Op: "dial", Err: errors.New("refused")}),
		"stopped after 10 redirects":              secret(errors.New("stopped after 10 redirects")),
	} {
		if got := explain(err); got != want {
			t.Errorf("%v: %q, want %q", err, got, want)
		}
	}
}

// TestNameless sets a web seed aside that cannot have any of the files.
func TestNameless(t *testing.T) {
	s := &Torrent{Name: "..", PieceLength: 10, Pieces: 1, Files: []File{{Path: []string{"a"}, Length: 10}}}
	seed := New(Config{URL: "http://h/", Torrent: s, Attach: func(Link, plane.Bits) Source { t.Error("it takes part"); return nil }})
	seed.Run(t.Context())
	if p, ok := seed.Absent(); !ok || p.Err == "" || !p.Next.IsZero() {
		t.Errorf("%+v", p)
	}
}
