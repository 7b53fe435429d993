package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// Spec is what a web seed is attached with.
type Spec struct {
	URL  string
	Have plane.Bits // the pieces that it has; without a length all
}

const (
	runBytes   = 8 << 20   // that are asked of a web seed in a row, or one piece
	leastBytes = 512 << 10 // asked of it at least at a time, or two pieces
)

// Source is the data plane's side of a web seed: what a wire.Peer is to a peer. Deliver
// and Leave are called by one goroutine at a time.
type Source struct{ c *conn }

// Attach takes part with a web seed (BEP 19), a source of blocks that is asked for them
// through l, as a peer is with Request and Cancel; of what else l is sent it needs to
// understand nothing. It has no place among the connections, is told of no piece and given
// nothing. The Info of l has an Addr of plane.WebSeed. The first requests may come
// before Attach returns, nil if the torrent is closed. Leave must follow.
func (t *Torrent) Attach(l Link, s Spec) *Source {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	c := &conn{
		t: t, w: l, info: l.Info(), web: &s, amChoking: true, reqq: maxQueue, joined: time.Now(),
		up: t.limits.Up.Peer(), down: t.limits.Down.Peer(), weight: 1, limits: plane.NoLimits,
	}
	c.limit()
	c.heard = c.joined
	t.conns[c] = struct{}{}
	t.webs++
	c.note(plane.EventJoined, ours, pick.Block{})
	if t.picker != nil {
		c.open()
	}
	return &Source{c}
}

// unfold says what the web seed has, once it is known how many pieces there are.
func (c *conn) unfold() {
	t := c.t
	if c.early.all = c.web.Have.Len() != t.cfg.Pieces; !c.early.all {
		c.early.bits = c.web.Have.Bytes()
	}
	c.told = plane.FullBits(t.cfg.Pieces)
	t.picker.SetRuns(c.pk, int(max(1, runBytes/t.cfg.PieceLength)))
}

// least is how many blocks are asked of the web seed at least.
func (s *Spec) least(pieceLength int64) int {
	return int(max(leastBytes, min(2*pieceLength, runBytes))+pick.BlockSize-1) / pick.BlockSize
}

// Deliver takes whole blocks, without Buffer, whose bytes it copies. It waits while the
// disk has too much to do, and returns why the web seed must leave, if it must.
func (s *Source) Deliver(blocks []wire.Segment) error {
	c := s.c
	c.moved.Store(time.Now().UnixNano())
	for _, b := range blocks {
		if !c.t.cfg.Workers.stashOne(c.w.Done()) {
			return errGone
		}
		own := stashes.Get().(*[pick.BlockSize]byte)
		b.Data = own[:copy(own[:], b.Data)]
		c.block = append(c.block[:0], b)
		if err := c.landed(pick.Block{Piece: b.Piece, Begin: b.Block.Begin, Length: b.Block.Length}); err != nil {
			return err
		}
	}
	c.Flush()
	return nil
}

// Leave ends it; what was asked for is asked of others.
func (s *Source) Leave() { s.c.Left(nil) }
