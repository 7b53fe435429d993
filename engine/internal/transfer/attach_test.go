package transfer

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// A web seed is asked for blocks like a peer, and is none otherwise: it takes no place,
// hears nothing of what we have, and is closed but not banned if it was wrong.
func TestWebSeedIsNoPeer(t *testing.T) {
	c := newContent(40, 2*block)
	s := newSide(t, c, sideOptions{})
	link := &tape{fakeLink{info: wire.Info{Addr: plane.WebSeed(1), Fast: true, Outgoing: true}, done: make(chan struct{})}, map[wire.Kind]int{}}
	s.SetConnections(0)
	s.SuperSeedFrom(1)
	source := s.Attach(link, Spec{URL: "http://a/", Have: plane.FullBits(40)})
	sent := func() map[wire.Kind]int {
		s.mu.Lock()
		defer s.mu.Unlock()
		return map[wire.Kind]int{wire.Request: link.sent[wire.Request], wire.Have: link.sent[wire.Have]}
	}
	if n := sent()[wire.Request]; n != leastBytes/block {
		t.Errorf("it is asked for %d blocks", n)
	}
	if peers, seeds := s.Connected(); peers+seeds != 0 || len(s.Standings(nil)) != 0 {
		t.Errorf("%d peers, %d seeds", peers, seeds)
	}
	s.SetConnections(1)
	if !s.Room(true) {
		t.Error("it takes the place of a peer")
	}
	s.SetConnections(0)
	s.mu.Lock()
	for ck := range s.conns {
		s.have.Set(0)
		s.spread(0, time.Now())
		s.tellNews(time.Now())
		ck.tick(time.Now().Add(time.Minute))
		if s.choke(time.Now()); len(s.round.Peers) > 0 {
			t.Error("it takes part in choking")
		}
		if ck.introduced || ck.told.Count() < 40 {
			t.Error("it is looked at for what to tell it")
		}
	}
	s.have.Clear(0)
	s.mu.Unlock()
	if n := sent()[wire.Have]; n > 0 {
		t.Errorf("it is told of %d pieces", n)
	}
	if link.closed {
		t.Error("it was closed for want of a place")
	}
	if p := s.Peers(nil); len(p) != 1 || p[0].URL != "http://a/" || p[0].Addr != plane.WebSeed(1) || p[0].Have.Count() != 40 {
		t.Errorf("it is shown as %+v", p)
	}
	s.mu.Lock()
	s.ban(plane.WebSeed(2), 0)
	if link.closed {
		t.Error("it is closed for another")
	}
	s.ban(plane.WebSeed(1), 0)
	s.mu.Unlock()
	if !link.closed || len(s.bans) > 0 {
		t.Errorf("closed %v, %d bans", link.closed, len(s.bans))
	}
	source.Leave()
	if peers, _ := s.Connected(); peers != 0 || s.webs != 0 || len(s.Peers(nil)) != 0 {
		t.Error("it is still there")
	}
}

// A web seed that is attached before the metadata is there takes part afterwards, with
// what it has.
func TestWebSeedBeforeMetadata(t *testing.T) {
	c := newContent(4, 2*block)
	s := newSide(t, c, sideOptions{magnet: true})
	have := plane.FullBits(4)
	have.Clear(2)
	link := &tape{fakeLink{info: wire.Info{Addr: plane.WebSeed(1), Fast: true}, done: make(chan struct{})}, map[wire.Kind]int{}}
	source := s.Attach(link, Spec{URL: "http://a/", Have: have})
	w := NewWorkers()
	s.open(w)
	defer w.Close()
	defer source.Leave()
	if p := s.Peers(nil); len(p) != 1 || p[0].Have.Count() != 3 || p[0].Have.Has(2) {
		t.Errorf("it is shown as %+v", p)
	}
	var blocks []wire.Segment
	for piece := range 4 {
		for begin := 0; begin < 2*block && piece*2*block+begin < len(c.data); begin += block {
			r := request{uint32(piece), uint32(begin), uint32(min(block, len(c.data)-piece*2*block-begin))}
			blocks = append(blocks, wire.Segment{Piece: piece, Begin: begin, Data: c.block(r), Block: wire.Range{Begin: begin, Length: int(r.length)}, Last: true})
		}
	}
	blocks = slices.DeleteFunc(blocks, func(b wire.Segment) bool { return b.Piece == 2 })
	if err := source.Deliver(blocks); err != nil {
		t.Fatal(err)
	}
	until(t, "three pieces", func() bool { return s.Counters().Verified == 3 })
	if n := s.Counters(); n.Wasted > 0 || n.Downloaded != int64(len(c.data)-2*block) {
		t.Errorf("%+v", n)
	}
	if plane.IsWebSeed(netip.MustParseAddrPort("1.2.3.4:0")) || plane.IsWebSeed(netip.MustParseAddrPort("[::]:1")) {
		t.Error("addresses of peers are taken for those of web seeds")
	}
}
