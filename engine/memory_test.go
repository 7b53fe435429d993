package engine

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
	"piecewise/engine/shelf"
)

// profileOf makes a profile with n stopped torrents of the given number of pieces
// each, every second piece verified.
func profileOf(b *testing.B, n, pieces int) string {
	b.Helper()
	profile := filepath.Join(b.TempDir(), "p")
	st, _, err := store.Open(profile)
	if err != nil {
		b.Fatal(err)
	}
	have := MakeBits(pieces)
	for i := 0; i < pieces; i += 2 {
		have.Set(i)
	}
	var records []store.Record
	for i := range n {
		hashes := make([]byte, 20*pieces)
		binary.BigEndian.PutUint64(hashes, uint64(i)+1)
		info := bencode.MustMarshal(metainfo.Info{
			Name: fmt.Sprintf("torrent %d", i), PieceLength: 1 << 20, Pieces: hashes, Length: int64(pieces) << 20,
		})
		raw := metainfoFile(&admit.Torrent{InfoBytes: info}, [][]string{{"http://tracker.example/announce"}})
		gate, err := admit.Metainfo(raw)
		if err != nil {
			b.Fatal(err)
		}
		rec := store.Record{
			ID: gate.ID, Name: gate.Name, Dir: "/nowhere", Paused: true, Pieces: pieces, Have: have.Bytes(), Trackers: gate.Trackers,
			Outline: store.Outline{HashV1: gate.ID, Size: gate.Size, Wanted: gate.Size, There: int64(have.Count()) << 20},
		}
		if err := st.SaveMetainfo(rec, raw); err != nil {
			b.Fatal(err)
		}
		records = append(records, rec)
	}
	if err := st.Put(records, nil); err != nil {
		b.Fatal(err)
	}
	if err := st.Close(); err != nil {
		b.Fatal(err)
	}
	return profile
}

// BenchmarkLoad starts with a list of 1,000 stopped torrents, and reports what one
// costs in memory with its row.
func BenchmarkLoad(b *testing.B) {
	const torrents = 1000
	for _, pieces := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("%d-pieces", pieces), func(b *testing.B) {
			e := New(Config{Profile: profileOf(b, torrents, pieces)})
			var bytes float64
			for b.Loop() {
				st, _, err := store.Open(e.cfg.Profile)
				if err != nil {
					b.Fatal(err)
				}
				before := heap()
				s, err := load(e, st)
				if err != nil {
					b.Fatal(err)
				}
				s.publish()
				bytes = float64(heap()-before) / torrents
				runtime.KeepAlive(s)
				st.Close()
			}
			b.ReportMetric(bytes, "B/torrent")
			b.ReportMetric(bytes/float64(pieces), "B/piece")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSample measures a second's work of the loop for one torrent that
// changes all the time.
func BenchmarkSample(b *testing.B) {
	for _, pieces := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprint(pieces), func(b *testing.B) {
			s := newState(New(Config{}))
			t := s.newTorrent(magnetSource(1))
			t.meta = &Meta{PieceLength: 1, Pieces: pieces, length: int64(pieces), Files: []File{{Path: []string{"file"}, Length: int64(pieces)}}}
			t.have = MakeBits(pieces)
			states := make([]plane.PieceState, pieces)
			states[0] = Verified
			d, err := disk.Open(disk.Options{Dir: b.TempDir(), Layout: layoutOf(t.meta)})
			if err != nil {
				b.Fatal(err)
			}
			t.run = &run{carrier: &busyCarrier{states: states}, disk: d}
			s.insert(t)
			for b.Loop() {
				s.sample(t)
				s.publish()
			}
		})
	}
}

// busyCarrier has other pieces whenever it is asked.
type busyCarrier struct {
	fakeCarrier
	states  []plane.PieceState
	version uint64
}

func (c *busyCarrier) Version() uint64 { c.version++; return c.version }
func (c *busyCarrier) Pieces(dst []plane.PieceState) []plane.PieceState {
	return append(dst[:0], c.states...)
}

// BenchmarkMany starts with a long list of seeds of 2,000 pieces, and reports how long
// it takes until all rows are made, what a torrent costs in memory, and what a second
// costs while nothing happens.
func BenchmarkMany(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cfg, _ := shelved(b, shelf.Shelf{Torrents: n, Pieces: 2000})
			e := New(cfg)
			var bytes, second float64
			for b.Loop() {
				b.StopTimer()
				before := heap()
				b.StartTimer()
				st, _, err := store.Open(cfg.Profile)
				if err != nil {
					b.Fatal(err)
				}
				s, err := load(e, st)
				if err != nil {
					b.Fatal(err)
				}
				s.control, s.store = &fakeControl{}, st
				for _, t := range s.order {
					s.steer(t)
				}
				s.publish()
				b.StopTimer()
				bytes = float64(heap()-before) / float64(n)
				s.quiet, s.lastSave = nil, time.Now().Add(time.Hour)
				start := time.Now()
				for range ticksASecond {
					s.unseen.queue = nil
					s.changed = true
					s.tick()
				}
				second = float64(time.Since(start).Microseconds())
				s.cancel()
				st.Close()
				b.StartTimer()
			}
			b.ReportMetric(bytes, "B/torrent")
			b.ReportMetric(bytes/2000, "B/piece")
			b.ReportMetric(second, "µs/second")
		})
	}
}
