package hash

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// Make reads all of r, whose offsets are the torrent's, once and roughly in its
// order, and fills in what the pieces hash to: Hashes if v1 is set, and the Root
// and Layer of every tree in Trees, of which Length and First are given. It uses
// all processors and blocks until all is read, r fails or ctx ends, then no later
// than after one buffer. The error is ctx's or the first one of r.
func (p *Pieces) Make(ctx context.Context, r io.ReaderAt, v1 bool) error {
	if err := p.prepare(v1); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	count := int64(p.Count())
	run := max(1, bufferSize/p.PieceLength) // pieces that are read at a time
	var wait sync.WaitGroup
	var next atomic.Int64
	for range min(int64(runtime.GOMAXPROCS(0)), (count+run-1)/run) {
		wait.Go(func() {
			for i := next.Add(run) - run; i < count && ctx.Err() == nil; i = next.Add(run) - run {
				if err := p.sum(ctx, r, int(i), int(min(i+run, count))); err != nil {
					cancel(err)
				}
			}
		})
	}
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	for i := range p.Trees {
		p.Trees[i].grow(p.Height())
	}
	return nil
}

// prepare makes room for the hashes, and refuses what has none.
func (p *Pieces) prepare(v1 bool) error {
	if p.Hashes = nil; v1 && p.PieceLength > 0 && p.Length >= 0 {
		p.Hashes = make([]byte, p.Count()*sha1.Size)
	}
	if !v1 && len(p.Trees) == 0 || len(p.Trees) > 0 && p.PieceLength%LeafSize != 0 {
		return errors.New("make hashes: neither v1 nor v2")
	}
	for i := range p.Trees {
		t := &p.Trees[i]
		if t.Layer = nil; t.Length > p.PieceLength && p.PieceLength > 0 {
			t.Layer = make([]byte, (t.Length+p.PieceLength-1)/p.PieceLength*sha256.Size)
		}
	}
	return p.check()
}

// sum hashes the pieces from first up to end, whose bytes are read together as far
// as they go into a buffer.
func (p *Pieces) sum(ctx context.Context, r io.ReaderAt, first, end int) error {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	to := int64(end-1)*p.PieceLength + p.Size(end-1) // what is behind the file counts only for SHA-1
	if p.Hashes != nil {
		to = int64(end-1)*p.PieceLength + p.Padded(end-1)
	}
	s := summer{p: p, piece: first, sha: sha1.New()}
	for at := int64(first) * p.PieceLength; at < to; {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b := buffer[:min(bufferSize, to-at)]
		if n, err := r.ReadAt(b, at); n < len(b) { // ReadAt may return io.EOF with the last bytes
			return fmt.Errorf("read torrent at %d: %w", at+int64(n), err)
		}
		s.write(b)
		at += int64(len(b))
	}
	return nil
}

// summer takes the bytes of some pieces, one after another.
type summer struct {
	p      *Pieces
	piece  int
	at     int64 // bytes of the piece so far
	sha    hash.Hash
	leaves []Sum
}

func (s *summer) write(b []byte) {
	for len(b) > 0 {
		n := min(int64(len(b)), s.p.PieceLength-s.at)
		s.take(b[:n])
		b = b[n:]
		if s.at += n; s.at == s.p.PieceLength {
			s.piece, s.at = s.piece+1, 0
		}
	}
}

// take takes bytes of one piece, and puts its hashes in their place, which is
// nobody else's, once it has all of them.
func (s *summer) take(b []byte) {
	end := s.at + int64(len(b))
	if s.p.Hashes != nil {
		s.sha.Write(b)
		if end == s.p.Padded(s.piece) {
			s.sha.Sum(s.p.Hashes[s.piece*sha1.Size : s.piece*sha1.Size : (s.piece+1)*sha1.Size])
			s.sha.Reset()
		}
	}
	if size := s.p.Size(s.piece); s.p.Trees != nil && s.at < size {
		s.leaves = AppendLeaves(s.leaves, b[:min(int64(len(b)), size-s.at)])
		if end >= size {
			s.node()
		}
	}
}

func (s *summer) node() {
	if t := s.p.Tree(s.piece); t.Layer == nil {
		t.Root = Fold(s.leaves, levels(len(s.leaves)), Sum{})
	} else {
		node := Fold(s.leaves, s.p.Height(), Sum{})
		copy(t.Layer[(s.piece-t.First)*sha256.Size:], node[:])
	}
	s.leaves = s.leaves[:0]
}

// grow makes the root of the nodes of the pieces, which are height levels above
// the leaves.
func (t *Tree) grow(height int) {
	if t.Layer != nil {
		nodes := sums(t.Layer)
		t.Root = Fold(nodes, levels(len(nodes)), Pad(height))
	}
}
