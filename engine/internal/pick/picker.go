// Package pick has the rules by which blocks are chosen: which block to ask
// which peer for next. It is pure: it waits for nothing, starts nothing, locks
// nothing and is told the time. The caller holds one lock a torrent around it.
package pick

import (
	"math/rand/v2"
	"time"

	"piecewise/engine/internal/plane"
)

// BlockSize is the unit of transfer in bytes; only the last block of a piece
// may be shorter (BEP 3).
const BlockSize = 16 << 10

// Config says what a torrent looks like.
type Config struct {
	Pieces      int
	PieceLength int64 // bytes, of every piece but the last
	Length      int64 // bytes, of the whole torrent
	Rand        *rand.Rand
}

// Block is a part of a piece; Begin and Length are bytes within it.
type Block struct{ Piece, Begin, Length int }

// Cancel is a request that is no longer of use: the peer is to be told so.
type Cancel struct {
	From  *Peer
	Block Block
}

// Picker chooses the blocks of one torrent.
type Picker struct{ c Config }

// Peer is one connection as the picker sees it.
type Peer struct{ outstanding int }

// New returns a Picker that has nothing and wants nothing yet.
func New(c Config) *Picker { return &Picker{c: c} }

func (p *Picker) SetHave(have plane.Bits)                                  {}
func (p *Picker) SetWanted(pieces, high plane.Bits, sequential bool)       {}
func (p *Picker) Join() *Peer                                              { return &Peer{} }
func (p *Picker) Leave(pr *Peer)                                           {}
func (p *Picker) Has(pr *Peer, piece int) (isNew bool)                     { return false }
func (p *Picker) HasAll(pr *Peer)                                          {}
func (p *Picker) HasNone(pr *Peer)                                         {}
func (p *Picker) HasBits(pr *Peer, bits plane.Bits)                        {}
func (p *Picker) Interesting(pr *Peer) bool                                { return false }
func (p *Picker) Choked(pr *Peer) (lost []Block)                           { return nil } // without fast extension: all requests are void
func (p *Picker) ChokedFast(pr *Peer)                                      {}             // BEP 6: requests stay until Arrived, Rejected, TimedOut
func (p *Picker) Unchoked(pr *Peer)                                        {}
func (p *Picker) AllowedFast(pr *Peer, piece int)                          {}
func (p *Picker) SetRate(pr *Peer, bytesPerSecond float64)                 {}
func (p *Picker) Next(pr *Peer, n int, now time.Time, dst []Block) []Block { return dst }
func (p *Picker) Cancels(dst []Cancel) []Cancel                            { return dst }
func (p *Picker) Arrived(pr *Peer, b Block, now time.Time) (ok, done bool) { return false, false }
func (p *Picker) Rejected(pr *Peer, b Block) bool                          { return false }
func (p *Picker) TimedOut(pr *Peer) (lost []Block)                         { return nil }
func (p *Picker) Verified(piece int)                                       {}
func (p *Picker) Failed(piece int) []*Peer                                 { return nil } // per block, who sent it
func (p *Picker) Outstanding(pr *Peer) int                                 { return pr.outstanding }
func (p *Picker) Requested(pr *Peer, b Block) bool                         { return false } // does pr owe us b?
func (p *Picker) Availability(dst []uint16) []uint16                       { return dst }
func (p *Picker) States(dst []plane.PieceState) []plane.PieceState         { return dst }
func (p *Picker) Left() int                                                { return 0 }
func (p *Picker) EndGame() bool                                            { return false }
func (p *Picker) Snubbed(pr *Peer) bool                                    { return false }
