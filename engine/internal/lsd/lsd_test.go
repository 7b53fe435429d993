package lsd

import (
	"bytes"
	"errors"
	"go/build"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestPacket(t *testing.T) {
	a := announce{port: 6881, cookie: "abc"}
	for n := range 100 {
		a.hashes = append(a.hashes, [20]byte{1, byte(n)})
	}
	b, n := a.packet(Group4)
	if n < 20 || len(b) > maxPacket || !bytes.HasPrefix(b, []byte("BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\nInfohash: 0100")) {
		t.Errorf("%d hashes in %q", n, b)
	}
	got, ok := parse(b)
	if !ok || got.port != a.port || got.cookie != a.cookie || len(got.hashes) != n || got.hashes[3] != a.hashes[3] {
		t.Errorf("%+v", got)
	}
	hash := "0102030405060708090a0b0c0d0e0f1011121314"
	for in, want := range map[string]bool{
		"BT-SEARCH * HTTP/1.1\r\nport:5\r\nINFOHASH: " + hash + "\r\n\r\n":  true,
		"BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: " + hash + "\r\n\r\n": false,
		"BT-SEARCH * HTTP/1.1\r\nPort: 5\r\nInfohash: 01\r\n\r\n":           false,
		"BT-SEARCH * HTTP/1.1\r\nInfohash: " + hash + "\r\n\r\n":            false,
		"M-SEARCH * HTTP/1.1\r\nPort: 5\r\nInfohash: " + hash + "\r\n\r\n":  false,
		"": false, "\r\n": false,
	} {
		if _, ok := parse([]byte(in)); ok != want {
			t.Errorf("%q: %t", in, ok)
		}
	}
}

func FuzzPacket(f *testing.F) {
	b, _ := announce{port: 5, hashes: [][20]byte{{1}, {2}}, cookie: "x"}.packet(Group6)
	f.Add(b)
	f.Add([]byte("BT-SEARCH * HTTP/1.1\r\nPort: 70000\r\nInfohash: zz\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := parse(b)
		if len(a.hashes) > maxHashes || len(a.cookie) > maxCookie {
			t.Errorf("%d hashes", len(a.hashes))
		}
		if !ok {
			return
		}
		again, n := a.packet(Group4)
		if got, ok := parse(again); n > 0 && (!ok || got.port != a.port || got.hashes[0] != a.hashes[0]) {
			t.Errorf("%+v becomes %+v", a, got)
		}
	})
}

// pipe is a Group that keeps what is sent.
type pipe struct {
	mu     sync.Mutex
	sent   []string
	over   chan struct{}
	closed sync.Once
	net.PacketConn
}

func (p *pipe) ReadFrom([]byte) (int, net.Addr, error) { <-p.over; return 0, nil, net.ErrClosed }

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, string(b))
	return len(b), nil
}

func (p *pipe) Close() error               { p.closed.Do(func() { close(p.over) }); return nil }
func (p *pipe) Join(net.Interface) error   { return nil }
func (p *pipe) SendOn(net.Interface) error { return nil }

// A packet a minute, a torrent every five minutes, and all of a long list in turn; when
// it is off nothing is sent.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{over: make(chan struct{})}
		found := 0
		s := New(Config{
			Port:       func() int { return 6881 },
			Interfaces: func() ([]net.Interface, error) { return []net.Interface{{Name: "x"}}, nil },
			Listen: func(v6 bool) (Group, error) {
				if v6 {
					return nil, errors.New("none")
				}
				return p, nil
			},
			Found: func([20]byte, netip.AddrPort) { found++ },
		})
		defer s.Close()
		for n := range 60 {
			s.Want([20]byte{byte(n)})
		}
		time.Sleep(time.Minute)
		if len(p.sent) != 0 {
			t.Fatal("it sends, though it is off")
		}
		s.Set(true)
		time.Sleep(10*time.Minute + 30*time.Second)
		p.mu.Lock()
		defer p.mu.Unlock()
		had := map[[20]byte]int{}
		for _, b := range p.sent {
			a, ok := parse([]byte(b))
			if !ok {
				t.Errorf("%q", b)
			}
			for _, h := range a.hashes {
				had[h]++
			}
		}
		if len(p.sent) < 6 || len(p.sent) > 11 || len(had) != 60 {
			t.Errorf("%d packets in ten minutes, %d torrents", len(p.sent), len(had))
		}
		for h, n := range had {
			if n < 2 || n > 3 {
				t.Errorf("%x was announced %d times in ten minutes", h[:1], n)
			}
		}
		for range 100 { // our own packet, and a flood of another's
			s.heard([]byte(p.sent[0]), netip.MustParseAddr("10.0.0.2"))
		}
		if found != 0 {
			t.Error("it finds itself")
		}
		time.Sleep(2 * time.Second)
		other, _ := announce{port: 7, hashes: [][20]byte{{1}, {99}}, cookie: "other"}.packet(Group4)
		for range 100 {
			s.heard(other, netip.MustParseAddr("10.0.0.2"))
		}
		if found != maxReceived {
			t.Errorf("%d found in a flood", found)
		}
	})
}

func TestImports(t *testing.T) {
	p, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range p.Imports {
		if strings.HasPrefix(path, "piecewise/") || strings.HasPrefix(path, "github.com/") {
			t.Errorf("imports %s", path)
		}
	}
}
