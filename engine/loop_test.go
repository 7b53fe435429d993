package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/swarm"
	"piecewise/engine/internal/transfer"
)

// fakeControl is a control plane without network. It has no lock, so that the
// race detector shows if two goroutines call it.
type fakeControl struct {
	added     int
	session   swarm.Session   // as it was set last
	sessions  int             // how often
	discovery swarm.Discovery // as it was set last
	carriers  []*fakeCarrier  // as they were added
	block     chan struct{}   // Add waits for it, if not nil
	close     chan struct{}   // Close waits for it, if not nil
	bans      []string
	port      atomic.Int32 // less 1
	taken     int          // cannot be listened on
	standby   map[ID]func()
	found     map[ID]func([]netip.AddrPort, plane.Origin)
	refilters atomic.Int32
	left      map[ID]bool // nobody waits for them any more
}

func (f *fakeControl) Add(swarm.Spec) (carrier, error) {
	f.added++
	if f.block != nil {
		<-f.block
	}
	c := &fakeCarrier{superSeed: never}
	f.carriers = append(f.carriers, c)
	return c, nil
}

func (f *fakeControl) Close() error {
	if f.close != nil {
		<-f.close
	}
	return nil
}

func (f *fakeControl) StandBy(ids [][20]byte, _ bool, wake func(), found func([]netip.AddrPort, plane.Origin)) {
	if f.found == nil {
		f.found = map[ID]func([]netip.AddrPort, plane.Origin){}
	}
	f.found[ids[0]] = found
	if f.standby == nil {
		f.standby = map[ID]func(){}
	}
	f.standby[ids[0]] = wake
}
func (f *fakeControl) Leave(id [20]byte)        { delete(f.standby, id); delete(f.found, id) }
func (f *fakeControl) Awaited(id [20]byte) bool { return f.standby[id] != nil && !f.left[id] }

func (f *fakeControl) Ban(a netip.AddrPort)   { f.bans = append(f.bans, "ban "+a.String()) }
func (f *fakeControl) Unban(a netip.AddrPort) { f.bans = append(f.bans, "unban "+a.String()) }

func (f *fakeControl) Port() int { return 1 + int(f.port.Load()) }
func (f *fakeControl) Rebind(p uint16) error {
	if int(p) == f.taken {
		return errors.New("the port is taken")
	}
	f.port.Store(int32(p) - 1)
	return nil
}

func (*fakeControl) Download(context.Context, string, int) ([]byte, error) {
	return nil, errors.New("there is no network")
}
func (*fakeControl) SetOuter(_, _ uint16)             {}
func (f *fakeControl) Refilter()                      { f.refilters.Add(1) }
func (*fakeControl) Reached() (v4, v6 time.Time)      { return time.Time{}, time.Time{} }
func (*fakeControl) Outside(bool) (netip.Addr, int)   { return netip.Addr{}, 0 }
func (*fakeControl) PeerID() [20]byte                 { return [20]byte{} }
func (*fakeControl) DHT() swarm.DHTStatus             { return swarm.DHTStatus{} }
func (*fakeControl) DHTState() []byte                 { return nil }
func (f *fakeControl) SetDiscovery(d swarm.Discovery) { f.discovery = d }

func (f *fakeControl) SetSession(s swarm.Session) { f.session, f.sessions = s, f.sessions+1 }

type fakeCarrier struct {
	dropped   int
	steered   int
	options   Options
	peers     map[netip.AddrPort]Limits
	superSeed int
	hiding    bool
}

func (*fakeCarrier) Pieces(dst []plane.PieceState) []plane.PieceState { return dst }
func (*fakeCarrier) Version() uint64                                  { return 0 }
func (*fakeCarrier) Availability(dst []uint16) []uint16               { return dst }
func (*fakeCarrier) Connected() (peers, seeds int)                    { return 0, 0 }
func (*fakeCarrier) Fetch() plane.Fetch                               { return plane.Fetch{} }
func (*fakeCarrier) Counters() plane.Counters                         { return plane.Counters{} }

