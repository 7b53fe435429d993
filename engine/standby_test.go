package engine

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/internal/announce"
	"piecewise/engine/internal/plane"
	"piecewise/engine/shelf"
)

// inLoop and inLibrary look at what belongs to the loop, or to the library's lane.
func inLoop(t *testing.T, e *Engine, f func(*state)) {
	t.Helper()
	ok(t, e.do(t.Context(), func(s *state) error { f(s); return nil }))
}

func inLibrary(t *testing.T, e *Engine, f func()) {
	t.Helper()
	done := make(chan struct{})
	inLoop(t, e, func(s *state) { s.library.push(func() func(*state) { f(); close(done); return nil }) })
	<-done
}

// knock is what a peer does whose handshake names seeds that stand by.
func knock(t *testing.T, e *Engine, control *fakeControl, ids ...ID) {
	t.Helper()
	inLoop(t, e, func(*state) {
		for _, id := range ids {
			control.standby[id]()
		}
	})
}

// seen is what a fake control plane has at one moment.
type seen struct{ added, dropped, standby int }

func (f *fakeControl) look(t *testing.T, e *Engine) (n seen) {
	t.Helper()
	inLibrary(t, e, func() {
		n.added = f.added
		for _, c := range f.carriers {
			n.dropped += c.dropped
		}
	})
	inLoop(t, e, func(*state) { n.standby = len(f.standby) })
	return n
}

// TestSeedsStandBy starts with seeds: none is in the library until a peer names it,
// and it is out again when nobody is there any more.
func TestSeedsStandBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: 50, Pieces: 10})
		control := &fakeControl{}
		e, stop := serveAs(t, control, cfg)
		defer stop()
		time.Sleep(time.Minute)
		for i, row := range (<-e.Updates()).Snapshot.Torrents {
			if row.State != Seeding || row.Meta != nil {
				t.Fatalf("row %d: %+v", i, row)
			}
		}
		if got := control.look(t, e); got != (seen{standby: len(ids)}) {
			t.Fatalf("at the start: %+v", got)
		}
		knock(t, e, control, ids[7])
		row := newest(t, e, ids[7])
		if got := control.look(t, e); row.State != Seeding || row.Meta == nil || got != (seen{added: 1, standby: len(ids) - 1}) {
			t.Fatalf("%+v; %+v", got, row)
		}
		time.Sleep(restAfter + time.Minute)
		row = newest(t, e, ids[7])
		if got := control.look(t, e); row.State != Seeding || row.Meta != nil || got != (seen{1, 1, len(ids)}) {
			t.Errorf("nobody is there any more: %+v; %+v", got, row)
		}
		ok(t, e.Pause(t.Context(), ids[7]))
		row = newest(t, e, ids[7])
		if got := control.look(t, e); row.State != Stopped || got.standby != len(ids)-1 {
			t.Errorf("paused: %+v; %+v", got, row)
		}
		ok(t, e.AddPeers(t.Context(), ids[8], []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}))
		newest(t, e, ids[8])
		if got := control.look(t, e); got != (seen{2, 1, len(ids) - 2}) {
			t.Errorf("it has somebody to dial: %+v", got)
		}
	})
}

// TestKnocksAreBounded has peers knock for all seeds at once: few are awake at a time,
// and all have their turn.
func TestKnocksAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: 1000, Pieces: 2})
		control := &fakeControl{}
		e, stop := serveAs(t, control, cfg)
		defer stop()
		time.Sleep(time.Second)
		synctest.Wait()
		knock(t, e, control, ids...)
		awake := func() (n int) {
			inLoop(t, e, func(s *state) {
				for _, t := range s.order {
					if t.run != nil || t.standby.woken {
						n++
					}
				}
			})
			return n
		}
		for second := range 300 {
			time.Sleep(time.Second)
			synctest.Wait()
			if n := awake(); n > lonelySeeds {
				t.Fatalf("%d are awake after %d s", n, second)
			}
			if second == 0 && awake() < lonelySeeds {
				t.Errorf("only %d are awake at once", awake())
			}
		}
		if got := control.look(t, e); got != (seen{len(ids), len(ids), len(ids)}) || awake() != 0 {
			t.Errorf("at the end: %+v, %d are awake", got, awake())
		}
		if u := <-e.Updates(); len(u.Snapshot.Torrents) != len(ids) {
			t.Errorf("%d rows", len(u.Snapshot.Torrents))
		}
	})
}

