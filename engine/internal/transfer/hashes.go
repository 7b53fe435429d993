package transfer

import (
	"encoding/binary"
	"time"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/wire"
)

// The messages of BEP 52: which hashes are asked for, and the hashes.

const (
	asksPerSecond = 128  // that a peer gets an answer to
	maxAsks       = 4096 // that wait for one
	maxRange      = 1024 // nodes that are asked for and sent at once
	rangeSize     = 32 + 4*4
)

func parseRange(b []byte) hash.Range {
	u := func(i int) int { return int(binary.BigEndian.Uint32(b[32+4*i:])) }
	return hash.Range{Root: hash.Sum(b[:32]), Base: u(0), Index: u(1), Count: u(2), Proof: u(3)}
}

func appendRange(b []byte, r hash.Range) []byte {
	b = append(b, r.Root[:]...)
	for _, n := range []int{r.Base, r.Index, r.Count, r.Proof} {
		b = binary.BigEndian.AppendUint32(b, uint32(n))
	}
	return b
}

// isV2 reports whether the peer takes the torrent for a v2 one; others know nothing
// of hashes.
func (c *conn) isV2(v2 [20]byte) bool { return v2 != [20]byte{} && c.info.InfoHash == v2 }

// hashes deals with a message of BEP 52. t.mu is held.
func (c *conn) hashes(m wire.Message, now time.Time) {
	t, r := c.t, parseRange(m.Bits)
	switch {
	case m.Kind == wire.HashRequest:
		if t.picker == nil || len(t.cfg.Hashes.Trees) == 0 || len(c.asks) >= maxAsks {
			c.sendRange(wire.HashReject, r, nil)
			return
		}
		c.asks = append(c.asks, r)
		c.answer()
	case t.layers != nil:
		t.layers.got(c, r, m.Bits[rangeSize:], now)
	default:
		t.testify(c, r, m.Bits[rangeSize:], now)
	}
}

func (c *conn) sendRange(kind wire.Kind, r hash.Range, nodes []hash.Sum) {
	b := appendRange(make([]byte, 0, rangeSize+len(nodes)*32), r)
	for _, n := range nodes {
		b = append(b, n[:]...)
	}
	c.w.Send(wire.Message{Kind: kind, Bits: b})
}

// answer answers what the peer has asked for, as far as its budget goes. t.mu is held.
func (c *conn) answer() {
	for len(c.asks) > 0 && c.budget > 0 {
		r := c.asks[0]
		if c.asks = c.asks[1:]; len(c.asks) == 0 {
			c.asks = nil
		}
		c.budget--
		if r.Count > maxRange {
			c.sendRange(wire.HashReject, r, nil)
			continue
		}
		nodes, piece, ok := c.t.cfg.Hashes.Nodes(nil, r)
		switch {
		case !ok || piece >= 0 && !c.t.have.Has(piece):
			c.sendRange(wire.HashReject, r, nil)
		case piece < 0:
			c.sendRange(wire.Hashes, r, nodes)
		default:
			c.budget = 0 // a whole piece is read
			select {
			case c.t.crew.Load().jobs <- &reading{c, r, piece, nodes}:
			default: // the workers have enough to do
				c.sendRange(wire.HashReject, r, nil)
			}
		}
	}
}

// reading is the leaves of a piece that a peer has asked for.
type reading struct {
	c     *conn
	r     hash.Range
	piece int
	proof []hash.Sum
}

// work reads and hashes the piece.
func (j *reading) work() {
	t := j.c.t
	all := make([]hash.Sum, 0, j.r.Count+len(j.proof))
	p := piece{t: t, index: j.piece, size: t.pieceSize(j.piece)}
	if p.each(0, func(b []byte) { all = hash.AppendLeaves(all, b) }) != nil {
		j.c.sendRange(wire.HashReject, j.r, nil)
		return
	}
	j.c.sendRange(wire.Hashes, j.r, append(all[:j.r.Count], j.proof...))
}

// lose takes back what a peer that leaves was asked for. t.mu is held.
func (t *Torrent) lose(c *conn, now time.Time) {
	if t.fetch != nil {
		t.fetch.leave(c, now)
	}
	if t.layers != nil {
		l := t.layers
		l.lose(c)
		l.ask(t, now)
		l.givesUp(t, now)
	}
	for _, x := range t.trials {
		if x.asked == c {
			t.summon(x, now)
		}
	}
}
