package transfer

import (
	"crypto/sha1"
	sha "hash"
	"slices"
	"sync"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

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
	proved []hash.Sum // what they must be, once a trial has shown that
	done   int64      // bytes written
	failed bool       // a write failed; once all has come, all of it must come again
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
		p.t.crew.Load().jobs <- p
	}
}

// work writes what is queued until nothing is.
func (p *piece) work() {
	var room []wire.Segment // for what comes while a batch is written
	for {
		p.mu.Lock()
		batch := p.queue
		p.queue = room
		if len(batch) == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		p.mu.Unlock()
		p.write(batch)
		clear(batch) // nothing of the buffers is kept
		room = batch[:0]
		if d := p.t.cfg.Disk; d.Soaked() {
			p.t.crew.Load().drain(d)
		}
		switch {
		case p.done < p.size:
		case p.failed:
			p.t.finished(p, verdict{})
		default:
			p.finish()
		}
	}
}

// write writes and hashes whole blocks, however they lie.
func (p *piece) write(batch []wire.Segment) {
	slices.SortFunc(batch, func(a, b wire.Segment) int { return a.Begin - b.Begin })
	for len(batch) > 0 {
		end, n := batch[0].Begin, 0
		for n < len(batch) && batch[n].Begin == end {
			end += len(batch[n].Data)
			n++
		}
		p.store(batch[:n])
		p.done += int64(end - batch[0].Begin)
		for _, s := range batch[:n] {
			p.t.cfg.Workers.release(s)
		}
		batch = batch[n:]
	}
}

// store writes segments that follow each other, and hashes them while they are
// hot. While another worker writes to the same file it hashes first.
func (p *piece) store(run []wire.Segment) {
	bufs := make([][]byte, len(run))
	for i, s := range run {
		bufs[i] = s.Data
	}
	begin, written := int64(run[0].Begin), false
	if !p.failed {
		var err error
		written, err = p.t.cfg.Disk.TryWrite(p.index, begin, bufs)
		p.fail(err)
	}
	if p.hash != nil {
		p.hashNext(begin, bufs)
	}
	if p.leaves != nil {
		p.hashLeaves(run)
	}
	if !written && !p.failed {
		p.fail(p.t.cfg.Disk.Write(p.index, begin, bufs))
	}
}

// fail notes that a write, or reading it back, has failed. The disk tells why; what
// else peers send would be lost as well.
func (p *piece) fail(err error) {
	if err != nil {
		p.failed = true
		p.t.SetFetching(false)
	}
}

// hashNext hashes bytes if they follow those that are hashed already; what comes
// later is read back in the end. Should bytes that are hashed be written again,
// which would mean that a block was accepted twice, all of the piece is read back:
// whatever is stored is what was hashed.
func (p *piece) hashNext(begin int64, bufs [][]byte) {
	if begin < p.hashed {
		p.hash.Reset()
		p.hashed = 0
	}
	if begin != p.hashed {
		return
	}
	for _, b := range bufs {
		p.hash.Write(b)
		p.hashed += int64(len(b))
	}
}
