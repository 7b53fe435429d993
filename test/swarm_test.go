package test

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// Transmission 3 ignores peers in 127.0.0.0/8; in a network namespace it dials us,
// over TCP and over uTP.
func TestTransmissionDials(t *testing.T) {
	t.Parallel()
	if !Full() {
		t.Skip("in the full matrix: PIECEWISE_E2E=full")
	}
	if !InNamespace(t) {
		return
	}
	d := Make(t, "fetched by transmission", 32<<10, File{Length: 1_500_000})
	for _, utp := range []bool{false, true} {
		tracker := StartTracker(t, d)
		torrent := d.Torrent(t, tracker.URL)
		StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--up-limit", "500kB")
		tracker.AwaitSeeds(t, d, 1)
		o := PeerOptions{Dir: t.TempDir(), Sources: []string{torrent}, UTP: utp}
		leech := StartTransmission(t, o)
		route{client: "transmission", utp: utp}.check(t, d, leech)
		leech.Await(t, d, time.Minute)
		d.Compare(t, o.Dir)
		leech.Kill()
	}
}

// One of each client and two of ours, one of them the only seed, all get
// everything. They find each other through a tracker.
func TestSwarm(t *testing.T) {
	t.Parallel()
	if !InNamespace(t) {
		return
	}
	d := Make(t, "for all", 64<<10, File{"a.bin", 9_000_000}, File{"b/c.bin", 3_000_001})
	tracker := StartTracker(t, d)
	torrent := d.Torrent(t, tracker.URL)
	seed := StartGet(t, "", torrent, "--dir", d.Dir, "--seed", "--up-limit", "4MB")
	tracker.AwaitSeeds(t, d, 1)
	leeches, dirs := map[string]Peer{}, map[string]string{}
	for _, client := range slices.Sorted(maps.Keys(Clients)) {
		dirs[client] = t.TempDir()
		leeches[client] = Clients[client](t, PeerOptions{Dir: dirs[client], Sources: []string{torrent}})
	}
	dir := t.TempDir()
	leech := StartGet(t, "", torrent, "--dir", dir, "--seed")
	for client, p := range leeches {
		p.Await(t, d, 90*time.Second)
		d.Compare(t, dirs[client])
	}
	leech.Await(t, d, 90*time.Second, func(l Line) bool { return l.Done })
	d.Compare(t, dir)
	lines := seed.Lines(d)
	t.Logf("the seed sent %.2f copies", float64(lines[len(lines)-1].Uploaded)/float64(d.Size))
	if got := leech.Lines(d); got[len(got)-1].Uploaded == 0 {
		t.Error("our leech gave nothing to anybody")
	}
}
