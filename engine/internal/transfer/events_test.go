package transfer

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// watched gathers all events of a side from now on.
func watched(t *testing.T, s *side) func() []plane.Event {
	t.Helper()
	seq, stop := s.Watch()
	t.Cleanup(stop)
	var all []plane.Event
	return func() []plane.Event {
		events, last := s.Events(seq, nil)
		if lost := last - seq - uint64(len(events)); lost > 0 {
			t.Fatalf("%d events are lost", lost)
		}
		seq, all = last, append(all, events...)
		return all
	}
}

// tally counts for each block how often it met one of the kinds of events.
func tally(events []plane.Event, out bool, kinds ...plane.EventKind) map[pick.Block]int {
	n := map[pick.Block]int{}
	for _, e := range events {
		if e.Out == out && slices.Contains(kinds, e.Kind) {
			n[pick.Block{Piece: e.Piece, Begin: e.Begin, Length: e.Length}]++
		}
	}
	return n
}

// bytesOf sums up the lengths of events.
func bytesOf(events []plane.Event, kind plane.EventKind, out bool) (n int64) {
	for _, e := range events {
		if e.Kind == kind && e.Out == out {
			n += int64(e.Length)
		}
	}
	return n
}

// Of what two sides do to each other, either one tells the same, block by block,
// and so do their counters and their lists of peers.
func TestBothEndsTellTheSame(t *testing.T) {
	c := newContent(40, 4*block)
	even, odd := halves(c.pieces())
	a, b := newSide(t, c, sideOptions{have: even}), newSide(t, c, sideOptions{have: odd})
	ofA, ofB := watched(t, a), watched(t, b)
	a.dial(t, b)
	until(t, "both to have everything", func() bool {
		return a.Counters().Verified == odd.Count() && b.Counters().Verified == even.Count()
	})
	checkTotals(t, a, ofA(), odd.Count())
	checkTotals(t, b, ofB(), even.Count())

	both := [][]plane.EventKind{
		{plane.EventBlock, plane.EventWaste},
		{plane.EventRequest},
		{plane.EventHave},
		{plane.EventInterested},
		{plane.EventNotInterested},
		{plane.EventUnchoke},
		{plane.EventChoke},
	}
	for _, kinds := range both {
		for _, out := range []bool{true, false} {
			until(t, fmt.Sprint("both to tell the same of ", kinds, out), func() bool {
				return maps.Equal(tally(ofA(), out, kinds...), tally(ofB(), !out, kinds...))
			})
		}
	}
	if n := len(tally(ofA(), ours, plane.EventHave)); n != odd.Count() {
		t.Errorf("%d pieces were told, not %d", n, odd.Count())
	}

	before := a.Counters()
	a.hangUp()
	until(t, "them to part", func() bool { return a.parted() && b.parted() })
	checkParting(t, ofA(), ours)
	checkParting(t, ofB(), theirs)
	checkAgree(t, a.Counters(), b.Counters())
	if after := a.Counters(); after.ProtocolReceived < before.ProtocolReceived || after.ProtocolReceived == 0 {
		t.Errorf("a peer that has left does not count: %d bytes after %d", after.ProtocolReceived, before.ProtocolReceived)
	}
}

func (s *side) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.w.Close(nil)
	}
}

func (s *side) parted() bool {
	n, _ := s.Connected()
	return n == 0
}

// checkTotals compares a side's events, counters and peers.
func checkTotals(t *testing.T, s *side, events []plane.Event, pieces int) {
	t.Helper()
	n := s.Counters()
	down, up, waste := bytesOf(events, plane.EventBlock, theirs), bytesOf(events, plane.EventBlock, ours), bytesOf(events, plane.EventWaste, theirs)
	if down != n.Downloaded || up != n.Uploaded || waste != n.Wasted || down == 0 || up == 0 {
		t.Errorf("events tell of %d, %d and %d bytes, counters are %+v", down, up, waste, n)
	}
	var sum plane.Peer
	for _, p := range s.Peers(nil) {
		sum.Downloaded += p.Downloaded
		sum.Uploaded += p.Uploaded
		sum.Wasted += p.Wasted
	}
	if sum.Downloaded != n.Downloaded || sum.Uploaded != n.Uploaded || sum.Wasted != n.Wasted {
		t.Errorf("peers sum up to %d, %d and %d bytes, counters are %+v", sum.Downloaded, sum.Uploaded, sum.Wasted, n)
	}
	if got := len(tally(events, false, plane.EventVerified)); got != pieces {
		t.Errorf("%d pieces were verified, not %d", got, pieces)
	}
	asked := tally(events, ours, plane.EventRequest)
	for b, came := range tally(events, theirs, plane.EventBlock) {
		if came != 1 || asked[b] == 0 {
			t.Errorf("block %v was asked for %d times and came %d times", b, asked[b], came)
		}
	}
}

// checkParting expects one peer to have come and gone.
func checkParting(t *testing.T, events []plane.Event, out bool) {
	t.Helper()
	first, last := events[0], events[len(events)-1]
	if first.Kind != plane.EventJoined || last.Kind != plane.EventLeft || first.Out != out || last.Out != out {
		t.Errorf("the first event is %+v, the last one %+v", first, last)
	}
	if first.Peer != last.Peer || !first.Peer.IsValid() || last.Time.Before(first.Time) {
		t.Errorf("%v came at %v, %v went at %v", first.Peer, first.Time, last.Peer, last.Time)
	}
}

