package transfer

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/wire"
)

// A good peer and one that does everything wrong that a sender of blocks can.
func TestCorruptSender(t *testing.T) {
	c := newContent(24, 8*block)
	s := newSide(t, c, sideOptions{})
	good, bad := join(t, s, true), join(t, s, true)
	gone, n := make(chan struct{}), 0
	go func() { // ends with the connection
		defer close(gone)
		bad.serve(func(r request) {
			n++
			rubbish := bytes.Repeat([]byte{0xee}, int(r.length))
			bad.give(r, rubbish)
			bad.give(r, c.block(r))                                            // twice
			bad.send(pieceKind, int(r.piece), int(r.begin)+100, rubbish[:900]) // overlapping
			bad.send(pieceKind, 3, 0, rubbish)                                 // perhaps asked for, perhaps not
			if n < 5 {
				bad.send(pieceKind, 0, 0, make([]byte, 128<<10)) // far too long
			}
		})
	}()
	begin := make(chan struct{})
	go func() { // ends with the connection
		<-begin
		good.serve(func(r request) { good.give(r, c.block(r)) })
	}()
	until(t, "a wrong piece", func() bool { return s.Counters().HashFailures > 0 })
	close(begin)
	s.complete(t)
	select {
	case <-gone:
	case <-time.After(patient):
		t.Fatal("who sent wrong pieces is still connected")
	}
	if n, _ := s.Connected(); n != 1 {
		t.Errorf("%d peers are left, not the good one alone", n)
	}
	if got := s.banned(); !slices.Equal(got, []netip.AddrPort{bad.addr}) {
		t.Errorf("banned are %v, not %v alone", got, bad.addr)
	}
}

// Of two peers that share each piece, one lies in a single block.
func TestOnlyTheLiarIsBanned(t *testing.T) {
	c := newContent(1, 16*block)
	s := newSide(t, c, sideOptions{})
	good, bad := join(t, s, true), join(t, s, false)
	lied := false
	go bad.serve(func(r request) { // ends with the connection
		if !lied {
			lied = true
			bad.give(r, bytes.Repeat([]byte{1}, int(r.length)))
			bad.send(wire.Choke) // and leaves the rest to the other
		}
	})
	until(t, "the lie", func() bool { return s.Counters().Downloaded > 0 })
	go good.serve(func(r request) { good.give(r, c.block(r)) }) // ends with the connection
	s.complete(t)
	if n := s.Counters().HashFailures; n != 1 {
		t.Errorf("%d pieces failed, want 1", n)
	}
	until(t, "the liar to be banned", func() bool { n, _ := s.Connected(); return n == 1 })
	if got := s.banned(); !slices.Equal(got, []netip.AddrPort{bad.addr}) {
		t.Errorf("banned are %v, not %v alone", got, bad.addr)
	}
}

func TestHostileFrames(t *testing.T) {
	c := newContent(16, 2*block)
	seed := newSide(t, c, sideOptions{have: fullBits(c)})
	const huge = 1<<32 - 1
	hello := []byte("\x00d1:v4:\xff\xff\xff\xff4:reqqi-1ee")
	repeat := func(n int, frames ...[]byte) []byte { return bytes.Repeat(bytes.Join(frames, nil), n) }
	tests := []struct {
		name  string
		bytes []byte
		ends  bool
	}{
		{"have of no piece", frame(wire.Have, 16), true},
		{"have of a huge piece", frame(wire.Have, huge), true},
		{"request of no piece", frame(wire.Request, 16, 0, block), true},
		{"request of a huge piece", frame(wire.Request, huge, huge, huge), true},
		{"request of nothing", frame(wire.Request, 1, 0, 0), true},
		{"request beyond the piece", frame(wire.Request, 1, block+1, block), true},
		{"request that wraps around", frame(wire.Request, 1, huge, block), true},
		{"request longer than a block", frame(wire.Request, 1, 0, 2*block), false},
		{"reject of no piece", frame(wire.Reject, huge, 0, block), true},
		{"reject of what nobody asked for", frame(wire.Reject, 1, huge, huge), false},
		{"cancel of what was not asked for", frame(wire.Cancel, 1, huge, huge), false},
		{"allowed fast of no piece", frame(wire.AllowedFast, huge), true},
		{"block that nobody asked for", frame(pieceKind, 1, 0, make([]byte, 128<<10)), false},
		{"block of no piece", frame(pieceKind, huge, huge, make([]byte, block)), true},
		{"block too long for any", frame(pieceKind, 1, 0, make([]byte, 129<<10)), true},
		{"endless bitfields", repeat(5000, frame(wire.Bitfield, []byte{1, 2}), frame(wire.Bitfield, []byte{2, 1})), true},
		{"everything twice", repeat(2, frame(wire.HaveAll)), true},
		{"a bitfield, then nothing", repeat(1, frame(wire.Bitfield, []byte{1, 2}), frame(wire.HaveNone)), true},
		{"bitfield too long", frame(wire.Bitfield, make([]byte, 3)), true},
		{"many haves", repeat(3000, frame(wire.Have, 3)), false},
		{"endless haves", repeat(5000, frame(wire.Have, 3)), true},
		{"much interest", repeat(1000, frame(wire.Interested), frame(wire.NotInterested)), false},
		{"endless interest", repeat(2500, frame(wire.Interested), frame(wire.NotInterested)), true},
		{"many unchokes", repeat(1000, frame(wire.Unchoke), frame(wire.Choke)), false},
		{"endless unchokes", repeat(2500, frame(wire.Unchoke), frame(wire.Choke)), true},
		{"many handshakes of extensions", repeat(20, frame(20, hello)), false},
		{"endless handshakes of extensions", repeat(100, frame(20, hello)), true},
		{"endless requests", repeat(10000, frame(wire.Request, 1, 0, block)), true},
		{"endless requests and cancels", repeat(2500, frame(wire.Request, 1, 0, block), frame(wire.Cancel, 1, 0, block)), true},
		{"endless cancels", repeat(5000, frame(wire.Cancel, 1, 0, block)), true},
		{"endless rejects", repeat(5000, frame(wire.Reject, 1, 0, block)), true},
		{"endless suggestions", repeat(5000, frame(wire.Suggest, 1)), true},
		{"endless allowed pieces", repeat(5000, frame(wire.AllowedFast, 1)), true},
		{"endless keepalives", make([]byte, 4*5000), true},
		{"endless unknown messages", repeat(5000, frame(99)), true},
		{"long unknown messages", repeat(100, frame(99, make([]byte, 50<<10))), true},
		{"endless ports", repeat(5000, frame(9, []byte{1, 2})), true},
		{"endless blocks", repeat(20, frame(pieceKind, 1, 0, make([]byte, 128<<10))), true},
		{"nested rubbish", frame(20, []byte{0}, bytes.Repeat([]byte("l"), 60000)), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := join(t, seed, true)
			p.c.Write(test.bytes)
			if test.ends {
				p.ended()
				return
			}
			p.send(wire.Interested)
			p.next(wire.Unchoke)
			p.send(wire.Request, 2, 0, block)
			if got := p.next(pieceKind); !bytes.Equal(got[8:], c.data[4*block:5*block]) {
				t.Error("the block is wrong")
			}
			p.c.Close()
			until(t, "it to leave", func() bool { n, _ := seed.Connected(); return n == 0 })
		})
	}
	if n := seed.Counters(); n.Verified != 0 || n.Downloaded != 0 {
		t.Errorf("a seed took in %+v", n)
	}
}

