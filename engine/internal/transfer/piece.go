package transfer

import (
	"crypto/sha1"
	"hash"
	"runtime"
	"slices"
	"sync"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// Workers write and hash the pieces of all torrents.
type Workers struct {
	pieces chan *piece
	wg     sync.WaitGroup
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

	mu      sync.Mutex
	queue   []wire.Segment
	running bool // a worker has it, or will

	// Of the worker that has it:
	hash   hash.Hash
	hashed int64 // bytes from the start that are in hash
	done   int64 // bytes written
	failed bool  // a write failed; the torrent is about to stop
}

func newPiece(t *Torrent, index int) *piece {
	return &piece{t: t, index: index, size: t.pieceSize(index), hash: sha1.New()}
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
			if int64(end) == p.hashed {
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
		p.done += int64(end - begin)
		for _, s := range batch[:n] {
			s.Buffer.Release()
		}
		batch = batch[n:]
	}
}

// finish compares the hash of a piece that is all there. What came out of order
// is read back for it.
func (p *piece) finish() {
	t := p.t
	buf := readBack.Get().(*[readBackSize]byte)
	defer readBack.Put(buf)
	ok := true
	for p.hashed < p.size && ok {
		n := min(readBackSize, p.size-p.hashed)
		_, err := t.cfg.Disk.ReadAt(buf[:n], int64(p.index)*t.cfg.PieceLength+p.hashed)
		p.hash.Write(buf[:n])
		p.hashed += n
		ok = err == nil
	}
	var sum [sha1.Size]byte
	p.hash.Sum(sum[:0])
	ok = ok && string(sum[:]) == string(t.cfg.Hashes[p.index*sha1.Size:][:sha1.Size])
	if ok {
		t.cfg.Disk.Verified(p.index)
	}
	t.finished(p, ok)
}

const readBackSize = 256 << 10

var readBack = sync.Pool{New: func() any { return new([readBackSize]byte) }}

// finished takes over a piece that was verified, or that must come again.
func (t *Torrent) finished(p *piece, ok bool) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.active, p.index)
	t.version.Add(1)
	if !ok {
		t.failures++
		t.wasted.Add(p.size)
		t.blame(t.picker.Failed(p.index))
		t.refillIdle(now)
		return
	}
	t.verified++
	t.have.Set(p.index)
	t.picker.Verified(p.index)
	t.ring.add(plane.Event{Kind: plane.PieceVerified, Time: now, Piece: p.index})
	for c := range t.conns {
		c.tell(p.index)
		c.interest()
	}
	t.cfg.Verified(p.index)
}
