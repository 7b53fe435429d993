package webseed

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/transfer"
)

// small is a share of three files.
func small(t testing.TB) *share { return newShare(t, "v1", 2*pieceLength+500, 300_000, 100) }

// part answers with a range as it was asked for, once change has had its way with the
// header and the bytes.
func partly(w http.ResponseWriter, r *http.Request, data []byte, change func(h http.Header, part []byte) []byte) {
	var from, last int
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &from, &last); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	part := slices.Clone(data[from : last+1])
	w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, last, len(data)))
	part = change(w.Header(), part)
	w.WriteHeader(http.StatusPartialContent)
	_, _ = w.Write(part)
}

// TestAside has a web seed do what it is set aside for: nothing comes of it, it is not
// asked again, and all comes from another.
func TestAside(t *testing.T) {
	s := small(t)
	for _, test := range []struct {
		name   string
		behave func(w http.ResponseWriter, r *http.Request, data []byte) bool
		why    string
	}{
		{"garbage", func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, len(data))))
			return true
		}, "data that is not the torrent's"},
		{"it has nothing", func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
			http.NotFound(w, r)
			return true
		}, "lacks files"},
		{"forbidden", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}, "403 Forbidden"},
		{"other lengths", func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(append(data, 1)))
			return true
		}, "other lengths"},
		{"shorter files", func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data[:50]))
			return true
		}, "other lengths"},
		{"another range", func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			partly(w, r, data, func(h http.Header, part []byte) []byte {
				h.Set("Content-Range", "bytes 1-5/"+fmt.Sprint(len(data)))
				return part
			})
			return true
		}, "another part"},
		{"no range", func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			partly(w, r, data, func(h http.Header, part []byte) []byte {
				h.Del("Content-Range")
				h.Set("Content-Type", "multipart/byteranges; boundary=x")
				return part
			})
			return true
		}, "another part"},
		{"compressed", func(w http.ResponseWriter, r *http.Request, data []byte) bool {
			partly(w, r, data, func(h http.Header, part []byte) []byte {
				h.Set("Content-Encoding", "gzip")
				return part
			})
			return true
		}, "encoding"},
		{"a web page", func(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			_, _ = io.WriteString(w, "<html>not here</html>")
			return true
		}, "other lengths"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bad, good := serve(t, s, test.behave), serve(t, s, nil)
			l := newLeech(t, s, transfer.Limits{}, bad.URL)
			for {
				p := l.absent(0)
				if strings.Contains(p.Err, test.why) && p.Next.IsZero() {
					break
				}
				if t.Context().Err() != nil || p.Err != "" && !strings.Contains(p.Err, test.why) {
					t.Fatalf("%+v", p)
				}
			}
			asked, _ := bad.requests()
			if len(asked) > 8 || l.Counters().Verified > 0 {
				t.Errorf("it was asked %d times, %d pieces came", len(asked), l.Counters().Verified)
			}
			l.more(good.URL)
			l.complete()
			if len(l.bans) > 0 {
				t.Error("a peer is banned")
			}
		})
	}
}

// TestAgain has a web seed fail in ways that pass: it is tried again, and all comes.
func TestAgain(t *testing.T) {
	s := small(t)
	for _, test := range []struct {
		name   string
		why    string
		behave func(w http.ResponseWriter, r *http.Request, data []byte) // at first
	}{
		{"busy", "503 Service Unavailable", func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(http.StatusServiceUnavailable) }},
		{"broken", "500 Internal Server Error", func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.WriteHeader(http.StatusInternalServerError) }},
		{"hangs up", "broke off", func(http.ResponseWriter, *http.Request, []byte) { panic(http.ErrAbortHandler) }},
		{"breaks off", "broke off", func(w http.ResponseWriter, r *http.Request, data []byte) {
			partly(w, r, data, func(h http.Header, part []byte) []byte {
				h.Set("Content-Length", fmt.Sprint(len(part)))
				return part[:len(part)/2]
			})
		}},
		{"drips", "too slow", func(w http.ResponseWriter, r *http.Request, data []byte) {
			partly(w, r, data, func(h http.Header, part []byte) []byte {
				h.Set("Content-Length", fmt.Sprint(len(part)))
				return nil
			})
			for r.Context().Err() == nil {
				_, _ = w.Write([]byte{0})
				_ = http.NewResponseController(w).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		}},
		{"ends too soon", "broke off", func(w http.ResponseWriter, r *http.Request, data []byte) {
			partly(w, r, data, func(h http.Header, part []byte) []byte {
				h.Set("Transfer-Encoding", "chunked")
				return part[:len(part)/2]
			})
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			v := serve(t, s, func(w http.ResponseWriter, r *http.Request, data []byte) bool {
				if asked.Add(1) > 3 {
					return false
				}
				test.behave(w, r, data)
				return true
			})
			l := newLeech(t, s, transfer.Limits{}, v.URL)
			if p := l.absent(0); !strings.Contains(p.Err, test.why) || p.Next.IsZero() {
				t.Errorf("%+v", p)
			}
			l.complete()
			if l.Counters().HashFailures > 0 {
				t.Error("a piece was wrong")
			}
		})
	}
}

