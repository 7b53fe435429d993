package choke

import (
	"math/rand/v2"
	"slices"
	"testing"

	"piecewise/engine/internal/plane"
)

func newSuperseed(pieces int) *Superseed[string] {
	return NewSuperseed[string](pieces, rand.New(rand.NewPCG(5, 6)))
}

func some(n int, pieces ...int) plane.Bits {
	b := plane.MakeBits(n)
	for _, i := range pieces {
		b.Set(i)
	}
	return b
}

// pieces are what the offers to a peer are about.
func pieces(offers []Offer[string], key string) (list []int) {
	for _, o := range offers {
		if o.Key == key {
			list = append(list, o.Piece)
		}
	}
	return list
}

func TestTwoDifferentOffers(t *testing.T) {
	s := newSuperseed(6)
	seen := map[int]bool{}
	for _, key := range []string{"a", "b", "c"} {
		offers := pieces(s.Join(key, some(6), at(0)), key)
		if len(offers) != 2 {
			t.Fatalf("%s: offers %v", key, offers)
		}
		for _, piece := range offers {
			if seen[piece] {
				t.Errorf("piece %d is offered twice while others are not", piece)
			}
			seen[piece] = true
		}
		for piece := range 6 {
			if got := s.Allowed(key, piece); got != slices.Contains(offers, piece) {
				t.Errorf("%s: piece %d allowed: %v, offers %v", key, piece, got, offers)
			}
		}
	}
	if s.Allowed("stranger", 0) || s.Allowed("a", -1) || s.Allowed("a", 6) {
		t.Error("allows what it must not")
	}
}

func TestOffersTheRarest(t *testing.T) {
	s := newSuperseed(5)
	s.Watch("w", some(5, 0, 1))
	got := pieces(s.Join("a", some(5, 2), at(0)), "a")
	if slices.Sort(got); !slices.Equal(got, []int{3, 4}) {
		t.Errorf("offers %v: want 3 and 4, which nobody has", got)
	}
	if !s.Allowed("w", 3) || s.Allowed("w", 5) {
		t.Error("a watched peer may request every piece, and no other")
	}
}

func TestNextOffer(t *testing.T) {
	s := newSuperseed(20)
	a := pieces(s.Join("a", some(20), at(0)), "a")
	s.Join("b", some(20), at(0))
	if got := s.Have("a", a[0], at(1)); len(got) != 0 {
		t.Errorf("offers %v before anybody else has the piece", got)
	}
	if got := s.Have("a", a[0], at(1)); len(got) != 0 {
		t.Errorf("offers %v for the same Have", got)
	}
	if got := s.Have("b", a[0], at(2)); len(pieces(got, "a")) != 1 || len(got) != 1 {
		t.Errorf("offers %v after the piece was passed on, want one to a", got)
	}
	if got := s.Have("b", a[1], at(3)); len(got) != 0 {
		t.Errorf("offers %v, but a has not got the piece yet", got)
	}
	if got := s.Have("a", a[1], at(4)); len(pieces(got, "a")) != 1 {
		t.Errorf("offers %v for a piece that is elsewhere, want one to a", got)
	}
	if s.Have("a", 20, at(4)) != nil || s.Have("x", 1, at(4)) != nil {
		t.Error("offers for nonsense")
	}
}

// TestSameOffer has a piece that was shown to three peers, of which two have it.
func TestSameOffer(t *testing.T) {
	s := newSuperseed(2)
	for _, key := range []string{"a", "b", "c"} {
		s.Join(key, some(2), at(0))
	}
	s.Tick(at(10)) // nothing came of what a was shown
	piece := s.peers["c"].offers[0].piece
	s.Have("b", piece, at(11))
	s.Have("a", piece, at(12))
	if b, c := len(s.peers["b"].offers), len(s.peers["c"].offers); b != 1 || c != 1 {
		t.Errorf("%d and %d offers are open, want one each", b, c)
	}
}

// TestSlowHolder has all pieces shown, but one of them to somebody who is slow:
// after 10 s another one is shown it too, before any further copy.
func TestSlowHolder(t *testing.T) {
	s := newSuperseed(3)
	a := slices.Clone(pieces(s.Join("a", some(3), at(0)), "a"))
	b := slices.Clone(pieces(s.Join("b", some(3), at(0)), "b"))
	s.Join("c", some(3), at(0))
	s.Have("a", a[0], at(1))
	s.Have("a", a[1], at(1))
	for now := 2.0; now < 10; now++ {
		s.Sent("b", b[0], at(now))
		if got := s.Tick(at(now)); len(got) != 0 {
			t.Fatalf("%v s: offers %v, though every piece is on its way", now, got)
		}
	}
	if got := pieces(s.Tick(at(10)), "c"); !slices.Equal(got, b) {
		t.Errorf("offers %v to c, want %v", got, b)
	}
}