func (f *fakeCarrier) Open(swarm.Open) error                   { f.steered++; return nil }
func (*fakeCarrier) SetFetching(bool)                          {}
func (f *fakeCarrier) SetWanted(transfer.Wanted)               { f.steered++ }
func (f *fakeCarrier) AddPeers([]netip.AddrPort, plane.Origin) { f.steered++ }
func (f *fakeCarrier) Peers(dst []plane.Peer) []plane.Peer     { f.steered++; return dst }
func (f *fakeCarrier) SetOptions(o Options)                    { f.options = o }
func (f *fakeCarrier) SuperSeedFrom(peers int)                 { f.superSeed = peers }
func (f *fakeCarrier) SuperSeeding() bool                      { return f.hiding }
func (f *fakeCarrier) Drop()                                   { f.steered++; f.dropped++ }

func (f *fakeCarrier) SetPeerLimit(addr netip.AddrPort, l Limits) {
	if f.peers == nil {
		f.peers = map[netip.AddrPort]Limits{}
	}
	f.peers[addr] = l
}

// serve runs the loop on a fake control plane; the returned function ends it and
// waits for it.
func serve(t testing.TB, control controller, records ...store.Record) (e *Engine, stop func()) {
	t.Helper()
	profile := filepath.Join(t.TempDir(), "p")
	st, _, err := store.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(st.Put(records, nil), st.Close()); err != nil {
		t.Fatal(err)
	}
	return serveAs(t, control, Config{Profile: profile, Loopback: true})
}

// serveAs runs the loop on a fake control plane and a profile that may be there.
func serveAs(t testing.TB, control controller, cfg Config) (e *Engine, stop func()) {
	t.Helper()
	e = New(cfg)
	st, _, err := store.Open(cfg.Profile)
	if err != nil {
		t.Fatal(err)
	}
	s, err := load(e, st)
	if err != nil {
		t.Fatal(err)
	}
	if f, ok := control.(*fakeControl); ok {
		f.session = s.session // as it is made with
	}
	s.control, s.store = control, st
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := e.serve(ctx, s); err != nil {
			t.Error(err)
		}
	}()
	return e, func() { cancel(); <-ended }
}

func magnetSource(n int) *Source {
	src := &Source{Name: fmt.Sprintf("magnet %d", n)}
	binary.BigEndian.PutUint64(src.ID[:], uint64(n)+1)
	return src
}

func TestSlowReaderGetsOneUpdate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, stop := serve(t, &fakeControl{})
		defer stop()
		for i := range 5 {
			if _, err := e.Add(t.Context(), magnetSource(i), AddOptions{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // fake time: many ticks pass unread
		}
		u := <-e.Updates()
		if len(u.Snapshot.Torrents) != 5 || len(u.Events) != 5 {
			t.Errorf("%d torrents, %d events", len(u.Snapshot.Torrents), len(u.Events))
		}
		for i, row := range u.Snapshot.Torrents {
			if row.ID != magnetSource(i).ID || row.State != Metadata {
				t.Errorf("row %d: %+v", i, row)
			}
		}
	})
}

// TestLoopNeverWaits blocks the library: commands are applied all the same.
func TestLoopNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		control := &fakeControl{block: make(chan struct{})}
		e, stop := serve(t, control)
		defer stop()
		for i := range 3 {
			id, err := e.Add(t.Context(), magnetSource(i), AddOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Pause(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		u := <-e.Updates()
		for _, row := range u.Snapshot.Torrents {
			if row.State != Stopped {
				t.Errorf("%v", row.State)
			}
		}
		close(control.block)
	})
}

func TestQuietRowsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, stop := serve(t, &fakeControl{})
		defer stop()
		for i := range 2 {
			if _, err := e.Add(t.Context(), magnetSource(i), AddOptions{Paused: true}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		first := (<-e.Updates()).Snapshot
		if err := e.Resume(t.Context(), magnetSource(1).ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		second := (<-e.Updates()).Snapshot
		if first.Torrents[0] != second.Torrents[0] {
			t.Error("the row of a torrent that did not change is a new one")
		}
		if first.Torrents[1] == second.Torrents[1] || second.Torrents[1].State != Metadata {
			t.Error("the row of a torrent that changed is the old one")
		}
	})
}

// TestShutdownHasADeadline leaves a library behind that does not answer.
func TestShutdownHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		control := &fakeControl{close: make(chan struct{})}
		_, stop := serve(t, control)
		start := time.Now()
		stop()
		if took := time.Since(start); took != shutdownMax {
			t.Errorf("took %v", took)
		}
		close(control.close) // so that what was left behind ends
	})
}

func TestStoppedEngineAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, stop := serve(t, &fakeControl{})
		stop()
		close(e.stopped) // Run does that
		if _, err := e.Add(t.Context(), magnetSource(0), AddOptions{}); err != ErrStopped {
			t.Errorf("add: %v", err)
		}
	})
}

func TestMeter(t *testing.T) {
	var m meter
	total := int64(0)
	for second := range 20 {
		total += 1000
		if got := m.add(total); got != 1000 {
			t.Fatalf("after %d s: %d bytes/s", second+1, got)
		}
	}
	for range meterSeconds {
		m.add(total)
	}
	if got := m.add(total); got != 0 {
		t.Errorf("after a pause: %d bytes/s", got)
	}
}

func TestWant(t *testing.T) {
	m := &Meta{PieceLength: 10, Pieces: 4, length: 35, Files: []File{
		{Length: 12}, {Length: 0, Offset: 12}, {Length: 8, Offset: 12}, {Length: 15, Offset: 20},
	}}
	for _, c := range []struct {
		priorities string
		pieces     string
		size       int64
	}{
		{"", "1111", 35},
		{"\x01\x01\x01", "0011", 15}, // all but the last are skipped
		{"\x00\x01\x01\x01", "1100", 20},
		{"\x01\x01\x01\x01", "0000", 0},
		{"\x01\x01\x02\x01", "0100", 10}, // the piece that it shares comes too
	} {
		w := want(m, []byte(c.priorities), DefaultOptions())
		got := ""
		for i := range m.Pieces {
			got += map[bool]string{true: "1", false: "0"}[w.pieces.Pieces.Has(i)]
		}
		if got != c.pieces || w.size != c.size {
			t.Errorf("%q: %s, %d bytes; want %s, %d", c.priorities, got, w.size, c.pieces, c.size)
		}
	}
}

// What is wanted and what is there are bytes of files, without pad files.
func TestWantWithoutPads(t *testing.T) {
	m := metaOf(&admit.Torrent{PieceLength: 10, Size: 23, Length: 40, Hashes: make([]byte, 4*20), Files: []admit.File{
		{Length: 12}, {Length: 6, Offset: 12, Pad: true}, {Length: 11, Offset: 18}, {Length: 11, Offset: 29, Pad: true},
	}})
	if w := want(m, nil, Options{}); w.size != m.Size {
		t.Errorf("%d bytes of %d are wanted", w.size, m.Size)
	}
	got := []int64{m.pieceSize(0), m.pieceSize(1), m.pieceSize(2), m.pieceSize(3)}
	if !slices.Equal(got, []int64{10, 4, 9, 0}) {
		t.Errorf("the pieces have %d bytes of files", got)
	}
}

func TestLayoutFillsGaps(t *testing.T) {
	m := &Meta{PieceLength: 16, Pieces: 3, length: 40, Files: []File{
		{Path: []string{"a"}, Length: 10}, {Path: []string{"b"}, Length: 4, Offset: 16},
	}}
	l := layoutOf(m)
	end := int64(0)
	for i, f := range l.Files {
		if f.Offset != end {
			t.Errorf("file %d begins at %d, the one before ends at %d", i, f.Offset, end)
		}
		end += f.Length
	}
	if end != m.length || len(l.Files) != 4 || !l.Files[1].Pad || !l.Files[3].Pad {
		t.Errorf("%+v", l.Files)
	}
}

func TestConflicts(t *testing.T) {
	l := disk.Layout{PieceLength: 10, Pieces: 4, Length: 40, Files: []disk.File{
		{Path: []string{"a"}, Length: 15}, {Path: []string{"b"}, Length: 25, Offset: 15},
	}}
	all := FullBits(4)
	have := MakeBits(4)
	have.Set(0)
	if got := conflicts(l, []int{0}, have, all); len(got) != 0 {
		t.Errorf("a whole piece is right and one is shared, yet: %v", got)
	}
	if got := conflicts(l, []int{0, 1}, have, all); len(got) != 1 {
		t.Errorf("b is wrong: %v", got)
	}
	if got := conflicts(l, []int{1}, have, MakeBits(4)); len(got) != 0 {
		t.Errorf("b is not wanted: %v", got)
	}
}

func BenchmarkPublish(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newState(New(Config{}))
			for i := range n {
				s.insert(s.newTorrent(magnetSource(i)))
			}
			s.publish()
			b.ReportAllocs()
			for b.Loop() {
				s.touch(s.order[n/2]) // one torrent changes
				s.publish()
			}
		})
	}
}
