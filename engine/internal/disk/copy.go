package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

const (
	copyChunk = 4 << 20         // what is read, written and compared at once
	copyBatch = 16              // chunks that are made safe and compared together
	holeSize  = int64(64 << 10) // zeros of this size are not written to a new file
)

// Progress tells how far a move is. Its methods may be called from any goroutine
// and return at once.
type Progress struct{ done, total atomic.Int64 }

// Done returns the bytes that were copied and compared.
func (p *Progress) Done() int64 { return p.done.Load() }

// Total returns the bytes that are to be copied; 0 if there are none, or before it
// is known. It may grow while the torrent is downloaded.
func (p *Progress) Total() int64 { return p.total.Load() }

// copier copies files. What it has written it syncs and reads again, past the
// system's cache where that can be: only what comes back from the disk as it was
// read from the source counts.
type copier struct {
	progress *Progress
	seed     maphash.Seed
	buf      []byte
	zeros    []byte
}

func newCopier(p *Progress) *copier {
	return &copier{p, maphash.MakeSeed(), make([]byte, copyChunk), make([]byte, holeSize)}
}

// copied is one chunk that was written.
type copied struct {
	at  int64
	n   int
	sum uint64
}

// chunks copies chunks of a file, by their numbers. In a new file, which is empty,
// zeros become holes. It can be cancelled between two chunks; what was written by
// then stays.
func (c *copier) chunks(ctx context.Context, from, to *os.File, chunks []int64, fresh bool) error {
	for len(chunks) > 0 {
		n := min(copyBatch, len(chunks))
		if err := c.batch(ctx, from, to, chunks[:n], fresh); err != nil {
			return err
		}
		chunks = chunks[n:]
	}
	return nil
}

func (c *copier) batch(ctx context.Context, from, to *os.File, chunks []int64, fresh bool) error {
	done := make([]copied, 0, copyBatch)
	for _, chunk := range chunks {
		if err := ctx.Err(); err != nil {
			return err
		}
		at := chunk * copyChunk
		n, err := from.ReadAt(c.buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return refused("read", from.Name(), err)
		}
		if err := c.write(to, c.buf[:n], at, fresh); err != nil {
			return refused("write", to.Name(), err)
		}
		done = append(done, copied{at, n, maphash.Bytes(c.seed, c.buf[:n])})
	}
	if err := to.Sync(); err != nil {
		return refused("sync", to.Name(), err)
	}
	for _, d := range done {
		if err := c.compare(to, d); err != nil {
			return err
		}
		uncache(from, d.at, int64(d.n))
		c.progress.done.Add(int64(d.n))
	}
	return nil
}

// write writes b, but leaves out zeros that a new file has there anyway. The file
// becomes as long as if it had written all.
func (c *copier) write(to *os.File, b []byte, at int64, fresh bool) error {
	if !fresh {
		_, err := to.WriteAt(b, at)
		return err
	}
	if len(b) == 0 {
		return nil
	}
	end := at + int64(len(b))
	for len(b) > 0 {
		n := 0 // bytes up to the next hole
		for n < len(b) && !c.hole(b[n:]) {
			n += min(len(b)-n, int(holeSize))
		}
		if n > 0 {
			if _, err := to.WriteAt(b[:n], at); err != nil {
				return err
			}
		} else {
			n = int(holeSize)
		}
		b, at = b[n:], at+int64(n)
	}
	if info, err := to.Stat(); err != nil || info.Size() >= end {
		return err
	}
	return to.Truncate(end)
}

// hole reports whether b begins with zeros that need not be written.
func (c *copier) hole(b []byte) bool {
	return len(b) >= len(c.zeros) && bytes.Equal(b[:len(c.zeros)], c.zeros)
}

// compare reads a chunk again that was synced.
func (c *copier) compare(to *os.File, d copied) error {
	uncache(to, d.at, int64(d.n))
	n, err := to.ReadAt(c.buf[:d.n], d.at)
	if err != nil && !errors.Is(err, io.EOF) {
		return refused("read", to.Name(), err)
	}
	if n != d.n || maphash.Bytes(c.seed, c.buf[:n]) != d.sum {
		return fmt.Errorf("%s does not come back from the disk as it was written", to.Name())
	}
	uncache(to, d.at, int64(d.n))
	return nil
}

// rewrites are the chunks of files that were written since they were copied last.
type rewrites struct {
	mu    sync.Mutex
	files map[int]map[int64]struct{}
}

func newRewrites() *rewrites { return &rewrites{files: make(map[int]map[int64]struct{})} }

// wrote notes that n bytes of a file were written; it is called after that.
func (r *rewrites) wrote(file int, at, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	chunks := r.files[file]
	if chunks == nil {
		chunks = make(map[int64]struct{})
		r.files[file] = chunks
	}
	for chunk := at / copyChunk; chunk*copyChunk < at+n; chunk++ {
		chunks[chunk] = struct{}{}
	}
}

// take returns the changed chunks of a file, in any order, and forgets them: what
// is written from now on is noted anew.
func (r *rewrites) take(file int) []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []int64
	for chunk := range r.files[file] {
		all = append(all, chunk)
	}
	delete(r.files, file)
	return all
}

// any reports whether chunks of a file were changed.
func (r *rewrites) any(file int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.files[file]) > 0
}

// count returns how many chunks were changed.
func (r *rewrites) count() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, chunks := range r.files {
		n += len(chunks)
	}
	return n
}
