package engine

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests in this file have real file systems fail: in a mount namespace of their
// own, so that nobody else sees them.

const insideMounts = "PIECEWISE_TEST_MOUNTS"

// inMounts runs the calling test, which must have no parents, once more where it may
// mount file systems and reports false; there it reports true. It is skipped where
// that is not allowed.
func inMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideMounts) != "" {
		return true
	}
	enter := func(args ...string) *exec.Cmd {
		ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
		t.Cleanup(cancel)
		return exec.CommandContext(ctx, "unshare", append([]string{"--user", "--map-root-user", "--mount"}, args...)...)
	}
	dir := t.TempDir()
	if said, err := enter("mount", "-t", "tmpfs", "none", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here, not even with user namespaces: %v, %s", err, said)
	}
	cmd := enter(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=80s")
	cmd.Env = append(os.Environ(), insideMounts+"=1")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("in a mount namespace: %v\n%s", err, said)
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

// logged counts the lines of an engine's log.
type logged struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.Write(b)
}

// count returns how many lines hold a text.
func (l *logged) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.lines.String(), text)
}

// sick is a leech whose disk will fail, a seed that has what it wants, and its torrent.
type sick struct {
	*bench
	seed    *bench
	torrent string
	id      ID
	log     logged
}

// aSick makes a seed of one file of so many bytes.
func aSick(t *testing.T, size int) *sick {
	t.Helper()
	from := t.TempDir()
	s := &sick{torrent: sample(t, from, map[string]int{"a.bin": size}), seed: launch(t, loopbackConfig(filepath.Join(from, "p"), from))}
	s.id = s.seed.add(s.torrent, AddOptions{})
	s.seed.awaitState(s.id, Seeding)
	return s
}

// leech begins to download to a folder, at most so many bytes/s.
func (s *sick) leech(t *testing.T, dir string, rate int64, change ...func(*Config)) {
	t.Helper()
	cfg := loopbackConfig(filepath.Join(t.TempDir(), "p"), dir)
	cfg.Logger = slog.New(slog.NewTextHandler(&s.log, nil))
	cfg.firstPause = 100 * time.Millisecond
	for _, f := range change {
		f(&cfg)
	}
	s.bench = launch(t, cfg)
	o := DefaultOptions()
	o.Limits.Down = rate
	s.add(s.torrent, AddOptions{Peers: []netip.AddrPort{s.seed.addr()}, Options: &o})
}

// ails waits until the torrent has stopped, with a sentence that holds a text.
func (s *sick) ails(text string) {
	s.t.Helper()
	s.awaitState(s.id, Faulted)
	if row := s.snap.Torrent(s.id); !strings.Contains(row.Err, text) {
		s.t.Errorf("it says %q, not %q", row.Err, text)
	}
}

// told returns what events said, of a kind.
func (b *bench) told(kind EventKind) (all []string) {
	for _, e := range b.events {
		if e.Kind == kind {
			all = append(all, e.Text)
		}
	}
	return all
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
	if row := s.snap.Torrent(s.id); row.State != Faulted || row.Have != have {
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
