package swarm

import (
	"slices"
	"testing"

	"github.com/anacrolix/torrent"
	pp "github.com/anacrolix/torrent/peer_protocol"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
)

func openTally(n int, verified ...int) *Tally {
	have := plane.MakeBits(n)
	for _, i := range verified {
		have.Set(i)
	}
	t := NewTally()
	t.open(disk.Layout{Pieces: n, PieceLength: 32 << 10, Length: int64(n) * 32 << 10}, have)
	return t
}

func (t *Tally) connect() *torrent.PeerConn {
	pc := &torrent.PeerConn{}
	t.peers[pc] = &peer{}
	return pc
}

func expect(t *testing.T, tally *Tally, want ...plane.PieceState) {
	t.Helper()
	if got := tally.pieces(nil); !slices.Equal(got, want) {
		t.Errorf("pieces are %v, want %v", got, want)
	}
}

func TestPieceStates(t *testing.T) {
	tally := openTally(3, 2)
	pc := tally.connect()
	block := func(i int) torrent.Request {
		return torrent.Request{Index: pp.Integer(i), ChunkSpec: torrent.ChunkSpec{Length: 16 << 10}}
	}
	expect(t, tally, plane.Missing, plane.Missing, plane.Verified)
	before := tally.version.Load()
	tally.requested(pc, block(0), +1)
	tally.requested(pc, block(1), +1)
	expect(t, tally, plane.Requested, plane.Requested, plane.Verified)
	if tally.version.Load() == before {
		t.Error("the version did not change with the pieces")
	}
	tally.requested(pc, block(1), -1)
	tally.Wrote(0, 0, 16<<10)
	expect(t, tally, plane.Partial, plane.Missing, plane.Verified)
	tally.Checked(0, false)
	expect(t, tally, plane.Failed, plane.Missing, plane.Verified)
	tally.Wrote(0, 0, 32<<10)
	tally.Checked(0, true)
	expect(t, tally, plane.Verified, plane.Missing, plane.Verified)
	if c := tally.counters(nil); c.Verified != 1 || c.HashFailures != 1 {
		t.Errorf("%+v", c)
	}
	tally.requested(pc, block(7), +1) // what is out of range is not believed
	tally.Wrote(7, 0, 1)
	tally.Checked(7, true)
}

func TestAvailability(t *testing.T) {
	tally := openTally(4)
	a, b, c := tally.connect(), tally.connect(), tally.connect()
	tally.heard(a, &pp.Message{Type: pp.Bitfield, Bitfield: []bool{true, false, true, false, true, true}})
	tally.heard(b, &pp.Message{Type: pp.HaveAll})
	tally.heard(c, &pp.Message{Type: pp.Have, Index: 3})
	tally.heard(c, &pp.Message{Type: pp.Have, Index: 3})
	tally.heard(c, &pp.Message{Type: pp.Have, Index: 1 << 31})
	if got := tally.availability(nil); !slices.Equal(got, []uint16{2, 1, 2, 2}) {
		t.Errorf("%v", got)
	}
	if peers, seeds := tally.connected(); peers != 3 || seeds != 1 {
		t.Errorf("%d peers, %d seeds", peers, seeds)
	}
	tally.leave(a)
	tally.leave(b)
	if got := tally.availability(nil); !slices.Equal(got, []uint16{0, 0, 0, 1}) {
		t.Errorf("after two have left: %v", got)
	}
}

func TestRing(t *testing.T) {
	var r ring
	if got, last := r.after(0, nil); len(got) != 0 || last != 0 {
		t.Errorf("empty: %v, %d", got, last)
	}
	for i := range ringSize + 10 {
		r.add(plane.Event{Piece: i})
	}
	got, last := r.after(0, nil)
	if len(got) != ringSize || got[0].Piece != 10 || last != ringSize+10 {
		t.Errorf("%d events from %d, last %d", len(got), got[0].Piece, last)
	}
	got, _ = r.after(last-2, got)
	if len(got) != 2 || got[1].Piece != ringSize+9 {
		t.Errorf("the newest two: %v", got)
	}
}

func TestLibraryLayout(t *testing.T) {
	if !layoutHolds() {
		t.Error("statsOf reads something else")
	}
}

func BenchmarkWrote(b *testing.B) {
	tally := openTally(100_000)
	for i := 0; b.Loop(); i++ {
		tally.Wrote(i%100_000, 0, 16<<10)
	}
}
