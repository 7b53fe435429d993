package test

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"piecewise/engine"
)

// mover is an engine in this process and the newest of what it has sent.
type mover struct {
	*engine.Engine
	t    testing.TB
	stop func() // may be called twice
	snap *engine.Snapshot
	text []string // of its events
}

// startMover runs an engine until the test ends.
func startMover(t testing.TB, dir string, limits engine.Limits) *mover {
	t.Helper()
	h := &mover{t: t, Engine: engine.New(engine.Config{
		Profile: t.TempDir(), Dir: dir, Loopback: true, NoDHT: true, NoLSD: true, NoPortMapping: true, NoSuperSeed: true,
		Listen: netip.MustParseAddrPort("127.0.0.1:0"),
	})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		for range h.Updates() {
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.stop)
	h.await("the port", func() bool { return h.snap.Port != 0 })
	s := h.snap.Settings
	s.Limits = limits
	if err := h.SetSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return h
}

// await takes updates until done.
func (h *mover) await(what string, done func() bool) {
	h.t.Helper()
	limit := time.After(2 * time.Minute)
	for h.snap == nil || !done() {
		select {
		case u := <-h.Updates():
			h.snap = u.Snapshot
			for _, e := range u.Events {
				h.text = append(h.text, e.Text)
			}
		case <-limit:
			h.t.Fatalf("waited in vain for %s; it said %q", what, h.text)
		}
	}
}

func (h *mover) addr() netip.AddrPort {
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(h.snap.Port))
}

func (h *mover) add(path string, peers ...netip.AddrPort) engine.ID {
	h.t.Helper()
	src, err := engine.Open(h.t.Context(), path, true)
	if err == nil {
		_, err = h.Add(h.t.Context(), src, engine.AddOptions{Peers: peers})
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return src.ID
}

// row returns what the newest snapshot has of a torrent, which may be nothing yet.
func (h *mover) row(id engine.ID) *engine.Torrent {
	if row := h.snap.Torrent(id); row != nil {
		return row
	}
	return &engine.Torrent{}
}

// move moves a torrent and logs how fast that was.
func (h *mover) move(id engine.ID, to string) {
	h.t.Helper()
	began, total := time.Now(), int64(0)
	if err := h.Move(h.t.Context(), []engine.ID{id}, to); err != nil {
		h.t.Fatal(err)
	}
	h.await("the move to "+to, func() bool {
		row := h.row(id)
		if row.Err != "" {
			h.t.Fatal(row.Err)
		}
		if row.Move != nil {
			total = max(total, row.Move.Total)
			return false
		}
		return row.Dir == to
	})
	took := time.Since(began)
	h.t.Logf("moved to %s: %d MB copied and compared in %.2f s, %.0f MB/s", to, total/1e6, took.Seconds(), float64(total)/1e6/took.Seconds())
}

// lulls measures how long at most a file did not grow, while it is written.
type lulls struct {
	path    string
	longest time.Duration
}

// watch looks at the file until stop is closed, then closes ended.
func (l *lulls) watch(stop <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	had, since := int64(0), time.Now()
	for {
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Millisecond):
		}
		if now := onDisk(l.path); now != had {
			if had > 0 {
				l.longest = max(l.longest, time.Since(since))
			}
			had, since = now, time.Now()
		}
	}
}

