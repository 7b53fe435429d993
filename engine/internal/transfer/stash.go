package transfer

import (
	"errors"
	"sync"
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

const (
	maxStashed = 1024                 // blocks, 16 MiB, may lie outside of the receive buffers
	stashPace  = 5 * time.Millisecond // so often who waits looks whether one was written
)

var errGone = errors.New("it has left")

var stashes = sync.Pool{New: func() any { return new([pick.BlockSize]byte) }}

// keep takes a part of the block that is coming.
func (c *conn) keep(s wire.Segment) {
	if len(c.block) > 0 && stashed(c.block[0]) {
		copy(c.block[0].Data[s.Begin-s.Block.Begin:], s.Data)
		return
	}
	s.Buffer.Retain()
	c.block = append(c.block, s)
}

// drop forgets the block that is coming.
func (c *conn) drop() {
	for _, s := range c.block {
		c.t.cfg.Workers.release(s)
	}
	clear(c.block)
	c.block = c.block[:0]
}

// stash moves the beginning of a block to memory of its own. A receive buffer is
// large and there are few: a peer that stops in the middle of a block, as slow
// ones always do, must not hold one.
func (c *conn) stash() {
	if len(c.block) == 0 || stashed(c.block[0]) || !c.t.cfg.Workers.mayStash() {
		return
	}
	own := stashes.Get().(*[pick.BlockSize]byte)
	whole := c.block[0] // who asked for it knows that it is no longer than a block
	whole.Data, whole.Buffer = own[:whole.Block.Length], nil
	for _, s := range c.block {
		copy(whole.Data[s.Begin-s.Block.Begin:], s.Data)
		s.Buffer.Release()
	}
	clear(c.block)
	c.block = append(c.block[:0], whole)
}

// stashed reports whether s is a block in memory of its own.
func stashed(s wire.Segment) bool { return s.Buffer == nil }

// mayStash reserves room for one more block.
func (w *Workers) mayStash() bool {
	if w.stashed.Add(1) <= maxStashed {
		return true
	}
	w.stashed.Add(-1)
	return false
}

// maxDelivered of the stashed blocks may be of web seeds, which wait for a place.
const maxDelivered = maxStashed / 2

// stashOne reserves room for a block of a web seed, false once done is closed.
func (w *Workers) stashOne(done <-chan struct{}) bool {
	for w.stashed.Load() >= maxDelivered || !w.mayStash() {
		retry := time.NewTimer(stashPace)
		select {
		case <-retry.C:
		case <-done:
			retry.Stop()
			return false
		}
	}
	return true
}

// release gives back what a segment lies in.
func (w *Workers) release(s wire.Segment) {
	if !stashed(s) {
		s.Buffer.Release()
		return
	}
	stashes.Put((*[pick.BlockSize]byte)(s.Data[:pick.BlockSize]))
	w.stashed.Add(-1)
}
