package test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Other clients announce to our tracker, find each other through it, and all get
// what one of them has. Nothing else brings them together.
func TestOurTracker(t *testing.T) { meetings(t, "http") }

// The same over UDP.
func TestOurTrackerUDP(t *testing.T) {
	if !Full() && !Inside() {
		t.Skip("in the full matrix: PIECEWISE_E2E=full")
	}
	meetings(t, "udp")
}

// meetings has every client seed once for another, and one for all; the short case is
// libtorrent over UDP, and transmission.
func meetings(t *testing.T, scheme string) {
	t.Parallel()
	if !InNamespace(t) {
		return
	}
	d := Make(t, "met at our tracker", 32<<10, File{"a.bin", 1_500_000}, File{"b/c.bin", 300_001})
	if !Full() {
		meet(t, d, "udp", "libtorrent", "transmission")
		return
	}
	var others []string
	for _, client := range slices.Sorted(maps.Keys(Clients)) {
		if client == "libtorrent" || client == "aria2" && scheme == "udp" {
			continue // aria2 asks UDP trackers with its DHT on only
		}
		others = append(others, client)
		t.Run(client, func(t *testing.T) { meet(t, d, scheme, client, "libtorrent") })
	}
	t.Run("all", func(t *testing.T) { meet(t, d, scheme, "libtorrent", others...) })
}

// meet has leeches get what a seed has, all through our tracker, which serves nothing
// else and ends when it is told to.
func meet(t *testing.T, d *Data, scheme, seed string, leeches ...string) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte(d.ID()+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tracker := StartOurTracker(t, "--allow", list, "--interval", "10s")
	torrent := d.Torrent(t, map[string]string{"http": tracker.HTTP, "udp": tracker.UDP}[scheme])
	source := Clients[seed](t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}})
	source.Await(t, d, 30*time.Second)
	tracker.AwaitSeeds(t, d, 1)
	peers, dirs := map[string]Peer{}, map[string]string{}
	for _, client := range leeches {
		dirs[client] = t.TempDir()
		peers[client] = Clients[client](t, PeerOptions{Dir: dirs[client], Sources: []string{torrent}})
	}
	for client, p := range peers {
		p.Await(t, d, 90*time.Second)
		d.CompareContent(t, dirs[client])
	}
	if len(leeches) == 1 {
		tracker.AwaitSeeds(t, d, 2) // completed is announced at once, but not by rtorrent
	}
	for _, p := range peers {
		p.Kill()
	}
	source.Kill()
	tracker.Signal(t, syscall.SIGTERM)
	if code := tracker.Wait(t, 10*time.Second); code != 0 {
		t.Errorf("our tracker ends with %d", code)
	}
	if said := tracker.Said(); !strings.Contains(said, "1 torrent, ") || !strings.Contains(said, "announces") {
		t.Errorf("our tracker says %q", said)
	}
}
