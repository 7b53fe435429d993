package engine

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests in this file have real file systems fail, in namespaces of their own: so
// nobody else sees them, and root is not above all rights.

// unshared is set in the copy of a test that runs there.
const unshared = "PIECEWISE_TEST_UNSHARED"

// inMounts runs the calling test where it may mount file systems.
func inMounts(t *testing.T) bool {
	t.Helper()
	probe := []string{"mount", "-t", "tmpfs", "none", t.TempDir()}
	return inUnshared(t, probe, "--user", "--map-root-user", "--mount")
}

// inUnshared runs the calling test, which must have no parents, once more in
// namespaces of its own and reports false; there it reports true. It is skipped where
// a command fails in them.
func inUnshared(t *testing.T, probe []string, namespaces ...string) bool {
	t.Helper()
	if os.Getenv(unshared) != "" {
		return true
	}
	enter := func(args ...string) *exec.Cmd {
		ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
		t.Cleanup(cancel)
		return exec.CommandContext(ctx, "unshare", append(slices.Clone(namespaces), args...)...)
	}
	if said, err := enter(probe...).CombinedOutput(); err != nil {
		t.Skipf("%q in namespaces %q: %v, %s", probe, namespaces, err, said)
	}
	cmd := enter(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=80s")
	cmd.Env = append(os.Environ(), unshared+"=1")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in namespaces %q: %v\n%s", namespaces, err, said)
	}
	return false
}

// mount makes a file system of a few bytes, such as "size=2m", below a new folder.
func mount(t *testing.T, options string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func remount(t *testing.T, dir string, flags uintptr, options string) {
	t.Helper()
	if err := syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|flags, options); err != nil {
		t.Fatal(err)
	}
}

// A disk is full: the torrent stops to download and goes on to seed; one on another
// disk does not notice; when there is room all goes on. Nothing is said twice.
func TestDiskFull(t *testing.T) {
	if !inMounts(t) {
		return
	}
	s, small := aSick(t, 4<<20), mount(t, "size=1m")
	other := aSick(t, 300_000)
	s.leech(t, small, Unlimited)
	slow := DefaultOptions()
	slow.Limits.Down = 60_000
	id := s.add(other.torrent, AddOptions{Dir: t.TempDir(), Peers: []netip.AddrPort{other.seed.addr()}, Options: &slow})
	s.ails("The disk of " + small + " is full: ")
	s.await("what is there to be counted", func(snap *Snapshot) bool { return snap.Torrent(s.id).Have > 0 })
	s.await("the sentence to be right", func(snap *Snapshot) bool { return strings.Contains(snap.Torrent(s.id).Err, "3.") })
	have := s.snap.Torrent(s.id).Have
	if have > 1<<20 {
		t.Errorf("%d bytes are there", have)
	}

	// Somebody gets what is there, as long as he knows nobody else, and all of the
	// other one comes.
	friend := launch(t, loopbackConfig(filepath.Join(t.TempDir(), "p"), t.TempDir()))
	friend.add(s.torrent, AddOptions{Peers: []netip.AddrPort{s.addr()}})
	s.await("it to be served", func(snap *Snapshot) bool { return snap.Torrent(s.id).Uploaded > 0 })
	s.awaitState(id, Seeding)
	if row := s.snap.Torrent(s.id); row.State != Faulted || row.Have < have || row.Have > 1<<20 {
		t.Errorf("meanwhile: %+v", row)
	}
	if n := s.log.count("is full"); n != 1 {
		t.Errorf("the log has %d lines about it:\n%s", n, s.log.lines.String())
	}

	remount(t, small, 0, "size=8m")
	s.awaitState(s.id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(small, "data"))
	faults, notices := s.told(Fault), s.told(Notice)
	if len(faults) != 1 || len(notices) != 1 || !strings.Contains(notices[0], "There is room") {
		t.Errorf("faults %q, notices %q", faults, notices)
	}
}

