package tracker

import (
	"bytes"
	"encoding/binary"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// aService answers as a server does, with a small table.
func aService(list *List) *service {
	s := &service{}
	s.prepare(time.Second, 0, bounds{keep: time.Minute, steady: time.Second, torrents: 8, peers: 100})
	s.list.Store(list)
	return s
}

// get has a request come from an address, and returns the whole answer.
func (w *web) get(from, request string) string {
	r, size := parseRequest([]byte(request))
	if r.status == 0 {
		return ""
	}
	if size > len(request) {
		panic("longer than what came")
	}
	x := &scratch{}
	v := &visitor{now: time.Now()}
	v.from, _ = netip.ParseAddr(from)
	w.answer(x, &r, v)
	return string(x.out)
}

func FuzzAnnounce(f *testing.F) {
	f.Add("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&left=0", byte(0))
	f.Add("info_hash=%00aaaaaaaaaaaaaaaaaa%ff&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&compact=0&numwant=-5&ip=::1&event=stopped", byte(1))
	f.Add("info_hash=aaaaaaaaaaaaaaaaaaaa&peer_id=bbbbbbbbbbbbbbbbbbbb&port=9&compact=0&no_peer_id=1&key=k&event=paused", byte(2))
	f.Add("info_hash=%zz;&&=&info_hash", byte(3))
	fuzzHTTP(f, "/announce")
}

func FuzzScrape(f *testing.F) {
	f.Add("info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=aaaaaaaaaaaaaaaaaaaa&info_hash=%00bbbbbbbbbbbbbbbbbbb", byte(0))
	f.Add(strings.Repeat("info_hash=aaaaaaaaaaaaaaaaaaaa&", 101), byte(1))
	f.Add("", byte(2))
	f.Add("info_hash=%6", byte(3))
	fuzzHTTP(f, "/scrape")
}

// fuzzHTTP sends any query from different places, and expects a dictionary.
func fuzzHTTP(f *testing.F, path string) {
	hash := [20]byte([]byte("aaaaaaaaaaaaaaaaaaaa"))
	w := newWeb(aService(&List{Open: true, Torrents: map[[20]byte]Own{hash: {Port: 1, Seed: true}}, Here: []netip.Addr{netip.MustParseAddr("10.0.0.9")}}), 1)
	from := []string{"127.0.0.1", "::1", "192.0.2.1", "10.1.1.1", "2001:db8::1", "fe80::1"}
	f.Fuzz(func(t *testing.T, query string, place byte) {
		if strings.ContainsAny(query, " \r\n") || len(query) > maxRequest {
			t.Skip()
		}
		answer := w.get(from[int(place)%len(from)], "GET "+path+"?"+query+" HTTP/1.1\r\n\r\n")
		_, body, ok := strings.Cut(answer, "\r\n\r\n")
		var got map[string]any
		if err := bencode.Unmarshal([]byte(body), &got); err != nil || !ok || !strings.HasPrefix(answer, "HTTP/1.1 200 OK\r\n") {
			t.Errorf("%v: %q", err, answer)
		}
		check(t, w.table.Load())
	})
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /scrape?info_hash=1 HTTP/1.1\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\nGET / HTTP/1.0\r\n\r\n"))
	f.Add([]byte("HEAD http://a/announce HTTP/1.0\r\ncontent-length: 5\r\n\r\n"))
	f.Add([]byte("GET  HTTP/1.1\r\n\r\n"))
	f.Add([]byte("POST / HTTP/1.1\r\nno colon\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, size := parseRequest(b)
		whole := bytes.Contains(b, headEnd)
		if whole != (r.status != 0) || whole != (size > 0) || size > len(b) || r.status != 0 && reasons[r.status] == "" {
			t.Errorf("%+v, %d of %d", r, size, len(b))
		}
		if r.status == 200 && bytes.ContainsAny(r.path, " \r\n?") {
			t.Errorf("the path is %q", r.path)
		}
	})
}

func FuzzPacket(f *testing.F) {
	connect := binary.BigEndian.AppendUint64(nil, udpMagic)
	f.Add(append(connect, 0, 0, 0, 0, 1, 2, 3, 4), false, byte(0))
	announce := append(make([]byte, 8), 0, 0, 0, 1, 1, 2, 3, 4)
	announce = append(announce, make([]byte, announceSize-16)...)
	announce[announceSize-1] = 1
	f.Add(announce, true, byte(1))
	f.Add(append(make([]byte, 8), 0, 0, 0, 2, 1, 2, 3, 4, 5), true, byte(2))
	f.Add(append(append(make([]byte, 8), 0, 0, 0, 2, 1, 2, 3, 4), make([]byte, 40)...), true, byte(3))
	d := newDatagrams(aService(&List{Open: true, Torrents: map[[20]byte]Own{{}: {Port: 1}}}), netip.Addr{})
	from := []string{"127.0.0.1:1", "[::1]:1", "192.0.2.1:1", "[2001:db8::1]:1"}
	f.Fuzz(func(t *testing.T, p []byte, ticket bool, place byte) {
		if len(p) > maxPacket {
			t.Skip()
		}
		p = bytes.Clone(p) // it belongs to the fuzzer
		x := &exchange{tickets: newTickets(d.key[:]), from: netip.MustParseAddrPort(from[int(place)%len(from)]), now: time.Now()}
		if ticket && len(p) >= 8 {
			binary.BigEndian.PutUint64(p, x.tickets.issue(x.from.Addr(), x.now))
		}
		d.answer(x, p)
		switch n := len(x.out); {
		case n == 0:
			return
		case n < 8 || !bytes.Equal(x.out[4:8], p[12:16]):
			t.Errorf("%x is answered with %x", p, x.out)
		case n > len(p) && !ticket:
			t.Errorf("%d bytes are answered with %d", len(p), n)
		case n > 1232+8:
			t.Errorf("an answer of %d bytes", n)
		}
		check(t, d.table.Load())
	})
}

// BenchmarkAnnounce is one announce to a swarm of 1,000 among 100, request parsing
// and answer included, without the network.
func BenchmarkAnnounce(b *testing.B) {
	s := &service{}
	s.prepare(time.Minute, 1e9, bounds{keep: time.Hour, torrents: 1000, peers: 1 << 20})
	var f found
	for n := range 100_000 {
		f.reset()
		s.table.Load().announce(numbered(n%100, n/100), time.Now(), &f)
	}
	w := newWeb(s, 1)
	r := httptest.NewRequest("GET", "/announce?info_hash=%00%00%00%01"+strings.Repeat("%00", 16)+"&peer_id=bbbbbbbbbbbbbbbbbbbb&port=1&left=5&compact=1&numwant=50", nil)
	raw := []byte("GET " + r.URL.RequestURI() + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: a\r\n\r\n")
	x, v, in := &scratch{}, &visitor{from: netip.MustParseAddr("127.0.0.1"), now: time.Now()}, make([]byte, len(raw))
	b.ReportAllocs()
	for b.Loop() {
		copy(in, raw)
		r, _ := parseRequest(in)
		if w.answer(x, &r, v); len(x.out) < 300 {
			b.Fatalf("%q", x.out)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "announces/s")
}
