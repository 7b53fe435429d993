package transfer

import (
	"crypto/sha1"
	"encoding/binary"
	"net/netip"
	"slices"

	"piecewise/engine/internal/wire"
)

const (
	allowedPieces = 10      // pieces that a peer may ask for while choked, BEP 6
	maxGift       = 1 << 20 // bytes that it gets of them, but at least one piece
)

// gift is what a peer gets though it is choked, so that it has something to give.
type gift struct {
	pieces []uint32
	left   int64 // bytes
}

// give tells a newcomer which pieces it may ask for while it is choked.
func (c *conn) give() {
	t := c.t
	if !c.mayGive() || c.gift.pieces != nil {
		return
	}
	for _, i := range allowedFast(c.info.InfoHash, c.info.Addr.Addr(), t.cfg.Pieces, allowedPieces) {
		if t.have.Has(int(i)) && !c.has.Has(int(i)) {
			c.gift.pieces, c.untold = append(c.gift.pieces, i), true
			c.w.Send(wire.Message{Kind: wire.AllowedFast, Index: i})
		}
	}
	c.gift.left = max(maxGift, t.cfg.PieceLength)
}

// mayGive reports whether the peer gets anything while it is choked.
func (c *conn) mayGive() bool {
	return c.pk != nil && c.info.Fast && c.count < allowedPieces && c.t.slots > 0 && c.up.Rate() != 0 && c.t.super == nil
}

// given reports whether a request of a choked peer is served, and counts it.
func (c *conn) given(r request) bool {
	if !c.mayGive() || int64(r.length) > c.gift.left || !slices.Contains(c.gift.pieces, r.piece) {
		return false
	}
	c.gift.left -= int64(r.length)
	return true
}

// allowedFast returns k pieces that a peer with this address may ask for while it
// is choked, the same ones whenever it comes (BEP 6). Of an IPv6 address the
// network is what counts.
func allowedFast(infoHash [20]byte, addr netip.Addr, pieces, k int) []uint32 {
	network := 24
	if addr = addr.Unmap(); addr.Is6() {
		network = 64
	}
	prefix, err := addr.Prefix(network)
	if err != nil {
		return nil
	}
	k = min(k, pieces)
	set := make([]uint32, 0, k)
	x := append(prefix.Masked().Addr().AsSlice(), infoHash[:]...)
	for len(set) < k {
		sum := sha1.Sum(x)
		x = sum[:]
		for i := 0; i < len(x) && len(set) < k; i += 4 {
			if piece := binary.BigEndian.Uint32(x[i:]) % uint32(pieces); !slices.Contains(set, piece) {
				set = append(set, piece)
			}
		}
	}
	return set
}
