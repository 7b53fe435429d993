package engine

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/internal/disk"
)

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
		return len(told) > 0 && strings.Contains(told[0], `"data/a.bin" was changed by another program; checked: 3 of 19 pieces are right`)
	})
	if n := s.log.count(path + " was cut short or removed by another program"); n != 1 {
		t.Errorf("the log has %d lines about it", n)
	}
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

// A thousand torrents wait for room on a full disk for an hour: it is asked for all of
// them at once, less and less often, and the user is told once; when there is room,
// too.
func TestOutageOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, log := t.TempDir(), logged{}
		s := newState(New(Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}))
		s.settings.Dir = dir
		for i := range 1000 {
			o := s.newTorrent(magnetSource(i))
			s.insert(o)
			s.suffer(o, disk.Trouble{Kind: disk.Full, Writing: true, Dir: dir, Disk: "/", Need: 1 << 50})
		}
		asked := 0
		hours := func(n int) {
			for range n * 3600 {
				time.Sleep(time.Second)
				s.care(time.Now())
				for len(s.looks.todo) > 0 {
					j := s.looks.todo[0]
					s.looks.sent()
					j()(s)
					asked++
				}
			}
		}
		hours(1)
		if asked < 10 || asked > 70 {
			t.Errorf("the disk was asked %d times in an hour", asked)
		}
		if n := len(s.next.Events); n != 1 || s.next.Events[0].Text != "1000 torrents have stopped. The disk of "+dir+" is full: "+
			"1.13 EB are missing. It goes on by itself when there is room." {
			t.Errorf("%d events, the first %q", n, s.next.Events[0].Text)
		}
		if n := log.count("is full"); n != 1000 {
			t.Errorf("the log has %d lines", n)
		}
		s.next.Events = nil
		for _, o := range s.order {
			if o.rec.Fault == "" || o.state() != Faulted {
				t.Fatalf("%+v", o.rec)
			}
			o.trouble.Need = 1
		}
		hours(1)
		if n := len(s.next.Events); n != 1 || s.next.Events[0].Text != "There is room on the disk of "+dir+" again, so 1000 torrents go on." {
			t.Errorf("%d events, the first %q", n, s.next.Events[0].Text)
		}
		if len(s.outages) > 0 || asked > 71 {
			t.Errorf("%d outages are left, asked %d times", len(s.outages), asked)
		}
	})
}

// Trouble that comes back soon is asked after less often; a torrent that was paused
// or removed waits no longer.
func TestTroubleThatReturns(t *testing.T) {
	s := newState(New(Config{}))
	o := s.newTorrent(magnetSource(1))
	s.insert(o)
	full := disk.Trouble{Kind: disk.Full, Writing: true, Dir: "/data", Disk: "/"}
	at, last := spotOf(&full), time.Duration(0)
	for range 10 {
		s.suffer(o, full)
		if now := s.outages[at].pause; now < last || now > pauseMax {
			t.Errorf("after %v it waits for %v", last, now)
		} else {
			last = now
		}
		s.relieve(o)
	}
	if last != pauseMax {
		t.Errorf("in the end it waits for %v", last)
	}
	s.suffer(o, full)
	if err := s.pause(o.id); err != nil || o.trouble != nil || o.state() != Stopped || len(s.outages[at].all) > 0 {
		t.Errorf("paused: %v, %v", err, o.state())
	}
}

// Who is started while others wait for room on its disk waits with them, unless what it
// lacks fits in what is free, or it was told to try.
func TestJoinsAnOutage(t *testing.T) {
	for _, c := range []struct {
		name    string
		kind    disk.Kind
		disk    string
		missing int64
		tries   bool
		want    bool
	}{
		{"full", disk.Full, "/", 101, false, true},
		{"with enough room", disk.Full, "/", 100, false, false},
		{"after relief", disk.Full, "/", 101, true, false},
		{"another disk", disk.Full, "/other", 101, false, false},
		{"read-only", disk.ReadOnly, "/", 1, false, true},
		{"nothing to write", disk.ReadOnly, "/", 0, false, false},
		{"another trouble", disk.Failing, "/", 101, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newState(New(Config{}))
			first, second := s.newTorrent(magnetSource(1)), s.newTorrent(magnetSource(2))
			s.insert(first)
			s.insert(second)
			s.suffer(first, disk.Trouble{Kind: c.kind, Writing: true, Dir: "/data", Disk: "/", Need: 1000, Free: 100})
			second.rec.Pieces, second.wanted.size, second.tries = 1, c.missing, c.tries
			second.near.disk = c.disk
			if got := s.joins(second); got != c.want || got != (second.trouble != nil) {
				t.Errorf("it waits: %v, for %+v", got, second.trouble)
			}
			if o := s.outages[spot{disk.Full, "/"}]; o != nil && !c.want && !c.tries && c.disk == "/" && o.free != 0 {
				t.Errorf("%d bytes are free for the next one", o.free)
			}
			if c.want && (second.state() != Faulted || second.trouble.Sentence() != second.rec.Fault) {
				t.Errorf("%v, %q", second.state(), second.rec.Fault)
			}
		})
	}
}
