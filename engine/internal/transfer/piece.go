package transfer

import (
	"crypto/sha1"
	sha "hash"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

// Workers write and hash the pieces of all torrents.
type Workers struct {
	pieces  chan *piece
	wg      sync.WaitGroup
	stashed atomic.Int32 // blocks in memory of their own, see stash.go
}

// NewWorkers starts one worker a core.
func NewWorkers() *Workers {
	w := &Workers{pieces: make(chan *piece, 256)}
	for range runtime.NumCPU() {
		w.wg.Go(func() {
			for p := range w.pieces {
				p.work()
			}
		})
	}
	return w
}

// Close waits until all that was handed over is written, and ends the workers.
// No connection may be open any more.
func (w *Workers) Close() {
	close(w.pieces)
	w.wg.Wait()
}

// piece gathers the blocks of one piece, in whatever order they come, and writes
// them. One worker at a time works on it.
type piece struct {
	t     *Torrent
	index int
	size  int64
	from  []*conn // who sent each block; guarded by Torrent.mu, final once all have arrived

	mu      sync.Mutex
	queue   []wire.Segment
	running bool // a worker has it, or will

	// Of the worker that has it:
	hash   sha.Hash   // of a v1 torrent, else nil
	hashed int64      // bytes from the start that are in hash
	leaves []hash.Sum // of the blocks, as they come, of a v2 torrent
	done   int64      // bytes written
	failed bool       // a write failed; the torrent is about to stop
}

func newPiece(t *Torrent, index int) *piece {
	size := t.pieceSize(index)
	blocks := (size + pick.BlockSize - 1) / pick.BlockSize
	p := &piece{t: t, index: index, size: size, from: make([]*conn, blocks)}
	if t.cfg.Hashes.Hashes != nil {
		p.hash = sha1.New()
	}
	if t.cfg.Hashes.Trees != nil {
		p.leaves = make([]hash.Sum, blocks)
	}
	return p
}

// add queues whole blocks; their buffers are the piece's from now on. It waits
// while the workers have too much to do.
func (p *piece) add(segments []wire.Segment) {
	p.mu.Lock()
	p.queue = append(p.queue, segments...)
	start := !p.running
	p.running = true
	p.mu.Unlock()
	if start {
		p.t.cfg.Workers.pieces <- p
	}
}

// work writes what is queued until nothing is.
func (p *piece) work() {
	for {
		p.mu.Lock()
		batch := p.queue
		p.queue = nil
		if len(batch) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		p.write(batch)
		if p.done == p.size && !p.failed {
			p.finish()
		}
	}
}

// write hashes what comes next while it is hot, and writes everything.
func (p *piece) write(batch []wire.Segment) {
	slices.SortFunc(batch, func(a, b wire.Segment) int { return a.Begin - b.Begin })
	for len(batch) > 0 {
		begin, bufs := batch[0].Begin, make([][]byte, 0, len(batch))
		end, n := begin, 0
		for n < len(batch) && batch[n].Begin == end {
			if p.hash != nil && int64(end) == p.hashed {
				p.hash.Write(batch[n].Data)
				p.hashed += int64(len(batch[n].Data))
			}
			bufs = append(bufs, batch[n].Data)
			end += len(batch[n].Data)
			n++
		}
		if !p.failed {
			p.failed = p.t.cfg.Disk.Write(p.index, int64(begin), bufs) != nil // the disk tells why
		}
		if p.leaves != nil {
			p.hashLeaves(batch[:n])
		}
		p.done += int64(end - begin)
		for _, s := range batch[:n] {
			p.t.cfg.Workers.release(s)
		}
		batch = batch[n:]
	}
}