// TestKnocksOfNobody has peers leave before the seed's turn: it is not woken for them.
func TestKnocksOfNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: lonelySeeds + 10, Pieces: 2})
		control := &fakeControl{left: map[ID]bool{}}
		e, stop := serveAs(t, control, cfg)
		defer stop()
		time.Sleep(time.Second)
		synctest.Wait()
		knock(t, e, control, ids...)
		inLoop(t, e, func(*state) {
			for _, id := range ids[lonelySeeds:] {
				control.left[id] = true
			}
		})
		time.Sleep(time.Minute)
		if got := control.look(t, e); got.added != lonelySeeds {
			t.Errorf("%d were woken", got.added)
		}
	})
}

// TestSeedsHaveTurns has the DHT find peers of all seeds again and again: each is woken
// to dial them, few at a time and not often.
func TestSeedsHaveTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: 200, Pieces: 2})
		control := &fakeControl{}
		e, stop := serveAs(t, control, cfg)
		defer stop()
		time.Sleep(time.Second)
		synctest.Wait()
		for minute := range 15 + int(turnAlone/time.Minute) {
			var found []func([]netip.AddrPort, plane.Origin)
			n := 0
			inLoop(t, e, func(s *state) {
				n = s.lonely()
				for _, f := range control.found {
					found = append(found, f)
				}
			})
			if n > dialSeeds {
				t.Fatalf("%d are awake", n)
			}
			for _, f := range found {
				f([]netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}, plane.OriginDHT)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if got := control.look(t, e); minute == 15 && got != (seen{len(ids), len(ids), len(ids)}) {
				t.Errorf("once each: %+v", got)
			}
		}
		time.Sleep(15 * time.Minute)
		if got := control.look(t, e); got != (seen{2 * len(ids), 2 * len(ids), len(ids)}) {
			t.Errorf("twice each: %+v", got)
		}
	})
}

// TestLeechesOfTheTracker has a tracker tell of a leech: the seed is woken to dial it,
// and has the trackers' figures while it stands by.
func TestLeechesOfTheTracker(t *testing.T) {
	var asked atomic.Int32
	tracker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, "d8:completei3e10:incompletei1e8:intervali900e5:peers6:\x7f\x00\x00\x01\x00\x01e")
	}))
	defer tracker.Close()
	quiet := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, "d8:completei7e10:incompletei0e8:intervali900e5:peers6:\x7f\x00\x00\x01\x00\x01e")
	}))
	defer quiet.Close()
	cfg, ids := shelved(t, shelf.Shelf{Torrents: 1, Pieces: 2, Trackers: [][]string{{tracker.URL + "/announce"}}})
	more, err := shelf.Shelf{Torrents: 1, Pieces: 3, Trackers: [][]string{{quiet.URL + "/announce"}}}.Make(cfg.Profile, cfg.Dir+"/other")
	ok(t, err)
	b := launch(t, cfg)
	b.await("the trackers' figures", func(s *Snapshot) bool {
		a, b := s.Torrent(ids[0]), s.Torrent(more[0])
		return a != nil && b != nil && a.SwarmSeeds == 3 && b.SwarmSeeds == 7 && a.TrackersWorking == 1
	})
	b.await("the one with a leech is woken", func(s *Snapshot) bool { return s.Torrent(ids[0]).Meta != nil })
	if row := b.snap.Torrent(more[0]); row.Meta != nil || row.State != Seeding {
		t.Errorf("nobody wants the other: %+v", row)
	}
	if asked.Load() != 2 {
		t.Errorf("the trackers were asked %d times", asked.Load())
	}
}

