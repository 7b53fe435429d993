package choke

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// swarm is a super-seed that sends a piece a step and leeches that send one
// every so many steps, each to whom it wants; a Have takes a step.
type swarm struct {
	seed   *Superseed[int]
	rand   *rand.Rand
	n      int
	have   []plane.Bits // what has arrived
	known  []plane.Bits // and what the others know of
	copies []int        // by piece, among the leeches
	sent   int          // by the seed
	full   int          // what it had sent when there was one full copy
	first  int          // and when that was
	step   int
	pause  int // steps in which a leech sends a piece
	eager  bool
}

func (s *swarm) now() time.Time { return epoch.Add(time.Duration(s.step) * time.Second / 32) }

// arrive gives a leech a piece.
func (s *swarm) arrive(leech, piece int) {
	s.have[leech].Set(piece)
	s.copies[piece]++
}

// choose is the rarest piece that from is known to have and to needs.
func (s *swarm) choose(to int, ok func(piece int) bool) (int, bool) {
	best := -1
	for i, from := 0, s.rand.IntN(s.n); i < s.n; i++ {
		piece := (from + i) % s.n
		if !s.have[to].Has(piece) && ok(piece) && (best < 0 || s.copies[piece] < s.copies[best]) {
			best = piece
		}
	}
	return best, best >= 0
}

// give lets someone who allows some pieces send one to a leech at random.
func (s *swarm) give(self int, ok func(to, piece int) bool) bool {
	for _, to := range s.rand.Perm(len(s.have)) {
		if to == self {
			continue
		}
		if piece, found := s.choose(to, func(piece int) bool { return ok(to, piece) }); found {
			s.arrive(to, piece)
			return true
		}
	}
	return false
}

// advance is one step; it reports whether every leech has all.
func (s *swarm) advance() bool {
	s.step++
	before := make([]plane.Bits, len(s.have))
	for i := range s.have {
		before[i] = s.have[i].Clone()
	}
	if s.give(-1, s.seed.Allowed) {
		s.sent++
	} else if s.eager {
		s.seed.Idle(s.now())
	}
	if s.full == 0 && slices.Min(s.copies) > 0 {
		s.full, s.first = s.sent, s.step
	}
	for leech := range s.have {
		if (s.step+leech)%s.pause == 0 {
			s.give(leech, func(_, piece int) bool { return s.known[leech].Has(piece) })
		}
	}
	if s.step%32 == 0 {
		s.seed.Tick(s.now())
	}
	done := true
	for leech := range s.have {
		for piece := range s.n {
			if before[leech].Has(piece) && !s.known[leech].Has(piece) {
				s.known[leech].Set(piece)
				s.seed.Have(leech, piece, s.now())
			}
		}
		done = done && s.have[leech].All()
	}
	return done
}

// TestSuperseedSwarm has one seed at 8 MB/s and seven leeches that give 4 MB/s
// each, or a 16th of that, share 64 MiB in pieces of 256 KiB, and counts what the
// seed had to send.
func TestSuperseedSwarm(t *testing.T) {
	const n, leeches = 256, 7
	for _, c := range []struct {
		name              string
		eager             bool
		pause             int
		full, total, time float64 // copies sent, and the time in times of one copy
	}{
		{"patient", false, 2, 1.05, 1.25, 1.8},
		{"eager", true, 2, 1.05, 1.25, 1.8},
		{"slow leeches, patient", false, 32, 1.05, 1.5, 40},
		{"slow leeches, eager", true, 32, 1.3, 1.6, 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(11, 12))
			s := &swarm{seed: NewSuperseed[int](n, r), rand: r, n: n, copies: make([]int, n), pause: c.pause, eager: c.eager}
			for leech := range leeches {
				s.have = append(s.have, plane.MakeBits(n))
				s.known = append(s.known, plane.MakeBits(n))
				s.seed.Join(leech, plane.MakeBits(n), s.now())
			}
			for !s.advance() {
				if s.step > 50*n {
					t.Fatal("the swarm does not finish")
				}
			}
			full, total, time := float64(s.full)/n, float64(s.sent)/n, float64(s.step)/n
			t.Logf("%s: %.3f copies sent for the first full copy, %.3f when all are done, after %.2f × the time of one copy (the first: %.2f)",
				c.name, full, total, time, float64(s.first)/n)
			if full > c.full || total > c.total || time > c.time {
				t.Errorf("more than %.2f copies, %.2f copies or %.2f × the time", c.full, c.total, c.time)
			}
		})
	}
}

func BenchmarkSuperseedHave(b *testing.B) {
	const n, peers = 16384, 500
	r := rand.New(rand.NewPCG(1, 1))
	s := NewSuperseed[int](n, r)
	for key := range peers {
		s.Join(key, plane.MakeBits(n), epoch)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i == n*peers/2 { // the lot has half of it
			i = 0
			b.StopTimer()
			for key := range peers {
				s.Join(key, plane.MakeBits(n), epoch)
			}
			b.StartTimer()
		}
		s.Have(i%peers, i/peers*7919%n, epoch)
	}
}
