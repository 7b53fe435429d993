// Package hash says what the pieces of a torrent must hash to, by SHA-1 (v1) and by
// merkle trees of SHA-256 (v2, BEP 52), and makes and checks that on all processors
// at once. A piece of a hybrid is right if both say so.
//
// Verify and Pieces.Make start one goroutine a processor; they end when the pieces
// are done or the context is, and are awaited. Each has one buffer, so memory is
// bounded whatever the length of a piece.
package hash

import (
	"bytes"
	"context"
	"crypto/sha1"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// bufferSize is how many bytes a goroutine reads at a time.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Verify reads the pieces from r, whose offsets are the torrent's, roughly in
// their order, and calls report with each result, in any order, from one
// goroutine at a time. A piece that cannot be read is not ok. It blocks until
// all is read or ctx ends, then no later than after one buffer; the error is
// ctx's, or says that p is not sound.
func Verify(ctx context.Context, r io.ReaderAt, p Pieces, report func(piece int, ok bool)) error {
	if err := p.check(); err != nil {
		return err
	}
	count := int64(p.Count())
	var (
		wait      sync.WaitGroup
		next      atomic.Int64
		reporting sync.Mutex
	)
	for range min(int64(runtime.GOMAXPROCS(0)), count) {
		wait.Go(func() {
			for i := next.Add(1) - 1; i < count; i = next.Add(1) - 1 {
				if p.Only != nil && !p.Only(int(i)) {
					continue
				}
				ok := p.verify(ctx, r, int(i))
				reporting.Lock()
				if ctx.Err() != nil {
					reporting.Unlock()
					return
				}
				report(int(i), ok)
				reporting.Unlock()
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}

// verify reads a piece, and what is behind its file in it only if that counts.
func (p *Pieces) verify(ctx context.Context, r io.ReaderAt, piece int) bool {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	sum, size, end := sha1.New(), p.Size(piece), p.Size(piece)
	if p.Hashes != nil {
		end = p.Padded(piece)
	}
	var leaves []Sum
	for at := int64(0); at < end; {
		if ctx.Err() != nil {
			return false
		}
		b := buffer[:min(bufferSize, end-at)]
		if n, _ := r.ReadAt(b, int64(piece)*p.PieceLength+at); n < len(b) { // ReadAt may return io.EOF with the last bytes
			return false
		}
		if p.Hashes != nil {
			sum.Write(b)
		}
		if p.Trees != nil && at < size {
			leaves = AppendLeaves(leaves, b[:min(int64(len(b)), size-at)])
		}
		at += int64(len(b))
	}
	return (p.Hashes == nil || bytes.Equal(sum.Sum(nil), p.Hashes[piece*sha1.Size:(piece+1)*sha1.Size])) &&
		(p.Trees == nil || p.Right(piece, leaves))
}
