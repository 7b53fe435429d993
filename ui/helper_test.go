package ui

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// newWindow returns a window of an engine that does not run: tests call apply.
func newWindow(t testing.TB) *Window {
	t.Helper()
	app := test.NewApp()
	t.Cleanup(func() { test.NewApp() })
	w := New(Config{
		App: app, Engine: engine.New(engine.Config{Loopback: true}), ProgramName: "Piecewise",
		Desktop: func(fyne.Window) Desktop { return nowhere{} }, Demo: func() {},
	})
	w.now = func() time.Time { return noon }
	w.win.Resize(fyne.NewSize(1180, 720))
	w.Show()
	return w
}

// somePieces returns n pieces of which a share is there.
func somePieces(n int, share float64) *engine.Pieces {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	states := make([]engine.PieceState, n)
	for i := range states {
		switch x := random.Float64(); {
		case x < share:
			states[i] = engine.Verified
		case x < share+0.02:
			states[i] = engine.Partial
		case x < share+0.03:
			states[i] = engine.Requested
		}
	}
	return engine.NewPieces(states)
}

func aMeta(name string, pieces int, files ...engine.File) *engine.Meta {
	m := &engine.Meta{Name: name, PieceLength: 1 << 20, Pieces: pieces, Size: int64(pieces) << 20, Files: files, Version: "v1"}
	if len(files) == 0 {
		m.Files = []engine.File{{Path: []string{name}, Length: m.Size}}
	}
	return m
}

// aTorrent returns a torrent of 340 pieces that is downloading.
func aTorrent(i int, name string) *engine.Torrent {
	meta := aMeta(name, 340)
	return &engine.Torrent{
		ID: engine.ID{byte(i), byte(i >> 8), 1}, Name: name, State: engine.Downloading, Meta: meta, Pieces: somePieces(340, 0.7),
		Dir: "/srv/torrents", Size: meta.Size, Wanted: meta.Size, Have: meta.Size * 7 / 10, Down: 9_200_000, Up: 1_040_000,
		Downloaded: 250e6, Uploaded: 90e6, Peers: 3, Seeds: 1, SwarmPeers: 7, SwarmSeeds: 2, ETA: 14 * time.Second,
		Trackers: 1, TrackersWorking: 1, Added: noon, Options: engine.DefaultOptions(),
	}
}

// someTorrents returns torrents in all states.
func someTorrents(n int) []*engine.Torrent {
	all := make([]*engine.Torrent, n)
	for i := range all {
		t := aTorrent(i, fmt.Sprintf("debian-%d.iso", i))
		switch t.State = engine.State(i % 7); t.State {
		case engine.Seeding:
			t.Have, t.Pieces, t.Down, t.ETA = t.Wanted, engine.UniformPieces(340, engine.Verified), 0, 0
		case engine.Stopped, engine.Starting:
			t.Down, t.Up, t.Peers, t.Seeds, t.ETA = 0, 0, 0, 0, -1
		case engine.Checking:
			t.Checked, t.Down, t.Up, t.Peers, t.ETA = 100, 0, 0, 0, -1
		case engine.Metadata:
			t.Meta, t.Pieces, t.Size, t.Wanted, t.Have, t.Down, t.Up, t.ETA = nil, nil, 0, 0, 0, 0, 0, -1
		case engine.Faulted:
			t.Err, t.Down, t.Up, t.Peers, t.ETA = "The disk is full: free some space and resume.", 0, 0, 0, -1
		}
		all[i] = t
	}
	return all
}

func aSnapshot(torrents ...*engine.Torrent) *engine.Snapshot {
	s := &engine.Snapshot{
		Time: noon, Torrents: torrents, Settings: engine.DefaultSettings(),
		Port: 42069, DHT: engine.DHTStatus{On: true, Nodes: 312}, Free: 412e9, Limits: engine.NoLimits,
	}
	s.Settings.Dir = "/srv/torrents"
	for _, t := range torrents {
		s.Down += t.Down
		s.Up += t.Up
		s.Peers += t.Peers
	}
	return s
}

// withWebSeeds adds one at work, one that is busy and one that is set aside.
func withWebSeeds(d *engine.Detail) *engine.Detail {
	more := *d
	seed := engine.Peer{
		Addr: netip.MustParseAddrPort("0.0.0.1:0"), URL: "https://mirror.example/pub/linux/", Have: engine.FullBits(340), Choking: true,
		Interested: true, Down: 9_100_000, Downloaded: 310e6, Requests: 512, Origin: engine.OriginMetainfo, Limits: engine.NoLimits,
	}
	busy := engine.Peer{
		Addr: netip.MustParseAddrPort("0.0.0.2:0"), URL: "http://archive.example/a-very-long-path/with/many/folders/", Choking: true, Choked: true,
		Err: "it answers 503 Service Unavailable", Next: noon.Add(time.Minute), Origin: engine.OriginMetainfo, Limits: engine.NoLimits,
	}
	aside := busy
	aside.Addr, aside.URL = netip.MustParseAddrPort("0.0.0.3:0"), "http://127.0.0.1:8080/"
	aside.Err, aside.Next = "it sent data that is not the torrent's", time.Time{}
	more.Peers = append([]engine.Peer{seed, busy, aside}, d.Peers...)
	return &more
}

// aDetail returns details of a torrent with peers, a tracker and a log.
func aDetail(t *engine.Torrent, peers int) *engine.Detail {
	d := &engine.Detail{ID: t.ID}
	random := rand.New(rand.NewPCG(3, 4))
	for i := range peers {
		have := engine.MakeBits(340)
		for p := range 340 {
			if random.IntN(peers) <= i {
				have.Set(p)
			}
		}
		d.Peers = append(d.Peers, engine.Peer{
			Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}), 51413), Client: "qBittorrent 5.1.2",
			Have: have, Interested: true, Wanted: i%2 == 0, Encryption: engine.Encryption(i % 3), Origin: engine.OriginTracker,
			Down: int64(i) * 700_000, Up: int64(i%2) * 300_000, Downloaded: 5e6, Requests: 4, Limits: engine.NoLimits,
		})
	}
	d.Availability = make([]uint16, 340)
	d.Done = []int64{t.Have}
	d.Priorities = make([]engine.Priority, 1)
	d.Trackers = []engine.Tracker{
		{URL: "http://127.0.0.1:6969/announce", State: engine.TrackerWorking, Seeds: 2, Peers: 7, Last: noon.Add(-time.Minute), Next: noon.Add(29 * time.Minute)},
		{URL: "udp://127.0.0.1:6970", Tier: 1, State: engine.TrackerFailing, Message: "connection refused", Seeds: -1, Peers: -1, Next: noon.Add(time.Minute)},
	}
	d.Log = []engine.LogLine{{Time: noon, Text: "Added."}, {Time: noon.Add(time.Second), Text: "Announced to http://127.0.0.1:6969/announce."}}
	return d
}
