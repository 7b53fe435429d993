package transfer

import (
	"slices"
	"time"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/wire"
)

const (
	maxWitnesses    = 8               // peers that are asked what the leaves of a wrong piece should be
	witnessPatience = 5 * time.Second // with each of them
)

// trial is a piece of a v2 torrent that is all there and wrong. Somebody is asked
// for the hashes of its blocks, which are proved by the hash of the piece: then it
// is known which blocks are wrong, only those are fetched again, and only who sent
// them is banned.
type trial struct {
	p     *piece
	v     verdict
	asked *conn
	heard []*conn // who was asked
	until time.Time
}

// try begins a trial, false if there can be none. t.mu is held.
func (t *Torrent) try(p *piece, v verdict) bool {
	switch {
	case p.leaves == nil:
		return false
	case p.proved != nil:
		t.convict(p, p.proved)
		return true
	case len(p.leaves) == 1 || t.cfg.Hashes.Leaves(p.index).Count > maxRange:
		return false
	}
	x := &trial{p: p, v: v}
	t.trials[p.index] = x
	return t.summon(x, time.Now())
}

// summon asks the next peer, those first who have not sent of the piece. Without
// one the piece comes again as a whole, and the result is false.
func (t *Torrent) summon(x *trial, now time.Time) bool {
	var next *conn
	for c := range t.conns {
		if !c.isV2(t.cfg.V2) || c.noHashes || !c.has.Has(x.p.index) || slices.Contains(x.heard, c) {
			continue
		}
		if next == nil || !slices.Contains(x.p.from, c) {
			next = c
		}
	}
	if x.asked = next; next == nil || len(x.heard) >= maxWitnesses || t.closed {
		delete(t.trials, x.p.index)
		delete(t.active, x.p.index)
		t.again(x.p, x.v)
		return false
	}
	x.heard, x.until = append(x.heard, next), now.Add(witnessPatience)
	next.sendRange(wire.HashRequest, t.cfg.Hashes.Leaves(x.p.index), nil)
	return true
}

// judge asks others where a peer has not answered. t.mu is held.
func (t *Torrent) judge(now time.Time) {
	for _, x := range t.trials {
		if now.After(x.until) {
			t.summon(x, now)
		}
	}
}

// testify takes what a peer says of the leaves of a piece. t.mu is held.
func (t *Torrent) testify(c *conn, r hash.Range, nodes []byte, now time.Time) {
	for _, x := range t.trials {
		if x.asked != c || t.cfg.Hashes.Leaves(x.p.index) != r {
			continue
		}
		leaves := make([]hash.Sum, len(x.p.leaves))
		if len(nodes) == 32*r.Count {
			for i := range leaves {
				leaves[i] = hash.Sum(nodes[32*i:])
			}
		}
		if !t.cfg.Hashes.Right(x.p.index, slices.Clone(leaves)) { // refused, or a lie
			t.summon(x, now)
			return
		}
		delete(t.trials, x.p.index)
		x.p.proved = leaves
		t.convict(x.p, leaves)
		t.refillIdle(now)
		return
	}
}

// convict gives the wrong blocks of a piece back and bans who sent them.
func (t *Torrent) convict(p *piece, right []hash.Sum) {
	var guilty []*conn
	for i, leaf := range right {
		if p.leaves[i] == leaf {
			continue
		}
		begin := int64(i) * pick.BlockSize
		size := min(pick.BlockSize, p.size-begin)
		t.picker.FailedBlock(pick.Block{Piece: p.index, Begin: int(begin), Length: int(size)})
		t.wasted.Add(size)
		if c := p.from[i]; !slices.Contains(guilty, c) {
			guilty = append(guilty, c)
		}
		p.done -= size
	}
	if p.hash != nil { // of a hybrid, which is read back
		p.hash.Reset()
		p.hashed = 0
	}
	t.version.Add(1)
	for _, c := range guilty {
		t.ban(c.info.Addr, p.index)
	}
	if p.done == 0 { // the picker has forgotten it
		delete(t.active, p.index)
	}
}
