package transfer

import (
	"runtime"
	"sync"
	"sync/atomic"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/wire"
)

// maxCrews is for how many disks there are workers of their own.
const maxCrews = 8

// Workers write and hash the pieces of all torrents, those on each disk by
// themselves: whoever writes to a slow one, and what waits for him, holds up nobody
// else.
type Workers struct {
	wg      sync.WaitGroup // of those that write and hash
	drains  sync.WaitGroup // of those that drain
	stashed atomic.Int32   // blocks in memory of their own, see stash.go

	mu     sync.Mutex
	crews  []*crew
	byDisk map[string]*crew
}

// crew is the workers of one disk, one a core, and one more that has the system begin
// to write to the disk what they have written, which may wait for the disk.
type crew struct {
	jobs   chan job
	soaked chan *disk.Torrent // of one that has much for that
	pool   *wire.Pool         // of the connections of torrents on it; nil for the one that all others have
}

// job is what a worker does: a piece, or the leaves of one.
type job interface{ work() }

// NewWorkers starts the workers of the first disk; those of others start when there
// is something to do for them.
func NewWorkers() *Workers {
	w := &Workers{byDisk: make(map[string]*crew)}
	w.add(nil)
	return w
}

// add starts a crew; w.mu is held, or nobody knows w yet.
func (w *Workers) add(pool *wire.Pool) *crew {
	c := &crew{jobs: make(chan job, 256), soaked: make(chan *disk.Torrent, 1), pool: pool}
	w.crews = append(w.crews, c)
	for range runtime.NumCPU() {
		w.wg.Go(func() {
			for j := range c.jobs {
				j.work()
			}
		})
	}
	w.drains.Go(func() {
		for d := range c.soaked {
			d.Drain()
		}
	})
	return c
}

// drain has a torrent drained, unless another one waits for that: then whoever writes
// next asks again.
func (c *crew) drain(d *disk.Torrent) {
	select {
	case c.soaked <- d:
	default:
	}
}

// crew returns the workers of a disk. Those of one that is not known, and of the
// first, are the first crew; when there are many, disks share the last one.
func (w *Workers) crew(disk string) *crew {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch c := w.byDisk[disk]; {
	case c != nil:
		return c
	case disk == "":
		return w.crews[0]
	case len(w.byDisk) == 0:
		w.byDisk[disk] = w.crews[0]
	case len(w.crews) == maxCrews:
		return w.crews[maxCrews-1]
	default:
		w.byDisk[disk] = w.add(wire.NewPool(wire.DefaultBuffers()))
	}
	return w.byDisk[disk]
}

// Close waits until all that was handed over is written, and ends the workers.
// No connection may be open any more.
func (w *Workers) Close() {
	w.mu.Lock()
	for _, c := range w.crews {
		close(c.jobs)
	}
	w.mu.Unlock()
	w.wg.Wait()
	for _, c := range w.crews { // nobody adds one any more
		close(c.soaked)
	}
	w.drains.Wait()
}

// findCrew looks whose workers the torrent needs: its files may have moved. t.mu is
// held.
func (t *Torrent) findCrew() {
	if disk := t.cfg.Disk.Disk(); t.crew.Load() == nil || disk != t.onDisk {
		t.onDisk = disk
		t.crew.Store(t.cfg.Workers.crew(disk))
	}
}

// Pool implements wire.Pooled.
func (c *conn) Pool() *wire.Pool {
	if crew := c.t.crew.Load(); crew != nil {
		return crew.pool
	}
	return nil
}