// checkAgree compares the counters of two sides that had nobody else.
func checkAgree(t *testing.T, a, b plane.Counters) {
	t.Helper()
	if a.Downloaded+a.Wasted != b.Uploaded || b.Downloaded+b.Wasted != a.Uploaded {
		t.Errorf("payload: %+v and %+v", a, b)
	}
	if a.ProtocolReceived != b.ProtocolSent || b.ProtocolReceived != a.ProtocolSent {
		t.Errorf("protocol: %+v and %+v", a, b)
	}
}

// What nobody asked for, and what came twice, is told as waste; so is a piece
// whose hash is wrong, whose blocks had come.
func TestWasteIsTold(t *testing.T) {
	c := newContent(2, 2*block)
	s := newSide(t, c, sideOptions{})
	events := watched(t, s)
	p := join(t, s, true)
	spoilt := false
	go p.serve(func(r request) {
		p.give(r, c.block(r))
		p.give(r, c.block(r)) // is not asked for any more
	})
	bad := join(t, s, true)
	go bad.serve(func(r request) {
		if !spoilt {
			spoilt = true
			bad.give(r, make([]byte, r.length))
		}
	})
	until(t, "both pieces", func() bool { return s.Counters().Verified == 2 })
	until(t, "the waste", func() bool {
		n := s.Counters()
		waste := bytesOf(events(), plane.EventWaste, theirs)
		failed := int64(0)
		for b, times := range tally(events(), false, plane.EventFailed) {
			failed += int64(times) * s.pieceSize(b.Piece)
		}
		return waste > 0 && n.Wasted == waste+failed
	})
}

func TestCancelAndRejectAreTold(t *testing.T) {
	c := newContent(4, block)
	s := newSide(t, c, sideOptions{have: plane.FullBits(4)})
	events := watched(t, s)
	p := join(t, s, true)
	p.send(wire.Interested)
	p.next(wire.Unchoke)
	s.SetSlots(0)
	p.next(wire.Choke)
	p.send(wire.Request, 3, 0, block-5000)
	p.next(wire.Reject)
	want := []plane.Event{
		{Kind: plane.EventInterested},
		{Kind: plane.EventUnchoke, Out: true},
		{Kind: plane.EventChoke, Out: true},
		{Kind: plane.EventRequest, Piece: 3, Length: block - 5000},
		{Kind: plane.EventReject, Out: true, Piece: 3, Length: block - 5000},
	}
	got := slices.DeleteFunc(slices.Clone(events()), func(e plane.Event) bool {
		return e.Kind == plane.EventJoined || e.Kind == plane.EventHave
	})
	for i := range got {
		if got[i].Peer != p.addr || got[i].Time.IsZero() {
			t.Errorf("event of %v at %v", got[i].Peer, got[i].Time)
		}
		got[i] = plane.Event{Kind: got[i].Kind, Out: got[i].Out, Piece: got[i].Piece, Begin: got[i].Begin, Length: got[i].Length}
	}
	if !slices.Equal(got, want) {
		t.Errorf("told\n%+v, not\n%+v", got, want)
	}
}

// The ring is there while somebody watches, and what it could not keep is counted.
func TestWatch(t *testing.T) {
	s := New(Limits{})
	one, stopOne := s.Watch()
	_, stopTwo := s.Watch()
	stopOne()
	stopOne() // counts once
	for i := range ringSize + 10 {
		s.notePiece(plane.EventVerified, i)
	}
	events, last := s.Events(one, nil)
	if lost := last - one - uint64(len(events)); lost != 10 || events[0].Piece != 10 {
		t.Errorf("%d are lost, the first one left is of piece %d", lost, events[0].Piece)
	}
	stopTwo()
	s.notePiece(plane.EventVerified, 0)
	if events, now := s.Events(one, nil); len(events) > 0 || now != last || s.ring.events != nil {
		t.Errorf("%d events are kept while nobody watches", len(events))
	}
	seq, stop := s.Watch()
	defer stop()
	s.notePiece(plane.EventVerified, 7)
	if events, _ := s.Events(one, nil); seq != last || len(events) != 1 || events[0].Piece != 7 {
		t.Errorf("watched anew, it tells of %+v", events)
	}
}

// BenchmarkEvent is what a block costs that is told to nobody, or to somebody who
// reads the events thirty times a second.
func BenchmarkEvent(b *testing.B) {
	c := &conn{t: New(Limits{})}
	at := pick.Block{Piece: 7, Begin: block, Length: block}
	b.Run("unwatched", func(b *testing.B) {
		for b.Loop() {
			c.note(plane.EventBlock, theirs, at)
		}
	})
	seq, stop := c.t.Watch()
	defer stop()
	b.Run("watched", func(b *testing.B) {
		for b.Loop() {
			c.note(plane.EventBlock, theirs, at)
		}
	})
	b.Run("read", func(b *testing.B) {
		var dst []plane.Event
		for b.Loop() {
			for range 2000 {
				c.note(plane.EventBlock, theirs, at)
			}
			dst, seq = c.t.Events(seq, dst)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2000*b.N), "ns/event")
	})
}
