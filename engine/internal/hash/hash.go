// Package hash checks the pieces of a torrent against their SHA-1 hashes, on
// all processors at once.
//
// Verify starts one goroutine a processor; they end when the pieces are done or
// the context is, and Verify awaits them. Each has one buffer, so memory is
// bounded whatever the length of a piece.
package hash

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// bufferSize is how many bytes a goroutine reads at a time.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// Pieces says what the pieces of a torrent should be (BEP 3).
type Pieces struct {
	Length      int64                // bytes of the torrent
	PieceLength int64                // bytes of every piece but the last
	Hashes      []byte               // SHA-1 of each piece, 20 bytes each
	Only        func(piece int) bool // which pieces to check, nil for all; called from several goroutines
}

// Verify reads the pieces from r, whose offsets are the torrent's, roughly in
// their order, and calls report with each result, in any order, from one
// goroutine at a time. A piece that cannot be read is not ok. It blocks until
// all is read or ctx ends, then no later than after one buffer; the error is
// ctx's, or says that p is not sound.
func Verify(ctx context.Context, r io.ReaderAt, p Pieces, report func(piece int, ok bool)) error {
	if p.PieceLength <= 0 || p.Length < 0 {
		return errors.New("verify pieces: bad length")
	}
	count := (p.Length + p.PieceLength - 1) / p.PieceLength
	if int64(len(p.Hashes)) != count*sha1.Size {
		return fmt.Errorf("verify pieces: %d bytes of hashes for %d pieces", len(p.Hashes), count)
	}
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

func (p Pieces) verify(ctx context.Context, r io.ReaderAt, piece int) bool {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	sum := sha1.New()
	off := int64(piece) * p.PieceLength
	for end := min(off+p.PieceLength, p.Length); off < end; {
		if ctx.Err() != nil {
			return false
		}
		b := buffer[:min(bufferSize, end-off)]
		if n, _ := r.ReadAt(b, off); n < len(b) { // ReadAt may return io.EOF with the last bytes
			return false
		}
		sum.Write(b)
		off += int64(len(b))
	}
	return bytes.Equal(sum.Sum(nil), p.Hashes[piece*sha1.Size:(piece+1)*sha1.Size])
}
