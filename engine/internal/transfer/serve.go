package transfer

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

const (
	maxTheir = 1024 // requests that we queue for a peer
	head     = 13   // length of a Piece message before its data
)

// maxBlock is the longest block that is served; nobody asks for longer ones.
const maxBlock = pick.BlockSize

// request queues a block for the peer, or refuses it.
func (c *conn) request(r request, now time.Time) (news bool, err error) {
	t := c.t
	c.note(plane.EventRequest, theirs, r.block())
	if r.length == 0 || int64(r.begin)+int64(r.length) > t.cfg.Hashes.Padded(int(r.piece)) {
		return false, errLength
	}
	hidden := t.super != nil && !t.super.Allowed(c, int(r.piece))
	if r.length > maxBlock || !t.have.Has(int(r.piece)) || hidden || len(c.queue) >= maxTheir || c.amChoking && !c.given(r) {
		c.reject(r)
		return false, c.idle(1, now)
	}
	c.queue = append(c.queue, r)
	c.w.Wake()
	return true, nil
}

// reject tells a peer with the fast extension that it will not get the block; to
// one without, a choke says the same (BEP 6). t.mu is held.
func (c *conn) reject(r request) {
	if c.info.Fast {
		c.w.Send(wire.Message{Kind: wire.Reject, Index: r.piece, Begin: r.begin, Length: r.length})
		c.note(plane.EventReject, ours, r.block())
	}
}

func (c *conn) cancel(r request) {
	if i := slices.Index(c.queue, r); i >= 0 {
		c.queue = slices.Delete(c.queue, i, i+1)
		c.note(plane.EventCancel, theirs, r.block())
		c.reject(r) // BEP 6: every request is answered
	}
}

// setChoking chokes or unchokes the peer. t.mu is held.
func (c *conn) setChoking(choking bool) {
	if c.amChoking == choking {
		return
	}
	c.amChoking = choking
	c.note(chokeEvent(choking), ours, pick.Block{})
	if !choking {
		c.untold = true
		c.w.Send(wire.Message{Kind: wire.Unchoke})
		return
	}
	c.w.Send(wire.Message{Kind: wire.Choke})
	c.queue = slices.DeleteFunc(c.queue, func(r request) bool {
		if c.given(r) {
			return false
		}
		c.reject(r)
		return true
	})
}

// refuse rejects all that the peer has asked for.
func (c *conn) refuse() {
	for _, r := range c.queue {
		c.reject(r)
	}
	c.queue = c.queue[:0]
}

// Fill implements wire.Peer: it serves the peer's requests in their order, those of
// metadata first.
func (c *conn) Fill(b []byte) int {
	if n := c.fillMetadata(b); n != 0 {
		return n
	}
	batch, need := c.take(len(b))
	if len(batch) == 0 {
		return -need
	}
	n, sent := 0, batch[:0]
	for len(batch) > 0 {
		run := batch[:c.t.run(batch)]
		batch = batch[len(run):]
		if err := c.readRun(b[n:], run); err == nil {
			n += len(run)*head + lengthOf(run)
			sent = append(sent, run...)
			continue
		}
		for _, r := range run { // which of them cannot be read?
			switch err := c.readRun(b[n:], []request{r}); {
			case err == nil:
				n += head + int(r.length)
				sent = append(sent, r)
			case c.info.Fast:
				c.t.mu.Lock()
				c.reject(r)
				c.t.mu.Unlock()
			default: // it would wait for ever
				c.w.Close(fmt.Errorf("read block for peer: %w", err))
				batch = nil
			}
		}
	}
	c.sent(sent)
	return n
}

// run returns how many of the requests at the beginning are for bytes that follow each
// other, which are read at once.
func (t *Torrent) run(batch []request) int {
	n := 1
	for n < len(batch) && t.follows(batch[n-1], batch[n]) {
		n++
	}
	return n
}

// follows reports whether a block is next to another one before it, and both are in the
// files.
func (t *Torrent) follows(a, b request) bool {
	return t.inFiles(a) && t.inFiles(b) && t.offset(a)+int64(a.length) == t.offset(b)
}

func (t *Torrent) offset(r request) int64 { return int64(r.piece)*t.cfg.PieceLength + int64(r.begin) }

// inFiles is false for what reaches behind the file in the last piece of a v2 file.
func (t *Torrent) inFiles(r request) bool {
	return int64(r.begin)+int64(r.length) <= t.pieceSize(int(r.piece))
}

func lengthOf(run []request) (n int) {
	for _, r := range run {
		n += int(r.length)
	}
	return n
}

// readRun puts the Piece messages for a run into b.
func (c *conn) readRun(b []byte, run []request) error {
	blocks := c.blocks[:0]
	for _, r := range run {
		end := head + int(r.length)
		binary.BigEndian.PutUint32(b, 9+r.length)
		b[4] = 7 // Piece
		binary.BigEndian.PutUint32(b[5:], r.piece)
		binary.BigEndian.PutUint32(b[9:], r.begin)
		blocks = append(blocks, b[head:end])
		b = b[end:]
	}
	err := c.t.read(blocks, run[0])
	clear(blocks) // the buffer is not kept
	c.blocks = blocks
	return err
}

// sent counts blocks that were read and go out.
func (c *conn) sent(batch []request) {
	t, now := c.t, time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range batch {
		c.rate.up += int64(r.length)
		t.uploaded.Add(int64(r.length))
		if t.super != nil {
			t.super.Sent(c, int(r.piece), now)
		}
		c.note(plane.EventBlock, ours, r.block())
	}
}

// take returns the next requests that fit in n bytes with their heads and that the
// upload limit lets go; if not even one fits, how many bytes it needs.
func (c *conn) take(n int) (batch []request, need int) {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.untold { // the next batch begins with the message that says so
		c.untold = false
		c.w.Wake()
		return nil, 0
	}
	k, bytes := 0, 0
	for k < len(c.queue) && (k+1)*head+bytes+int(c.queue[k].length) <= n {
		bytes += int(c.queue[k].length)
		k++
	}
	if k == 0 {
		if len(c.queue) > 0 {
			need = head + int(c.queue[0].length)
		} else {
			c.up.Cancel() // what was waited for is no longer wanted
			t.idle()
		}
		return nil, need
	}
	now := time.Now()
	rest := c.granted(bytes, now)
	if 0 < rest && rest < int(c.queue[0].length) { // granted for a shorter one, cancelled since
		c.up.Refund(rest)
		rest = c.granted(bytes, now)
	}
	for k = 0; k < len(c.queue) && int(c.queue[k].length) <= rest; k++ {
		rest -= int(c.queue[k].length)
	}
	c.up.Refund(rest)
	c.sentAt = now
	c.patience.Earn(k)
	batch = slices.Clone(c.queue[:k])
	c.queue = slices.Delete(c.queue, 0, k)
	return batch, 0
}

// read reads the blocks of a run that begins with r. What is behind the file in the
// last piece of a v2 file is zeros: some programs ask for whole blocks there.
func (t *Torrent) read(blocks [][]byte, r request) error {
	if !t.inFiles(r) && t.cfg.Hashes.Trees != nil {
		b, n := blocks[0], max(0, t.pieceSize(int(r.piece))-int64(r.begin))
		clear(b[n:])
		if n == 0 {
			return nil
		}
		blocks = [][]byte{b[:n]}
	}
	return t.cfg.Disk.Read(blocks, t.offset(r))
}
