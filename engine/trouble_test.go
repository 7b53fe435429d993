package engine

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// The folder of a running torrent is taken away: it waits until it is back.
func TestFolderAway(t *testing.T) {
	s, dir := aSick(t, 1_000_000), filepath.Join(t.TempDir(), "to")
	s.leech(t, dir, 200_000)
	s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	s.ails("Its files in " + dir + " are gone")
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made again")
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	s.awaitState(s.id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(dir, "data"))
}

// The folder of a running torrent is deleted: a recheck begins anew.
func TestFolderRemoved(t *testing.T) {
	s, dir := aSick(t, 300_000), filepath.Join(t.TempDir(), "to")
	s.leech(t, dir, 60_000)
	s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	s.ails("Its files in " + dir + " are gone")
	if err := s.Resume(t.Context(), s.id); err != nil { // it looks at once, and finds nothing
		t.Fatal(err)
	}
	s.ails("Its files in " + dir + " are gone")
	o := DefaultOptions()
	if err := s.SetOptions(t.Context(), s.id, o); err != nil {
		t.Fatal(err)
	}
	if err := s.Recheck(t.Context(), s.id); err != nil {
		t.Fatal(err)
	}
	s.awaitState(s.id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(dir, "data"))
}

// A file is cut short by another program while it is seeded: peers are refused what
// is lost, the torrent says so, checks and gets it again.
func TestCutShort(t *testing.T) {
	s, dir := aSick(t, 600_000), t.TempDir()
	s.leech(t, dir, Unlimited)
	s.awaitState(s.id, Seeding)
	path := filepath.Join(dir, "data", "a.bin")
	if err := os.Truncate(path, 100_000); err != nil {
		t.Fatal(err)
	}
	friend := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
	friend.add(s.torrent, AddOptions{Peers: []netip.AddrPort{s.addr()}})
	s.await("it to be said", func(*Snapshot) bool {
		told := s.told(Notice)
		return len(told) > 0 && strings.Contains(told[0], path+" was cut short or removed by another program")
	})
	if err := s.AddPeers(t.Context(), s.id, []netip.AddrPort{s.seed.addr()}); err != nil {
		t.Fatal(err)
	}
	friend.awaitState(s.id, Seeding)
	s.awaitState(s.id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(dir, "data"))
	if told := s.told(Notice); len(told) != 1 {
		t.Errorf("it said %q", told)
	}
}

// The disk reports errors of its own, for reads, writes and syncs: the torrent stops,
// and is tried again.
func TestFailingDisk(t *testing.T) {
	for _, op := range []string{"write", "read", "sync"} {
		t.Run(op, func(t *testing.T) {
			s, dir := aSick(t, 600_000), t.TempDir()
			var sick atomic.Bool
			var refusals atomic.Int64
			s.leech(t, dir, 200_000, func(c *Config) {
				c.refuse = func(done, _ string) error {
					if done == op && sick.Load() {
						refusals.Add(1)
						return syscall.EIO
					}
					return nil
				}
			})
			s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
			sick.Store(true)
			if op == "read" {
				friend := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
				friend.add(s.torrent, AddOptions{Peers: []netip.AddrPort{s.addr()}})
			}
			s.ails("The disk of " + dir + " is failing: ")
			if n := refusals.Load(); n > 1000 {
				t.Errorf("%s was tried %d times", op, n)
			}
			sick.Store(false)
			s.awaitState(s.id, Seeding)
			sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(dir, "data"))
		})
	}
}