// TestLeechesBeforeTheirAddresses has the loop hear of a leech before the peers that
// were named in the same answer reach it.
func TestLeechesBeforeTheirAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, ids := shelved(t, shelf.Shelf{Torrents: 2, Pieces: 2})
		e, stop := serveAs(t, &fakeControl{}, cfg)
		defer stop()
		time.Sleep(time.Second)
		synctest.Wait()
		for leeches, id := range ids {
			inLoop(t, e, func(s *state) {
				a := s.torrents[id]
				a.trackers = []announce.Status{{State: announce.Working, Leeches: leeches}}
				s.named(a, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")})
				if woken := a.standby.woken; woken != (leeches > 0) {
					t.Errorf("%d leeches: woken %v", leeches, woken)
				}
			})
		}
	})
}

// hello shakes hands as a leech does and returns the answer's info hash.
func hello(addr netip.AddrPort, id ID) (ID, error) {
	c, err := net.DialTimeout("tcp", addr.String(), patience)
	if err != nil {
		return ID{}, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintf(c, "\x13BitTorrent protocol%s%s-XX0000-%012d", make([]byte, 8), id[:], 7); err != nil {
		return ID{}, err
	}
	b := make([]byte, 68)
	_, err = io.ReadFull(c, b)
	return ID(b[28:48]), err
}

// TestSeedsAnswer shakes hands with many seeds at once, none of which runs.
func TestSeedsAnswer(t *testing.T) {
	cfg, ids := shelved(t, shelf.Shelf{Torrents: 300, Pieces: 100})
	b := launch(t, cfg)
	addr := b.addr()
	var all sync.WaitGroup
	next := make(chan ID)
	for range 8 {
		all.Go(func() {
			for id := range next {
				if got, err := hello(addr, id); got != id || err != nil {
					t.Errorf("%v: answered %v, %v", id, got, err)
				}
			}
		})
	}
	for _, id := range ids[:lonelySeeds] {
		next <- id
	}
	close(next)
	all.Wait()
	if got, err := hello(addr, ID{1}); err == nil {
		t.Errorf("a torrent that is not there: %v", got)
	}
}

// TestMissingFileOfAWokenSeed removes the data of a seed that stands by.
func TestMissingFileOfAWokenSeed(t *testing.T) {
	cfg, ids := shelved(t, shelf.Shelf{Torrents: 2, Pieces: 10})
	b := launch(t, cfg)
	addr := b.addr()
	b.awaitState(ids[1], Seeding)
	ok(t, os.Remove(filepath.Join(cfg.Dir, shelf.Name(1))))
	_, _ = hello(addr, ids[1])
	b.awaitState(ids[1], Faulted)
	if row := b.snap.Torrent(ids[1]); !strings.Contains(row.Err, "are gone") {
		t.Errorf("%+v", row)
	}
	if _, err := hello(addr, ids[0]); err != nil {
		t.Errorf("the other one: %v", err)
	}

	ok(t, os.Remove(metainfoPath(cfg, ids[0])))
	b.stop()
	b = launch(t, cfg)
	addr = b.addr()
	b.awaitState(ids[0], Seeding)
	if _, err := hello(addr, ids[0]); err == nil {
		t.Error("it answers without metainfo")
	}
	b.awaitState(ids[0], Faulted)
	if row := b.snap.Torrent(ids[0]); row.Err != lostMetainfo {
		t.Errorf("%+v", row)
	}
}

// TestSeedsAreLookedAt starts with a seed that is as it was, and with one of which a file
// was cut short meanwhile: what was recorded is not shown as if it were known to be there.
func TestSeedsAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	torrent := sample(t, dir, map[string]int{"a": 64 << 10, "b": 64 << 10})
	cfg := loopbackConfig(filepath.Join(dir, "p"), dir)
	b := launch(t, cfg)
	id := b.add(torrent, AddOptions{})
	b.awaitState(id, Seeding)
	b.stop()

	b = launch(t, cfg)
	sure := func(s *Snapshot) bool {
		row := s.Torrent(id)
		return row != nil && row.State == Seeding && row.Done() && !row.Unseen
	}
	b.await("a look", sure)
	b.stop()

	must[any](t)(nil, os.Truncate(filepath.Join(dir, "data", "b"), 10))
	b = launch(t, cfg)
	b.await("the loss", func(s *Snapshot) bool {
		if sure(s) {
			t.Fatal("it is shown as complete")
		}
		return s.Torrent(id) != nil && !s.Torrent(id).Done()
	})
}
