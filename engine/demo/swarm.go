// Package demo runs a swarm inside one process: an embedded tracker, one seed and
// some leeches, each a full engine with its own folder and port, on generated
// data. Everything stays on 127.0.0.1 and in one temporary folder.
//
// Goroutines: Start starts one for the tracker and two for each member, the
// engine's loop and the reader of its updates; Close ends and awaits them.
package demo

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"piecewise/engine"
	"piecewise/engine/tracker"
)

// trackerInterval is short, so that what the tracker tells of the swarm is new.
const trackerInterval = 10 * time.Second

// Options are the size and the pace of a swarm. The zero value is seven leeches
// that share 32 MiB at 1 MiB/s each, which takes about a minute.
type Options struct {
	Leeches int
	Size    int64 // bytes of the generated data
	UpLimit int64 // bytes/s that each member sends at most

	// KeepUpdates leaves the Updates of the first leech to the caller, who shows
	// that leech in a window. The others' are read by the swarm.
	KeepUpdates bool
}

// Swarm is a running swarm.
type Swarm struct {
	ID          engine.ID
	TorrentPath string    // the .torrent file
	Members     []*Member // the seed, then the leeches

	folder  string
	stop    context.CancelFunc
	running sync.WaitGroup
	tracker error // of the tracker's goroutine; read after running
}

// Member is one of the swarm.
type Member struct {
	Name   string // "seed", "leech 1" …
	Engine *engine.Engine

	newest atomic.Pointer[engine.Torrent]
	err    error // of the engine's loop; read after running
}

// Torrent returns the member's newest state of the shared torrent; nil before the
// first and for a member whose Updates are the caller's.
func (m *Member) Torrent() *engine.Torrent { return m.newest.Load() }

// Start generates the data, starts the tracker and the seed, and once the tracker
// knows the seed, the leeches; that takes about a second. The swarm runs until
// Close, which must be called, or until ctx ends.
func Start(ctx context.Context, opts Options) (*Swarm, error) {
	if opts.Leeches == 0 {
		opts.Leeches = 7
	}
	if opts.Size == 0 {
		opts.Size = 32 << 20
	}
	if opts.UpLimit == 0 {
		opts.UpLimit = 1 << 20
	}
	folder, err := os.MkdirTemp("", "piecewise-demo-")
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	s := &Swarm{folder: folder, stop: stop}
	if err := s.start(ctx, opts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Swarm) start(ctx context.Context, opts Options) error {
	url, err := s.startTracker(ctx)
	if err != nil {
		return err
	}
	s.TorrentPath = filepath.Join(s.folder, "demo.torrent")
	if err := create(filepath.Join(s.folder, "seed"), s.TorrentPath, url, opts.Size); err != nil {
		return err
	}
	src, err := engine.Open(ctx, s.TorrentPath, true)
	if err != nil {
		return fmt.Errorf("open torrent: %w", err)
	}
	s.ID = src.ID
	seed := s.join(ctx, "seed", opts.UpLimit)
	if _, err := seed.Engine.Add(ctx, src, engine.AddOptions{}); err != nil {
		return fmt.Errorf("add torrent to the seed: %w", err)
	}
	if err := s.awaitSeed(ctx, seed); err != nil {
		return err
	}
	s.running.Go(func() { s.read(seed) })
	for i := range opts.Leeches {
		leech := s.join(ctx, fmt.Sprintf("leech %d", i+1), opts.UpLimit)
		if i > 0 || !opts.KeepUpdates {
			s.running.Go(func() { s.read(leech) })
		}
		if _, err := leech.Engine.Add(ctx, src, engine.AddOptions{}); err != nil {
			return fmt.Errorf("add torrent to %s: %w", leech.Name, err)
		}
	}
	return nil
}

func (s *Swarm) startTracker(ctx context.Context) (url string, err error) {
	t, err := tracker.Listen("127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start tracker: %w", err)
	}
	t.Interval = trackerInterval
	s.running.Go(func() { s.tracker = t.Serve(ctx) })
	return t.URL(), nil
}

// join starts the engine of one more member.
func (s *Swarm) join(ctx context.Context, name string, upLimit int64) *Member {
	folder := filepath.Join(s.folder, name)
	m := &Member{Name: name, Engine: engine.New(engine.Config{
		Profile: folder + ".profile", Dir: folder,
		Listen:   netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0),
		Loopback: true, NoDHT: true, NoLSD: true, NoPortMapping: true, NoSuperSeed: true, UpLimit: upLimit,
	})}
	s.Members = append(s.Members, m)
	s.running.Go(func() { m.err = m.Engine.Run(ctx) })
	return m
}

// awaitSeed reads the seed's updates until the tracker knows it, so that every
// leech is told of it at its first announce.
func (s *Swarm) awaitSeed(ctx context.Context, seed *Member) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the seed to announce itself: %w", ctx.Err())
		case u, ok := <-seed.Engine.Updates():
			if !ok {
				return fmt.Errorf("wait for the seed: %w", engine.ErrStopped)
			}
			t := s.keep(seed, u)
			if t != nil && t.State == engine.Seeding && t.TrackersWorking > 0 {
				return nil
			}
			if t != nil && t.State == engine.Faulted {
				return errors.New("the seed stopped: " + t.Err)
			}
		}
	}
}

// read keeps the newest state of a member until its engine ends.
func (s *Swarm) read(m *Member) {
	for u := range m.Engine.Updates() {
		s.keep(m, u)
	}
}

func (s *Swarm) keep(m *Member, u engine.Update) *engine.Torrent {
	t := u.Snapshot.Torrent(s.ID)
	if t != nil {
		m.newest.Store(t)
	}
	return t
}

// Close stops all members, in at most 5 s, and removes the folder.
func (s *Swarm) Close() error {
	s.stop()
	s.running.Wait()
	errs := []error{s.tracker}
	for _, m := range s.Members {
		if m.err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Name, m.err))
		}
	}
	if err := os.RemoveAll(s.folder); err != nil {
		errs = append(errs, fmt.Errorf("remove folder: %w", err))
	}
	return errors.Join(errs...)
}
