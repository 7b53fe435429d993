package transfer

import (
	"net/netip"
	"testing"
	"time"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// linkFrom is the end of a peer with an address.
func linkFrom(t *testing.T, addr string) *fakeLink {
	return &fakeLink{t: t, info: wire.Info{Addr: netip.MustParseAddrPort(addr), Fast: true}, done: make(chan struct{}), choked: true}
}

func TestLocalPeersAreExempt(t *testing.T) {
	up, down := limit.New(), limit.New()
	up.Root().SetRate(1000, time.Now())
	down.Root().SetRate(2000, time.Now())
	to := New(Limits{Up: up.Torrent(), Down: down.Torrent()})
	all := map[string]bool{
		"10.1.2.3:1": true, "172.16.0.1:1": true, "192.168.1.5:1": true, "169.254.7.7:1": true,
		"[fd12::1]:1": true, "[fe80::1]:1": true, "[::ffff:192.168.1.5]:1": true,
		"127.0.0.1:1": false, "[::1]:1": false, "8.8.8.8:1": false, "172.32.0.1:1": false, "[2001:db8::1]:1": false,
	}
	conns := map[string]*conn{}
	join := func(addr string) { conns[addr] = to.join(linkFrom(t, addr)) }
	check := func(exempt bool) {
		t.Helper()
		for addr, local := range all {
			c, wantUp, wantDown := conns[addr], int64(1000), int64(2000)
			if local && exempt {
				wantUp, wantDown = plane.Unlimited, plane.Unlimited
			}
			if c.up.Rate() != wantUp || c.down.Rate() != wantDown {
				t.Errorf("%s: up %d, down %d bytes/s", addr, c.up.Rate(), c.down.Rate())
			}
		}
	}
	for addr := range all {
		join(addr)
	}
	check(false)
	to.SetExemptLocal(true)
	check(true)
	for addr := range all { // those who come later
		join(addr)
	}
	check(true)
	to.SetExemptLocal(false)
	check(false)
}

func TestConnectionsAreBounded(t *testing.T) {
	to := New(Limits{})
	var links []*fakeLink
	var conns []*conn
	for i := range 4 {
		l := linkFrom(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(i+1)).String())
		links = append(links, l)
		conns = append(conns, to.join(l))
	}
	conns[1].rate.shownDown = 100
	conns[3].rate.shownUp = 50
	to.SetConnections(2)
	for i, l := range links {
		if gone := i == 0 || i == 2; l.closed != gone {
			t.Errorf("peer %d: closed %v", i, l.closed)
		} else if gone {
			conns[i].Left(nil)
		}
	}
	if to.join(linkFrom(t, "127.0.0.1:9")) != nil {
		t.Error("a third peer was let in")
	}
	to.SetConnections(plane.Unlimited)
	if to.join(linkFrom(t, "127.0.0.1:9")) == nil {
		t.Error("a third peer was refused without a bound")
	}
	to.SetConnections(0)
	if !links[1].closed || !links[3].closed {
		t.Error("with a bound of 0 peers stay")
	}
}

// TestNothingOfAPeer forbids downloading from a peer and uploading to it while it
// has requests of both kinds.
func TestNothingOfAPeer(t *testing.T) {
	c := newContent(20, 4*block)
	half := plane.MakeBits(20)
	for i := range 10 {
		half.Set(i)
	}
	s := newSide(t, c, sideOptions{have: half})
	p := join(t, s, true)
	p.send(wire.Bitfield, []byte{0, 0x3f, 0xf0})
	p.send(wire.Unchoke)
	p.send(wire.Interested)
	p.next(wire.Interested)
	p.next(wire.Request)
	p.next(wire.Unchoke)
	nothing := plane.Limits{}
	s.SetPeerLimit(p.addr, nothing)
	p.next(wire.NotInterested)
	p.next(wire.Cancel)
	p.next(wire.Choke)
	p.send(wire.Request, 0, 0, block)
	p.next(wire.Reject)
	if peer := s.Peers(nil)[0]; peer.Requests != 0 || peer.Limits != nothing {
		t.Errorf("%+v", peer)
	}
	s.SetPeerLimit(p.addr, plane.NoLimits)
	p.next(wire.Interested)
	p.next(wire.Request)
	p.send(wire.Request, 0, 0, block)
	p.next(wire.Unchoke)
}

// TestSuperSeedFrom tells the first peer everything, and hides it from the second,
// which is told when it wants nothing of what it was shown.
func TestSuperSeedFrom(t *testing.T) {
	c := newContent(20, block)
	s := newSide(t, c, sideOptions{have: fullBits(c)})
	s.SuperSeedFrom(2)
	first := join(t, s, true)
	first.next(wire.HaveAll)
	if s.SuperSeeding() {
		t.Error("it hides from one alone")
	}
	second := join(t, s, true)
	second.next(wire.HaveNone)
	if !s.SuperSeeding() {
		t.Error("it does not hide")
	}
	start := time.Now()
	for range c.pieces() {
		second.next(wire.Have)
	}
	if took := time.Since(start); took < 2*time.Second {
		t.Errorf("everything was told after %v", took)
	}
	third := join(t, s, true)
	third.next(wire.HaveNone)
	s.SetSuperSeed(false)
	for range c.pieces() {
		third.next(wire.Have)
	}
	s.SetSuperSeed(true)
	join(t, s, true).next(wire.HaveNone)
}
