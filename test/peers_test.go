package test

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// Piecewise downloads from each kind of client through a real tracker, and then
// seeds the same data back to a fresh client of that kind.
func TestRealPeers(t *testing.T) {
	data := map[string]*Data{
		"single": Make(t, "single file.bin", 32<<10, File{Length: 8_000_001}),
		"nested": Make(t, "вложенный – 入れ子 🧩", 16<<10, Foreign...),
		"magnet": Make(t, "by magnet", 64<<10, File{"a.bin", 3_000_000}, File{"b/c.bin", 1_234_567}),
		"padded": Create(t, "padded", "with pad files", 32<<10, File{"a.bin", 1_000_001}, File{"b/c.bin", 70_000}, File{"b/d.bin", 32 << 10}, File{"e.bin", 0}, File{"f.bin", 5}),
	}
	short := map[string]string{ // one of each client, and each kind of data
		"libtorrent": "magnet", "transmission": "nested", "qbittorrent": "padded", "aria2": "single", "rtorrent": "magnet",
	}
	for _, client := range slices.Sorted(maps.Keys(Clients)) {
		for _, kind := range slices.Sorted(maps.Keys(data)) {
			d := data[kind]
			t.Run(client+"/"+kind, func(t *testing.T) {
				if short[client] != kind && !Full() {
					t.Skip("in the full matrix: PIECEWISE_E2E=full")
				}
				t.Parallel()
				exchangeData(t, client, d, kind == "magnet")
			})
		}
	}
}

func exchangeData(t *testing.T, client string, d *Data, magnet bool) {
	tracker := StartTracker(t, d)
	torrent := d.Torrent(t, tracker.URL)
	source := torrent
	if magnet {
		source = d.Magnet(tracker.URL)
	}
	dir := t.TempDir()
	seed := Clients[client](t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
	seed.Await(t, d, 30*time.Second)
	tracker.AwaitSeeds(t, d, 1)
	StartGet(t, "", source, "--dir", dir).Finish(t, time.Minute, d)
	d.Compare(t, dir)
	seed.Kill()

	back := PeerOptions{Dir: t.TempDir(), Sources: []string{source}}
	args := []string{torrent, "--dir", dir, "--seed"}
	var leech Peer
	if client == "transmission" {
		// It has to be there first, for nothing but our dialling brings the two together.
		leech = Clients[client](t, back)
		args = append(args, "--peer", leech.Addr().String())
	}
	get := StartGet(t, "", args...)
	if leech == nil {
		tracker.AwaitSeeds(t, d, 2) // the killed one counts for a while
		leech = Clients[client](t, back)
	}
	leech.Await(t, d, time.Minute)
	leech.Kill()
	d.CompareContent(t, back.Dir)
	get.Await(t, d, 10*time.Second, func(l Line) bool { return l.Uploaded >= d.Size })
	if code := get.Interrupt(t); code != 0 {
		t.Errorf("a seed that is stopped ends with %d, want 0", code)
	}
}
