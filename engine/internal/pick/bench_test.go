package pick

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// crowd returns a Picker of n pieces of 16 blocks that wants all of them, with
// 500 unchoking peers that have a random half of the pieces.
func crowd(n int) (*Picker, []*Peer) {
	r := rand.New(rand.NewPCG(1, 2))
	p := New(Config{Pieces: n, PieceLength: 16 * BlockSize, Length: int64(n) * 16 * BlockSize, Rand: r})
	p.SetWanted(plane.FullBits(n), plane.Bits{}, false)
	peers := make([]*Peer, 500)
	for k := range peers {
		peers[k] = p.Join()
		have := plane.MakeBits(n)
		for i := range n {
			if r.IntN(2) == 0 {
				have.Set(i)
			}
		}
		p.HasBits(peers[k], have)
		p.Unchoked(peers[k])
		p.SetRate(peers[k], 1e6)
	}
	return p, peers
}

func sizes(b *testing.B, f func(b *testing.B, n int)) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { f(b, n) })
	}
}

// BenchmarkHave is one Have of one of 500 peers.
func BenchmarkHave(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		p, _ := crowd(n)
		pr := p.Join()
		piece := 0
		for b.Loop() {
			if piece = (piece + 7919) % n; !p.Has(pr, piece) {
				b.StopTimer()
				p.HasNone(pr)
				b.StartTimer()
			}
		}
	})
}

// BenchmarkPick is one block, picked in batches of eight among 500 peers, and
// its arrival; whoever finds nothing starts the torrent anew.
func BenchmarkPick(b *testing.B) {
	sizes(b, func(b *testing.B, n int) { benchPick(b, n, 8, nil) })
}

// BenchmarkFew is the same when every peer has only ten thousandths of the
// pieces that are not among the rarest, so that the front of the order is of no
// use to it.
func BenchmarkFew(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		benchPick(b, n, 8, func(i int) bool { return i%100 == 99 })
	})
}

func benchPick(b *testing.B, n, batch int, only func(int) bool) {
	b.Helper()
	now := time.Unix(1, 0)
	var blocks []Block
	p, peers := crowd(n)
	if only != nil {
		have := plane.MakeBits(n)
		for i := range n {
			if only(i) {
				have.Set(i)
			}
		}
		for _, pr := range peers[:50] {
			p.HasBits(pr, have)
		}
		peers = peers[:50]
	}
	k := 0
	for b.Loop() {
		if len(blocks) == 0 {
			k = (k + 1) % len(peers)
			if blocks = p.Next(peers[k], batch, now, blocks); len(blocks) == 0 {
				b.StopTimer()
				p.SetHave(plane.Bits{}) // all verified is forgotten
				blocks = p.Next(peers[k], batch, now, blocks)
				b.StartTimer()
			}
		}
		last := blocks[len(blocks)-1]
		blocks = blocks[:len(blocks)-1]
		if _, done := p.Arrived(peers[k], last, now); done {
			p.Verified(last.Piece)
		}
	}
}

// BenchmarkVerified is a piece that 500 peers are told apart by.
func BenchmarkVerified(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		p, _ := crowd(n)
		piece := 0
		for b.Loop() {
			if piece = (piece + 1) % n; piece == 0 {
				b.StopTimer()
				p.SetHave(plane.Bits{})
				b.StartTimer()
			}
			p.Verified(piece)
		}
	})
}

// BenchmarkWanted is a change of what is wanted.
func BenchmarkWanted(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		p, _ := crowd(n)
		first := plane.MakeBits(n)
		first.Set(0)
		for b.Loop() {
			p.SetWanted(plane.FullBits(n), first, false)
		}
	})
}

// BenchmarkJoin is a peer that comes with half of the pieces and leaves.
func BenchmarkJoin(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		p, _ := crowd(n)
		have := plane.MakeBits(n)
		for i := range n / 2 {
			have.Set(i * 2)
		}
		for b.Loop() {
			pr := p.Join()
			p.HasBits(pr, have)
			p.Leave(pr)
		}
	})
}

// BenchmarkStarved is a call of Next that finds nothing: all is asked of 499
// others.
func BenchmarkStarved(b *testing.B) {
	sizes(b, func(b *testing.B, n int) {
		p, peers := crowd(n)
		now := time.Unix(1, 0)
		pr := p.Join()
		p.HasAll(pr)
		p.Unchoked(pr)
		p.SetRate(pr, 100) // too slow to relieve or to steal
		for p.Left() > p.requested {
			for _, other := range peers {
				p.Next(other, 100, now, nil)
			}
		}
		for b.Loop() {
			if got := p.Next(pr, 8, now, nil); len(got) > 0 {
				b.Fatal("there was something")
			}
		}
	})
}