// onDisk returns how many bytes of a file are on the disk, 0 if it is not there.
func onDisk(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

// otherDisk returns a folder on another file system than that of temporary files.
func otherDisk(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "piecewise-test")
	if err != nil {
		t.Skip("there is no second file system at /dev/shm:", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// A torrent moves to another disk and back, and is cancelled in between, while
// libtorrent downloads it.
func TestMoveWhileSeeding(t *testing.T) {
	size, rate := 64<<20, int64(12<<20)
	if Full() {
		size, rate = 1<<30, 60<<20
	}
	d := Make(t, "moved", 256<<10, File{"big.bin", size}, File{"sub/small.bin", 100_000}, File{"empty.bin", 0})
	torrent := d.Torrent(t, "")
	first := startMover(t, d.Dir, engine.NoLimits)
	id := first.add(torrent)
	first.await("the seed", func() bool { return first.row(id).State == engine.Seeding })
	home, far := t.TempDir(), otherDisk(t)
	owner := startMover(t, home, engine.Limits{Down: engine.Unlimited, Up: rate})
	owner.add(torrent, first.addr())
	owner.await("the download", func() bool { return owner.row(id).State == engine.Seeding })
	first.stop() // or the peer would hear of it

	to := otherDisk(t)
	leech := StartLibtorrent(t, PeerOptions{Dir: to, Sources: []string{torrent}, Connect: owner.addr()})
	lulls := &lulls{path: filepath.Join(to, "moved", "big.bin")}
	stop, ended := make(chan struct{}), make(chan struct{})
	go lulls.watch(stop, ended)
	Poll(t, time.Minute, "libtorrent downloads", func() bool { return onDisk(lulls.path) > 0 })
	before := onDisk(lulls.path)

	owner.move(id, far)
	owner.cancel(id, home)
	owner.move(id, home)
	owner.move(id, far)
	after := onDisk(lulls.path)
	leech.Await(t, d, 2*time.Minute)
	close(stop)
	<-ended
	d.Compare(t, to)
	d.Compare(t, far)
	gone(t, filepath.Join(home, "moved"))
	if row := owner.row(id); row.State != engine.Seeding || row.Err != "" {
		t.Errorf("it is %v: %s", row.State, row.Err)
	}
	t.Logf("libtorrent had %d MB before the moves and %d of %d MB after them; its file did not grow for %v at most",
		before/1e6, after/1e6, d.Size/1e6, lulls.longest.Round(time.Millisecond))
	if lulls.longest > 10*time.Second {
		t.Error("the peer stood still for too long")
	}
}

// cancel begins a move and cancels it when some of it is done, if it is not over by then.
func (h *mover) cancel(id engine.ID, to string) {
	h.t.Helper()
	from := h.row(id).Dir
	if err := h.Move(h.t.Context(), []engine.ID{id}, to); err != nil {
		h.t.Fatal(err)
	}
	h.await("the move to begin", func() bool { m := h.row(id).Move; return m != nil && m.State == engine.MoveRunning })
	asked := time.Now()
	if err := h.CancelMove(h.t.Context(), id); err != nil {
		h.t.Fatal(err)
	}
	h.await("the cancel", func() bool { return h.row(id).Move == nil })
	h.t.Logf("cancelled within %v", time.Since(asked).Round(time.Millisecond))
	if dir := h.row(id).Dir; dir != from {
		h.t.Fatalf("a cancelled move has happened: it is in %s", dir)
	}
	entries, err := os.ReadDir(to)
	if err != nil || len(entries) > 0 {
		h.t.Errorf("the cancelled move has left %v, %v", entries, err)
	}
}

func gone(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", path, err)
	}
}

// A torrent moves to another disk and back while it is downloaded from libtorrent.
func TestMoveWhileDownloading(t *testing.T) {
	size, rate := 48<<20, 8<<20
	if Full() {
		size, rate = 512<<20, 40<<20
	}
	d := Make(t, "moving", 256<<10, File{"a.bin", size / 2}, File{"sub/b.bin", size / 2}, File{"c.bin", 3})
	torrent := d.Torrent(t, "")
	seed := StartLibtorrent(t, PeerOptions{Dir: d.Dir, Sources: []string{torrent}, UpLimit: rate})
	home, far := t.TempDir(), otherDisk(t)
	leech := startMover(t, home, engine.NoLimits)
	id := leech.add(torrent, seed.Addr())
	for i, to := range []string{far, home, far} {
		leech.await("some pieces", func() bool { r := leech.row(id); return r.Have > int64(i+1)*d.Size/8 })
		leech.move(id, to)
	}
	have := leech.row(id).Have
	leech.await("the download", func() bool { return leech.row(id).State == engine.Seeding })
	t.Logf("%d of %d MB were there when the last move was over", have/1e6, d.Size/1e6)
	d.Compare(t, far)
	gone(t, filepath.Join(home, "moving"))
	if row := leech.row(id); row.HashFailures > 0 || row.Err != "" {
		t.Errorf("%d pieces failed the hash; %s", row.HashFailures, row.Err)
	}
	if sent := seed.Stats().Uploaded; sent > d.Size+d.Size/20 {
		t.Errorf("the seed sent %d bytes of %d: something was lost", sent, d.Size)
	}
}