// A peer that asks and asks and never reads holds little, and harms nobody else.
func TestNeverReads(t *testing.T) {
	c := newContent(64, 16*block)
	seed := newSide(t, c, sideOptions{have: fullBits(c)})
	p := join(t, seed, false)
	p.send(wire.Interested)
	p.next(wire.Unchoke)
	var all [][]byte
	for i := range 1200 {
		all = append(all, frame(wire.Request, i%64, i/64%15*block, block))
	}
	until(t, "its requests", func() bool {
		p.c.Write(bytes.Join(all, nil)) // until its side of the socket is full, too
		peers := seed.Peers(nil)
		return len(peers) == 1 && peers[0].Queue > maxTheir-64 // a last batch may have been taken
	})
	leech := newSide(t, c, sideOptions{})
	leech.dial(t, seed)
	leech.complete(t)
}

// A peer that takes requests and never answers is relieved of them after 15 s.
func TestSnub(t *testing.T) {
	c := newContent(2, 4*block)
	s := newSide(t, c, sideOptions{})
	lazy := join(t, s, true)
	lazy.send(wire.HaveAll)
	lazy.send(wire.Unchoke)
	asked := parseRequest(lazy.next(wire.Request))
	s.Tick(time.Now().Add(14 * time.Second))
	if n := s.Peers(nil)[0].Requests; n < 2 {
		t.Fatalf("only %d requests are left after 14 s", n)
	}
	s.Tick(time.Now().Add(16 * time.Second))
	if n := s.Peers(nil)[0].Requests; n > 1 {
		t.Fatalf("%d requests are left after 16 s", n)
	}
	if got := parseRequest(lazy.next(wire.Cancel)); got != asked {
		t.Errorf("the first cancel is of %v, the first request was of %v", got, asked)
	}
	now := time.Now().Add(16 * time.Second)
	for range 60 {
		now = now.Add(time.Second)
		s.Tick(now)
	}
	s.mu.Lock()
	for c := range s.conns {
		if !s.snubbed(c, now) {
			t.Error("a minute without a block is no snub")
		}
	}
	s.mu.Unlock()
	good := join(t, s, true)
	go good.serve(func(r request) { good.give(r, c.block(r)) })
	s.complete(t)
}

// A peer whose piece cannot be read any more is not left to wait.
func TestUnreadable(t *testing.T) {
	c := newContent(4, block)
	seed := newSide(t, c, sideOptions{have: fullBits(c)})
	for _, fast := range []bool{true, false} {
		p := join(t, seed, fast)
		p.send(wire.Interested)
		p.next(wire.Unchoke)
		seed.disk.Close()
		p.send(wire.Request, 1, 0, block)
		if fast {
			if r := parseRequest(p.next(wire.Reject)); r != (request{1, 0, block}) {
				t.Errorf("rejected %v", r)
			}
		} else {
			p.ended()
		}
	}
	if n := seed.Counters().Uploaded; n != 0 {
		t.Errorf("%d bytes were sent", n)
	}
}

var dataKinds = []wire.Kind{pieceKind, wire.Reject}

func isData(k wire.Kind) bool { return slices.Contains(dataKinds, k) }