// TestMissingFile lacks one file: all else comes from it.
func TestMissingFile(t *testing.T) {
	s := newShare(t, "hybrid", sizes...)
	whole := serve(t, s, nil)
	v := serve(t, s, func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if lost := strings.HasSuffix(r.URL.Path, "/last"); lost {
			http.NotFound(w, r)
			return true
		}
		return false
	})
	l := newLeech(t, s, transfer.Limits{}, v.URL)
	last := s.torrent.Files[len(s.torrent.Files)-1]
	lacks := int((last.Length + pieceLength - 1) / pieceLength)
	for late := time.After(patient); l.Counters().Verified < s.torrent.Pieces-lacks; {
		select {
		case <-time.After(time.Millisecond):
		case <-late:
			t.Fatalf("%d pieces came", l.Counters().Verified)
		}
	}
	all, _ := v.requests()
	if all = slices.DeleteFunc(all, func(a asked) bool { return !strings.HasSuffix(a.path, "/last") }); len(all) > 2*fetchers {
		t.Errorf("it was asked %d times for what it lacks", len(all))
	}
	l.more(whole.URL)
	l.complete()
}

// TestIgnoresRanges has a server that sends whole files only: small ones are used.
func TestIgnoresRanges(t *testing.T) {
	s := small(t)
	v := serve(t, s, func(w http.ResponseWriter, r *http.Request, data []byte) bool {
		_, _ = w.Write(data)
		return data != nil
	})
	l := newLeech(t, s, transfer.Limits{}, v.URL)
	l.complete()
	if _, err := judge(&http.Response{StatusCode: 200, ContentLength: 1 << 30, Header: http.Header{}}, part{0, maxSkip + 1, maxSkip + 2}, 1<<30, time.Now()); err != errWhole {
		t.Errorf("much is skipped: %v", err)
	}
}

// TestRedirects follows redirects, and stops where the client does.
func TestRedirects(t *testing.T) {
	s := small(t)
	good := serve(t, s, nil)
	v := serve(t, s, func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, good.URL+r.URL.EscapedPath(), http.StatusFound)
		return true
	})
	newLeech(t, s, transfer.Limits{}, v.URL).complete()
	loop := serve(t, s, func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		http.Redirect(w, r, r.URL.EscapedPath(), http.StatusFound)
		return true
	})
	if p := newLeech(t, s, transfer.Limits{}, loop.URL).absent(0); !strings.Contains(p.Err, "redirects") {
		t.Errorf("%+v", p)
	}
}

// TestLimit downloads no faster than it may.
func TestLimit(t *testing.T) {
	s := small(t)
	const rate = 400_000
	down := limit.New()
	down.Root().SetRate(rate, time.Now())
	v := serve(t, s, nil)
	begin := time.Now()
	l := newLeech(t, s, transfer.Limits{Up: limit.New().Torrent(), Down: down.Torrent()}, v.URL)
	l.complete()
	if took := time.Since(begin).Seconds(); took < 0.75*float64(s.length)/rate {
		t.Errorf("%d bytes came in %.2f s", s.length, took)
	}
}

// TestTwo gets a torrent from two web seeds at once, both of which give. It has more
// than one is asked for to begin with.
func TestTwo(t *testing.T) {
	s := newShare(t, "v2", append([]int{8 << 20}, sizes[1:]...)...)
	slowly := func(http.ResponseWriter, *http.Request, []byte) bool {
		time.Sleep(5 * time.Millisecond)
		return false
	}
	a, b := serve(t, s, slowly), serve(t, s, slowly)
	l := newLeech(t, s, transfer.Limits{}, a.URL, b.URL)
	l.complete()
	for _, v := range []*server{a, b} {
		if asked, _ := v.requests(); len(asked) == 0 {
			t.Error("one of them was asked for nothing")
		}
	}
	if peers := l.Peers(nil); len(peers) > 0 {
		t.Errorf("at the end there are %+v", peers)
	}
	if peers, seeds := l.Connected(); peers != 0 || seeds != 0 {
		t.Errorf("%d peers, %d seeds", peers, seeds)
	}
}

// TestShown looks at a web seed at work as the list of peers does.
func TestShown(t *testing.T) {
	s := small(t)
	let := make(chan struct{})
	v := serve(t, s, func(http.ResponseWriter, *http.Request, []byte) bool {
		<-let
		return false
	})
	l := newLeech(t, s, transfer.Limits{}, v.URL)
	var peers []plane.Peer
	for late := time.After(patient); len(peers) == 0 || peers[0].Requests == 0; peers = l.Peers(nil) {
		select {
		case <-time.After(time.Millisecond):
		case <-late:
			t.Fatal("it is asked for nothing")
		}
	}
	if p := peers[0]; p.URL != v.URL || !plane.IsWebSeed(p.Addr) || !p.Have.All() || p.Choked || !p.Interested || p.Wanted || !p.Choking {
		t.Errorf("%+v", p)
	}
	close(let)
	l.complete()
}
