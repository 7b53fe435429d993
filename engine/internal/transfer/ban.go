package transfer

import (
	"errors"
	"hash/maphash"
	"net/netip"
	"slices"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// ErrCorrupt is why the connections to a peer end that sent wrong bytes.
var ErrCorrupt = errors.New("it sent a piece with a wrong hash")

const (
	maxSuspected = 64 // pieces of which evidence is kept
	maxRounds    = 8  // times that a piece may fail before no more is gathered
)

// evidence is what was sent of a piece when its hash was wrong.
type evidence struct {
	from []netip.AddrPort // who sent each block
	sums []uint64         // of the blocks
}

// court finds out who sent the wrong block of a piece that came from several
// peers: whoever sent another one than was found right later.
type court struct {
	seed   maphash.Seed // secret, so that nobody can make two blocks look alike
	pieces map[int][]evidence
}

func newCourt() court { return court{maphash.MakeSeed(), map[int][]evidence{}} }

// fail judges a piece whose hash is wrong. A single sender is guilty at once.
func (c *court) fail(piece int, e evidence) (guilty []netip.AddrPort) {
	one := func(a netip.AddrPort) bool { return wire.Culprit(a) == wire.Culprit(e.from[0]) }
	if len(e.from) == 0 {
		return nil
	}
	if !slices.ContainsFunc(e.from, func(a netip.AddrPort) bool { return !one(a) }) {
		return e.from[:1]
	}
	rounds := c.pieces[piece]
	if e.sums != nil && len(rounds) < maxRounds && (rounds != nil || len(c.pieces) < maxSuspected) {
		c.pieces[piece] = append(rounds, e)
	}
	return nil
}

// pass judges those who sent a piece wrongly before, now that it is right.
func (c *court) pass(piece int, sums []uint64) (guilty []netip.AddrPort) {
	for _, e := range c.pieces[piece] {
		for i := range min(len(sums), len(e.sums)) {
			if e.sums[i] != sums[i] && !slices.Contains(guilty, e.from[i]) {
				guilty = append(guilty, e.from[i])
			}
		}
	}
	delete(c.pieces, piece)
	return guilty
}

// suspects reports whether the blocks of a piece are of interest once it is right.
func (c *court) suspects(piece int) bool { return c.pieces[piece] != nil }

// ban ends all connections with a peer that sent wrong bytes of a piece. t.mu is
// held.
func (t *Torrent) ban(addr netip.AddrPort, piece int) {
	for c := range t.conns {
		if wire.Culprit(c.info.Addr) == wire.Culprit(addr) {
			c.w.Close(ErrCorrupt)
		}
	}
	if t.cfg.Banned != nil && !plane.IsWebSeed(addr) {
		t.cfg.Banned(addr, piece)
	}
}