// TestDone counts those who have everything, or copies in a swarm that is slow.
func TestDone(t *testing.T) {
	for _, test := range []struct {
		name       string
		more, last int // pieces that two leeches get of others in the last 5 s
		want       bool
	}{
		{"two copies, and fast", 19, 39, false},
		{"two copies, and slow", 0, 30, true},
		{"two who have everything, and fast", 19, 40, false},
	} {
		s := newSuperseed(40)
		for _, key := range []string{"a", "b", "c", "d"} {
			s.Join(key, some(40), at(0))
		}
		s.Tick(at(0))
		for piece := range 40 { // a and b have halves of us, c has all of them
			g := s.peers[[]string{"a", "b"}[piece%2]]
			g.offers = append(g.offers, offer{piece: piece})
			s.load.add(piece)
			s.Have(g.key, piece, at(1))
			s.Have("c", piece, at(2))
		}
		s.Tick(at(5))
		for piece := range test.more {
			s.Have("a", 2*piece+1, at(6))
		}
		for piece := range test.last {
			s.Have("d", piece, at(6))
		}
		s.Tick(at(10))
		if got := s.Done(2); got != test.want || s.Copies() < 2 {
			t.Errorf("%s: done %v with %d copies", test.name, got, s.Copies())
		}
		s.Tick(at(15))
		if !s.Done(2) {
			t.Errorf("%s: not done, though the leeches got nothing for 5 s", test.name)
		}
	}
}

// Peers that leave once they have everything count: nobody asks in time.
func TestDoneWithThoseWhoLeft(t *testing.T) {
	s := newSuperseed(1)
	for i, peer := range []string{"a", "b"} {
		s.Join(peer, plane.MakeBits(1), at(0))
		s.Leave(peer) // with nothing
		s.Join(peer, plane.MakeBits(1), at(0))
		s.Have(peer, 0, at(1))
		s.Leave(peer)
		if done := s.Done(2); done != (i == 1) {
			t.Errorf("done is %v after %d had everything and left", done, i+1)
		}
	}
}

func TestSingleLeech(t *testing.T) {
	s := newSuperseed(5)
	next := pieces(s.Join("a", some(5), at(0)), "a")
	for n := 0; len(next) > 0; n++ {
		if n > 5 {
			t.Fatal("more offers than pieces")
		}
		next = append(next[1:], pieces(s.Have("a", next[0], at(0)), "a")...)
	}
	if s.Copies() != 1 || !s.Done(1) || s.Done(2) {
		t.Errorf("%d copies, want 1", s.Copies())
	}
	s.Leave("a")
	if s.Copies() != 0 {
		t.Errorf("%d copies after it left, want 0", s.Copies())
	}
	if offers := s.Join("full", plane.FullBits(5), at(0)); len(offers) != 0 {
		t.Errorf("offers to a seed: %v", offers)
	}
}

func TestOfferTime(t *testing.T) {
	s := newSuperseed(50)
	first := pieces(s.Join("a", some(50), at(0)), "a")
	s.Join("b", some(50), at(0))
	s.Sent("a", first[0], at(6))
	s.Have("b", s.peers["b"].offers[0].piece, at(5))
	for _, c := range []struct {
		now  float64
		a, b int
	}{{9.9, 0, 0}, {10, 1, 1}, {15, 0, 1}, {16, 1, 0}, {17, 0, 0}} {
		got := s.Tick(at(c.now))
		if len(pieces(got, "a")) != c.a || len(pieces(got, "b")) != c.b {
			t.Errorf("%v s: offers %v, want %d to a, %d to b", c.now, got, c.a, c.b)
		}
	}
	if !s.Allowed("a", first[1]) {
		t.Error("a piece that was shown is not allowed any more")
	}
}

func TestIdle(t *testing.T) {
	s := newSuperseed(5)
	a := slices.Clone(pieces(s.Join("a", some(5), at(0)), "a"))
	b := slices.Clone(pieces(s.Join("b", some(5), at(0)), "b"))
	s.Have("a", a[0], at(1))
	if got := s.Idle(at(2)); len(got) != 0 {
		t.Errorf("offers %v while both have something to fetch", got)
	}
	s.Have("a", a[1], at(1))
	last := s.Idle(at(2))
	if len(last) != 1 || last[0].Key != "a" {
		t.Fatalf("offers %v, want one to a, who has all it was shown", last)
	}
	s.Have("b", b[0], at(3))
	s.Have("b", b[1], at(3))
	if got := s.Idle(at(4)); len(got) != 0 {
		t.Errorf("offers %v after the last piece was shown", got)
	}
}

