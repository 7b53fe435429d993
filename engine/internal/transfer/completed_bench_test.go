package transfer

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// deafLink is the end of a connection at which nothing is heard.
type deafLink struct{ info wire.Info }

func (l deafLink) Info() wire.Info         { return l.info }
func (deafLink) Send(wire.Message)         {}
func (deafLink) Wake()                     {}
func (deafLink) Close(error)               {}
func (deafLink) Done() <-chan struct{}     { return nil }
func (deafLink) Overhead() (in, out int64) { return 0, 0 }

// BenchmarkCompleted is a piece that is right among 500 peers that have half of all
// pieces: what is kept of it, and that all are told, without the sockets.
func BenchmarkCompleted(b *testing.B) {
	for _, pieces := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(pieces), func(b *testing.B) {
			next := pieces
			var to *Torrent
			for b.Loop() {
				if next == pieces {
					b.StopTimer()
					if to != nil {
						to.Close()
					}
					to, next = deaf(pieces, 500), 0
					b.StartTimer()
				}
				to.finished(&piece{t: to, index: next}, verdict{right: true})
				next++
			}
			to.Close()
		})
	}
}

// deaf makes a torrent without files, of which all is wanted, and connects peers.
func deaf(pieces, peers int) *Torrent {
	to := New(Limits{})
	to.cfg.Pieces, to.cfg.Verified, to.have = pieces, func(int) {}, plane.MakeBits(pieces)
	to.picker = pick.New(pick.Config{
		Pieces: pieces, PieceLength: 4 * block, Length: int64(pieces) * 4 * block, Rand: rand.New(rand.NewPCG(1, 1)),
	})
	to.picker.SetWanted(plane.FullBits(pieces), plane.Bits{}, false)
	half := plane.MakeBits(pieces)
	for i := range pieces / 2 {
		half.Set(2 * i)
	}
	for i := range peers {
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(i >> 8), byte(i)}), 1)
		c := to.join(deafLink{wire.Info{Addr: addr, PeerID: [20]byte{byte(i >> 8), byte(i)}}})
		c.gotBits(half.Bytes())
		c.introduced = true
	}
	return to
}
