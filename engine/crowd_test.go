package engine

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/swarm"
)

// The benchmarks of swarms run real engines, and libtorrent where it is there, on
// 127.0.0.0/8, and read the engines' counters, which are exact at every moment.

const (
	mb     = 1_000_000
	glance = 10 * time.Millisecond // between two looks at a crowd
)

// node is one of a crowd.
type node interface {
	// join starts the torrent and names the peers that are there.
	join(torrent string, peers []netip.AddrPort)
	addr() netip.AddrPort
	// done reports when all was there, zero before.
	done() time.Time
	// got returns the payload that has come from a peer and from all others.
	got(from [20]byte) (its, others int64)
	sent() int64
	stop()
}

// crowd is one seed and those who download from it.
type crowd struct {
	b       testing.TB
	torrent string
	size    int64
	seed    node
	host    *member // the seed if it is ours
	leeches []node
}

// member is an engine of a crowd.
type member struct {
	*bench
	id   ID
	run  carrier // its data plane, once it runs
	end  time.Time
	peer []plane.Peer // scratch
}

// newCrowd starts a seed of so many bytes, in one file and pieces of 256 KiB.
func newCrowd(b testing.TB, size int64, configure func(*Config)) *crowd {
	from := b.TempDir()
	c := &crowd{b: b, size: size, torrent: sampleOf(b, from, map[string]int{"data.bin": int(size)}, 256<<10)}
	c.host = c.engine(from, configure)
	c.host.join(c.torrent, nil)
	c.host.awaitState(c.host.id, Seeding)
	c.seed = c.host
	return c
}

// newForeignCrowd is newCrowd with libtorrent as the seed.
func newForeignCrowd(b testing.TB, size, rate int64) *crowd {
	from := b.TempDir()
	c := &crowd{b: b, size: size, torrent: sampleOf(b, from, map[string]int{"data.bin": int(size)}, 256<<10)}
	seed := foreign(b, 100, from, fmt.Sprint("--up-rate=", rate))
	seed.join(c.torrent, nil)
	seed.expect("done")
	c.seed = seed
	return c
}

// engine starts an engine that saves in dir.
func (c *crowd) engine(dir string, configure func(*Config)) *member {
	cfg := loopbackConfig(filepath.Join(c.b.TempDir(), "p"), dir)
	if configure != nil {
		configure(&cfg)
	}
	m := &member{bench: launch(c.b, cfg)}
	m.addr()
	return m
}

// grow makes an engine of the crowd that will download.
func (c *crowd) grow(configure func(*Config)) *member {
	m := c.engine(c.b.TempDir(), configure)
	c.leeches = append(c.leeches, m)
	return m
}

// start lets all leeches download; each is told of those before it.
func (c *crowd) start() time.Time {
	start := time.Now()
	peers := []netip.AddrPort{c.seed.addr()}
	for _, l := range c.leeches {
		l.join(c.torrent, peers)
		peers = append(peers, l.addr())
	}
	return start
}

// watch looks at the crowd until ok, or for three minutes.
func (c *crowd) watch(what string, ok func() bool) {
	c.b.Helper()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	late := time.After(3 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			c.b.Fatalf("waited for %s", what)
		}
	}
}

// finish waits until all leeches have everything and returns when the first and
// the last of them had it.
func (c *crowd) finish() (first, last time.Time) {
	c.b.Helper()
	c.watch("everybody to be done", func() bool {
		first, last = time.Time{}, time.Time{}
		for _, l := range c.leeches {
			at := l.done()
			if at.IsZero() {
				return false
			}
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
		return true
	})
	return first, last
}

// copies is how many copies of the torrent the seed has sent.
func (c *crowd) copies() float64 { return float64(c.seed.sent()) / float64(c.size) }

// whole reports whether the leeches have a full copy among them, as they tell the
// seed.
func (c *crowd) whole() bool {
	all := c.host.run.Availability(nil)
	for _, n := range all {
		if n == 0 {
			return false
		}
	}
	return len(all) > 0
}

func (c *crowd) stop() {
	for _, l := range c.leeches {
		l.stop()
	}
	c.seed.stop()
}

// started waits until the torrent runs, and wakes it if it only stands by.
func (m *member) started(id ID) {
	m.t.Helper()
	m.id = id
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for late := time.After(patience); m.run == nil; {
		err := m.do(m.t.Context(), func(s *state) error {
			switch t := s.torrents[id]; {
			case t == nil:
			case t.standby != nil && !t.standby.woken:
				s.wake(t)
			case t.run != nil && t.run.disk != nil:
				m.run = t.run.carrier
			}
			return nil
		})
		if err != nil {
			m.t.Fatal(err)
		}
		select {
		case <-tick.C:
		case <-late:
			m.t.Fatal("the torrent does not start")
		}
	}
}

func (m *member) join(torrent string, peers []netip.AddrPort) {
	m.id = m.add(torrent, AddOptions{Peers: peers})
	m.started(m.id)
}

func (m *member) done() time.Time {
	if pieces := m.run.Counters().Verified; m.end.IsZero() && pieces == len(m.run.Availability(nil)) {
		m.end = time.Now()
	}
	return m.end
}

func (m *member) got(from [20]byte) (its, others int64) {
	m.peer = m.run.Peers(m.peer)
	for _, p := range m.peer {
		if p.ID == from {
			its += p.Downloaded
		} else {
			others += p.Downloaded
		}
	}
	return its, others
}

func (m *member) sent() int64 { return m.run.Counters().Uploaded }

// ours is the engine's torrent as the control plane knows it.
func (m *member) ours() *swarm.Torrent { return m.run.(*swarm.Torrent) }

// peerID is how the engine's peers know it.
func (m *member) peerID() (id [20]byte) {
	m.t.Helper()
	if err := m.do(m.t.Context(), func(s *state) error { id = s.control.PeerID(); return nil }); err != nil {
		m.t.Fatal(err)
	}
	return id
}

// rate makes a Config's upload limit.
func rate(bytes int64) func(*Config) { return func(c *Config) { c.UpLimit = bytes } }