// A disk that has become read-only stops a download, which seeds on.
func TestReadOnly(t *testing.T) {
	if !inMounts(t) {
		return
	}
	s, dir := aSick(t, 1_000_000), mount(t, "size=8m")
	s.leech(t, dir, 200_000)
	s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
	if err := s.Pause(t.Context(), s.id); err != nil { // nothing is open
		t.Fatal(err)
	}
	s.awaitState(s.id, Stopped)
	s.await("the files to be closed", func(*Snapshot) bool {
		return syscall.Mount("none", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") == nil
	})
	if err := s.Resume(t.Context(), s.id); err != nil {
		t.Fatal(err)
	}
	s.ails("The disk of " + dir + " is read-only.")
	if row := s.snap.Torrent(s.id); row.Have == 0 || row.Peers == 0 {
		t.Errorf("%d bytes are there, and %d peers", row.Have, row.Peers)
	}
	remount(t, dir, 0, "")
	s.awaitState(s.id, Seeding)
	if faults := s.told(Fault); len(faults) != 1 {
		t.Errorf("it was said %q", faults)
	}
}

// A disk is taken away while a torrent is downloaded to it: nothing is written to the
// empty mount point, and what was there is used when the disk is back.
func TestUnplugged(t *testing.T) {
	if !inMounts(t) {
		return
	}
	s, stick, dir := aSick(t, 1_000_000), mount(t, "size=8m"), t.TempDir()
	plug := func() {
		if err := syscall.Mount(stick, dir, "", syscall.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
	}
	unplug := func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }
	t.Cleanup(func() { unplug() })
	plug()
	s.leech(t, dir, 200_000)
	s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
	if err := unplug(); err != nil {
		t.Fatal(err)
	}
	s.ails("Its files in " + dir + " are gone, perhaps with their disk.")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("beneath the disk there is %v, %v", left, err)
	}
	have := s.snap.Torrent(s.id).Have
	if have == 0 {
		t.Error("it has forgotten what is on the disk")
	}
	// After a restart without the disk it is the same.
	profile := s.cfg.Profile
	s.stop()
	cfg := loopbackConfig(profile, "")
	cfg.firstPause = 100 * time.Millisecond
	s.bench = launch(t, cfg)
	s.ails("Its files in " + dir + " are gone, perhaps with their disk.")
	if now := s.snap.Torrent(s.id).Have; now == 0 {
		t.Errorf("%d of %d bytes are remembered", now, have)
	}
	plug()
	if err := s.AddPeers(t.Context(), s.id, []netip.AddrPort{s.seed.addr()}); err != nil {
		t.Fatal(err)
	}
	s.awaitState(s.id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(dir, "data"))
	if row := s.snap.Torrent(s.id); row.Downloaded > row.Size+have {
		t.Errorf("%d bytes came for %d", row.Downloaded, row.Size)
	}
}

// The right to write is taken away, and given back.
func TestDenied(t *testing.T) {
	if !inUnshared(t, []string{"true"}, "--user", "--map-user=65534") {
		return
	}
	s, dir := aSick(t, 1_000_000), t.TempDir()
	s.leech(t, dir, 200_000)
	s.await("the first pieces", func(snap *Snapshot) bool { return snap.Torrent(s.id) != nil && snap.Torrent(s.id).Have > 0 })
	if err := s.Pause(t.Context(), s.id); err != nil { // nothing is open
		t.Fatal(err)
	}
	s.awaitState(s.id, Stopped)
	path := filepath.Join(dir, "data", "a.bin.part")
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	if err := s.Resume(t.Context(), s.id); err != nil {
		t.Fatal(err)
	}
	s.ails(path + " may not be written. It goes on by itself")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	s.awaitState(s.id, Seeding)
	sameFiles(t, filepath.Join(filepath.Dir(s.torrent), "data"), filepath.Join(dir, "data"))
}

// Torrents are added while others wait for room on their disk: they wait with them,
// without making a file first, and all go on when there is room.
func TestAddedToAFullDisk(t *testing.T) {
	if !inMounts(t) {
		return
	}
	s, small := aSick(t, 2<<20), mount(t, "size=1m")
	s.leech(t, small, Unlimited)
	s.ails("The disk of " + small + " is full: ")
	s.await("it to be known how much is free", func(snap *Snapshot) bool { return snap.Torrent(s.id).Waits })
	there := listing(t, small)
	var ids []ID
	for range 2 {
		late := aSick(t, 1<<20+len(ids))
		ids = append(ids, s.add(late.torrent, AddOptions{Dir: filepath.Join(small, fmt.Sprint(len(ids))), Peers: []netip.AddrPort{late.seed.addr()}}))
	}
	for _, id := range ids {
		s.awaitState(id, Faulted)
		if row := s.snap.Torrent(id); !row.Waits || !strings.Contains(row.Err, " is full") {
			t.Errorf("%v %q", row.Waits, row.Err)
		}
	}
	if now := listing(t, small); now != there {
		t.Errorf("there was %s, and now is %s", there, now)
	}
	remount(t, small, 0, "size=16m")
	for _, id := range append(ids, s.id) {
		s.awaitState(id, Seeding)
		if n := s.log.count("is full"); n != 3 {
			t.Errorf("the log has %d lines about it:\n%s", n, s.log.lines.String())
		}
	}
}