// TestRests has two leeches with a full copy among them.
func TestRests(t *testing.T) {
	s := newSuperseed(40)
	s.Watch("w", plane.FullBits(40))
	a := slices.Clone(pieces(s.Join("a", some(40), at(0)), "a"))
	s.Join("b", some(40), at(0))
	if got := slices.Concat(s.Have("a", a[0], at(1)), s.Have("a", a[1], at(1)), s.Have("b", a[0], at(2))); len(got) != 0 {
		t.Errorf("offers %v while there is a full copy", got)
	}
	if got := s.Tick(at(9)); len(got) != 0 {
		t.Errorf("offers %v within 10 s", got)
	}
	if got := s.Tick(at(10)); len(got) != 2 || len(pieces(got, "a")) != 1 {
		t.Errorf("offers %v after 10 s, want one to each", got)
	}
	s.Leave("w")
	if got := s.Tick(at(11)); len(got) != 2 || len(pieces(got, "a")) != 1 {
		t.Errorf("offers %v when the copy has gone, want one more to each", got)
	}
	s.Watch("w", plane.FullBits(40))
	s.Leave("b")
	if got := s.Have("a", s.peers["a"].offers[0].piece, at(12)); len(got) != 1 {
		t.Errorf("offers %v to the only leech, want one", got)
	}
}

// FuzzSuperseed does random things and compares the counts with plain ones.
func FuzzSuperseed(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255, 254, 253})
	f.Add([]byte("the quick brown fox jumps over the lazy dog"))
	f.Fuzz(func(t *testing.T, moves []byte) {
		const n = 12
		s := newSuperseed(n)
		names := []string{"a", "b", "c", "d"}
		shown := map[Offer[string]]bool{}
		for i, move := range moves[:min(len(moves), 500)] {
			key, piece, now := names[move%4], int(move>>4), at(float64(i))
			var offers []Offer[string]
			switch move / 4 % 4 {
			case 0:
				for p := range n {
					delete(shown, Offer[string]{key, p})
				}
				if offers = s.Join(key, some(n, piece, piece/2), now); piece == 15 {
					s.Leave(key)
					offers = nil
				}
			case 1, 2:
				offers = s.Have(key, piece, now)
			case 3:
				offers = append(slices.Clone(s.Tick(now)), s.Idle(now)...)
			}
			for _, o := range offers {
				if shown[o] || s.peers[o.Key].have.Has(o.Piece) {
					t.Fatalf("offer %v in vain", o)
				}
				shown[o] = true
			}
			s.check(t, shown)
		}
	})
}

func (s *Superseed[K]) check(t *testing.T, shown map[Offer[K]]bool) {
	t.Helper()
	n := len(s.copies.level)
	leeches, least := 0, len(s.peers)
	held := map[int]int{}
	for piece := range n {
		copies, load := 0, 0
		for key, g := range s.peers {
			if g.have.Has(piece) {
				copies++
			}
			for _, o := range g.offers {
				if o.piece == piece && o.there {
					held[piece]++
				} else if o.piece == piece {
					load++
				}
			}
			if s.Allowed(key, piece) != shown[Offer[K]{key, piece}] {
				t.Fatalf("piece %d, peer %v: allowed %v", piece, key, s.Allowed(key, piece))
			}
		}
		least = min(least, copies)
		if int(s.copies.level[piece]) != copies || int(s.load.level[piece]) != copies+load || s.held[piece] != held[piece] {
			t.Fatalf("piece %d: counted %d copies, load %d, held %d; want %d, %d, %d", piece,
				s.copies.level[piece], s.load.level[piece], s.held[piece], copies, copies+load, held[piece])
		}
	}
	for _, g := range s.peers {
		if !g.have.All() {
			leeches++
		}
	}
	if s.leeches != leeches || s.Copies() != least || len(s.order) != len(s.peers) {
		t.Fatalf("%d leeches, %d copies; want %d, %d", s.leeches, s.Copies(), leeches, least)
	}
}

// TestAid has a full copy among the leeches, who get the rest of each other: one
// piece of 40 comes from us, to the one that lacks most.
func TestAid(t *testing.T) {
	s := newSuperseed(200)
	for _, key := range []string{"a", "b", "c"} {
		s.Join(key, some(200), at(0))
	}
	for piece := range 200 {
		s.Have("a", piece, at(1))
	}
	var got []Offer[string]
	for piece := range 120 {
		got = append(got, s.Have("b", piece, at(2))...)
	}
	if len(got) != 3 || len(pieces(got, "c")) != 3 {
		t.Errorf("offers %v, want three to c", got)
	}
}
