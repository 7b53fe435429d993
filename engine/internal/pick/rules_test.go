package pick

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

var start = time.Unix(1000, 0)

// fixture returns a Picker of pieces of four blocks that wants everything.
func fixture(pieces int) *Picker {
	p := New(Config{Pieces: pieces, PieceLength: 4 * BlockSize, Length: int64(pieces) * 4 * BlockSize, Rand: rand.New(rand.NewPCG(1, 1))})
	p.SetWanted(plane.FullBits(pieces), plane.Bits{}, false)
	return p
}

func bitsOf(n int, pieces ...int) plane.Bits {
	b := plane.MakeBits(n)
	for _, i := range pieces {
		b.Set(i)
	}
	return b
}

// peer joins an unchoking peer with a rate; without pieces it is a seed.
func peer(p *Picker, rate float64, pieces ...int) *Peer {
	pr := p.Join()
	if len(pieces) == 0 {
		p.HasAll(pr)
	} else {
		p.HasBits(pr, bitsOf(p.c.Pieces, pieces...))
	}
	p.Unchoked(pr)
	p.SetRate(pr, rate)
	return pr
}

// picked returns the pieces of the next n blocks, in order and without repeats.
func picked(p *Picker, pr *Peer, n int) []int {
	var pieces []int
	for _, b := range p.Next(pr, n, start, nil) {
		pieces = append(pieces, b.Piece)
	}
	return slices.Compact(pieces)
}

// fetch lets a peer deliver whole pieces.
func fetch(t *testing.T, p *Picker, pr *Peer, blocks []Block) {
	t.Helper()
	for _, b := range blocks {
		if ok, done := p.Arrived(pr, b, start); !ok {
			t.Fatalf("%v is refused", b)
		} else if done {
			p.Verified(b.Piece)
		}
	}
}

func TestOrder(t *testing.T) {
	const fast, slow = 1e6, 100
	tests := []struct {
		name string
		want []int
		do   func(p *Picker) []int
	}{
		{"nothing of a peer that has nothing", nil, func(p *Picker) []int {
			pr := p.Join()
			p.Unchoked(pr)
			return picked(p, pr, 4)
		}},
		{"own piece first", []int{2}, func(p *Picker) []int {
			pr := peer(p, fast, 2, 3)
			peer(p, fast, 3)
			p.Next(pr, 2, start, nil)
			peer(p, fast, 2) // now as rare as the other
			peer(p, fast, 2)
			return picked(p, pr, 2)
		}},
		{"rarest first", []int{5, 1, 3}, func(p *Picker) []int {
			peer(p, fast, 1, 3)
			peer(p, fast, 3)
			return picked(p, peer(p, fast, 1, 3, 5), 12)
		}},
		{"seeds do not change what is rare", []int{4}, func(p *Picker) []int {
			for i := range 6 {
				if i != 4 {
					peer(p, fast, i)
				}
			}
			return picked(p, peer(p, fast), 4)
		}},
		{"an orphaned piece before a new one", []int{3}, func(p *Picker) []int {
			gone := peer(p, fast, 3)
			fetch(t, p, gone, p.Next(gone, 1, start, nil))
			p.Leave(gone)
			return picked(p, peer(p, fast), 3)
		}},
		{"a new piece before another's", []int{0}, func(p *Picker) []int {
			p.Next(peer(p, fast, 1), 1, start, nil)
			return picked(p, peer(p, fast, 0, 1), 4)
		}},
		{"another's when there is no new one", []int{0, 1}, func(p *Picker) []int {
			p.Next(peer(p, fast, 1), 1, start, nil)
			return picked(p, peer(p, fast, 0, 1), 8)
		}},
		{"slow peers share a piece", []int{1}, func(p *Picker) []int {
			p.Next(peer(p, slow, 1), 1, start, nil)
			return picked(p, peer(p, slow), 3)
		}},
		{"a slow peer leaves a fast one's piece alone", []int{0}, func(p *Picker) []int {
			p.Next(peer(p, fast, 1), 1, start, nil)
			return picked(p, peer(p, slow, 0, 1), 4)
		}},
		{"high before rare", []int{2, 5}, func(p *Picker) []int {
			peer(p, fast, 2)
			p.SetWanted(plane.FullBits(6), bitsOf(6, 2), false)
			return picked(p, peer(p, fast, 2, 5), 8)
		}},
		{"high of another before a normal one", []int{2}, func(p *Picker) []int {
			p.SetWanted(plane.FullBits(6), bitsOf(6, 2), false)
			p.Next(peer(p, fast, 2), 1, start, nil)
			return picked(p, peer(p, fast), 3)
		}},
		{"sequential", []int{0, 1, 3}, func(p *Picker) []int {
			p.SetWanted(plane.FullBits(6), plane.Bits{}, true)
			peer(p, fast, 0, 1)
			return picked(p, peer(p, fast, 5, 3, 1, 0), 12)
		}},
		{"only what is wanted and not here", []int{3}, func(p *Picker) []int {
			p.SetHave(bitsOf(6, 0, 1, 2))
			p.SetWanted(bitsOf(6, 0, 1, 2, 3), plane.Bits{}, false)
			return picked(p, peer(p, fast), 99)
		}},
		{"allowed-fast pieces only while choked", []int{4}, func(p *Picker) []int {
			pr := peer(p, fast)
			p.Choked(pr)
			p.AllowedFast(pr, 4)
			return picked(p, pr, 99)
		}},
		{"not again at once what was rejected", []int{3}, func(p *Picker) []int {
			pr := peer(p, fast, 2, 3)
			p.SetWanted(bitsOf(6, 2), plane.Bits{}, false)
			p.Rejected(pr, p.Next(pr, 1, start, nil)[0])
			p.SetWanted(plane.FullBits(6), plane.Bits{}, false)
			return picked(p, pr, 99)
		}},
	}
	for _, test := range tests {
		if got := test.do(fixture(6)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestRejectedIsPardoned(t *testing.T) {
	p := fixture(1)
	pr := peer(p, 1e6)
	p.Rejected(pr, p.Next(pr, 1, start, nil)[0])
	if got := p.Next(pr, 1, start, nil); len(got) > 0 {
		t.Fatal("asked again at once")
	}
	if got := p.Next(pr, 1, start.Add(11*time.Second), nil); len(got) != 1 {
		t.Fatal("never asked again")
	}
}

func TestDeliveryEndsRefusal(t *testing.T) {
	p := fixture(1)
	pr := peer(p, 1e6)
	blocks := p.Next(pr, 2, start, nil)
	p.Rejected(pr, blocks[0])
	if got := p.Next(pr, 1, start, nil); len(got) > 0 {
		t.Fatal("asked again at once")
	}
	fetch(t, p, pr, blocks[1:])
	if got := p.Next(pr, 1, start, nil); len(got) != 1 {
		t.Fatal("its queue was only full")
	}
}

func TestSteal(t *testing.T) {
	for _, test := range []struct {
		name         string
		victim, rate float64
		want         bool
	}{
		{"four times as fast", 10_000, 40_000, true},
		{"not fast enough", 10_000, 39_000, false},
		{"of a peer not known yet", 0, 1e9, false},
		{"by a peer not known yet", 10_000, 0, false},
	} {
		p := fixture(2)
		victim, thief := peer(p, test.victim), peer(p, test.rate)
		queue := p.Next(victim, 8, start, nil)
		got := p.Next(thief, 2, start, nil)
		if (len(got) == 2) != test.want || len(got)%2 != 0 {
			t.Errorf("%s: %d blocks", test.name, len(got))
			continue
		}
		cancels := p.Cancels(nil)
		if len(cancels) != len(got) || len(p.Cancels(nil)) != 0 {
			t.Errorf("%s: %d cancels", test.name, len(cancels))
		}
		for i, b := range got {
			if cancels[i] != (Cancel{victim, b}) || b != queue[7-i] {
				t.Errorf("%s: %v is not the tail", test.name, b)
			}
			if ok, _ := p.Arrived(victim, b, start); ok {
				t.Errorf("%s: still asked of the slow peer", test.name)
			}
		}
	}
}

// TestRelief lets an idle peer take a few blocks of a long queue.
func TestRelief(t *testing.T) {
	for _, test := range []struct {
		name      string
		rate      float64
		busy, len int
		want      int
	}{
		{"a long queue", 1e6, 0, 40, 4},
		{"a short queue", 1e6, 0, 8, 0},
		{"a peer that is not idle", 1e6, 4, 40, 0},
		{"a peer that would be later", 20_000, 0, 40, 0},
	} {
		p := fixture(12)
		victim, thief := peer(p, 1e6), peer(p, test.rate)
		p.Next(thief, test.busy, start, nil)
		p.Next(victim, test.len, start, nil)
		var rest []int
		for i := range p.c.Pieces {
			if p.active[i] != nil && p.active[i].free == 0 {
				rest = append(rest, i)
			}
		}
		p.SetWanted(bitsOf(12, rest...), plane.Bits{}, false)
		if got := p.Next(thief, 20, start, nil); len(got) != test.want {
			t.Errorf("%s: %d blocks, want %d", test.name, len(got), test.want)
		}
	}
}

func TestStealFromFurthestBehind(t *testing.T) {
	p := fixture(8)
	near, far := peer(p, 20_000), peer(p, 10_000)
	p.Next(near, 16, start, nil)
	p.Next(far, 16, start, nil)
	if got := p.Next(peer(p, 1e6), 1, start, nil); len(got) != 1 || p.Cancels(nil)[0].From != far {
		t.Error("the other queue is further behind")
	}
	silent := peer(p, 0)
	p.SetWanted(plane.FullBits(8), plane.Bits{}, false)
	p.TimedOut(near)
	p.Next(silent, 16, start, nil)
	if got := p.Next(peer(p, 1e6), 1, start.Add(3*time.Second), nil); len(got) != 1 || p.Cancels(nil)[0].From != silent {
		t.Error("a peer that never delivered is furthest behind")
	}
}

func TestPatienceOnlyOnce(t *testing.T) {
	p := fixture(8)
	silent, fast := peer(p, 0), peer(p, 1e6)
	p.Next(silent, 16, start, nil)
	p.SetWanted(plane.MakeBits(8), plane.Bits{}, false) // all that it was asked for is taken back
	p.SetWanted(plane.FullBits(8), plane.Bits{}, false)
	p.Cancels(nil)
	p.Next(silent, 1, start.Add(3*time.Second), nil) // it is asked again, having given nothing
	p.Next(fast, 31, start.Add(3*time.Second), nil)
	if got := p.Next(fast, 1, start.Add(3*time.Second), nil); len(got) != 1 || p.Cancels(nil)[0].From != silent {
		t.Errorf("took over %v of a peer that never gives anything", got)
	}
}

func TestEndGame(t *testing.T) {
	p := fixture(2)
	a, b, c := peer(p, 1e6), peer(p, 1e6), peer(p, 1e6)
	blocks := p.Next(a, 8, start, nil)
	if p.EndGame() || len(p.Next(b, 8, start, nil)) > 0 {
		t.Fatal("eight outstanding blocks are no end game")
	}
	fetch(t, p, a, blocks[:4])
	if !p.EndGame() || p.Left() != 4 {
		t.Fatalf("%d left", p.Left())
	}
	if got := p.Next(b, 8, start, nil); !slices.Equal(got, blocks[4:]) {
		t.Fatalf("%v", got)
	}
	if got := p.Next(c, 8, start, nil); len(got) > 0 {
		t.Fatal("three requesters of one block")
	}
	fetch(t, p, b, blocks[4:5])
	if got := p.Cancels(nil); !slices.Equal(got, []Cancel{{a, blocks[4]}}) {
		t.Fatalf("%v", got)
	}
	p.Choked(a)
	if p.Left() != 3 || p.requested != 3 {
		t.Fatal("the other request of a block stays when one is lost")
	}
	fetch(t, p, b, blocks[5:])
	if p.Left() != 0 || p.EndGame() || p.Interesting(a) {
		t.Fatal("not complete")
	}
}

func TestChoke(t *testing.T) {
	p := fixture(2)
	a, b := peer(p, 0), peer(p, 0)
	blocks := p.Next(a, 8, start, nil)
	p.ChokedFast(a)
	if p.Outstanding(a) != 8 || len(p.Next(a, 8, start, nil)) > 0 {
		t.Fatal("with the fast extension a choke frees nothing")
	}
	if !p.Rejected(a, blocks[0]) || !slices.Equal(p.Next(b, 8, start, nil), blocks[:1]) {
		t.Fatal("a rejected block is free")
	}
	if lost := p.Choked(a); !slices.Equal(lost, blocks[1:]) || len(p.Next(b, 8, start, nil)) != 7 {
		t.Fatal("a choke frees everything")
	}
	if ok, _ := p.Arrived(a, blocks[3], start); ok {
		t.Fatal("a block of a lost request is discarded")
	}
}

func TestTimedOut(t *testing.T) {
	p := fixture(4)
	pr := peer(p, 1e6)
	blocks := p.Next(pr, 16, start, nil)
	if lost := p.TimedOut(pr); len(lost) != 16 || !p.Snubbed(pr) {
		t.Fatal("a time-out frees everything")
	}
	got := p.Next(pr, 16, start, nil)
	if len(got) != 1 || len(p.Next(pr, 16, start, nil)) != 0 {
		t.Fatal("a snubbed peer has one request")
	}
	fetch(t, p, pr, got)
	if p.Snubbed(pr) || len(p.Next(pr, 16, start, nil)) != len(blocks)-1 {
		t.Fatal("a peer that delivers is trusted again")
	}
}

func TestFailed(t *testing.T) {
	p := fixture(1)
	a, b := peer(p, 0), peer(p, 0)
	for i, pr := range []*Peer{a, b, a, b} {
		if ok, done := p.Arrived(pr, p.Next(pr, 1, start, nil)[0], start); !ok || done != (i == 3) {
			t.Fatalf("block %d: %v %v", i, ok, done)
		}
	}
	if p.Left() != 0 || len(p.Next(a, 4, start, nil)) != 0 || p.States(nil)[0] != plane.Partial {
		t.Fatal("what awaits its hash is not picked")
	}
	if p.FailedBlock(Block{0, BlockSize, BlockSize}) != b || p.Left() != 1 {
		t.Fatal("a bad leaf frees its block")
	}
	if ok, done := p.Arrived(a, p.Next(a, 4, start, nil)[0], start); !ok || !done {
		t.Fatal("a freed block is picked again")
	}
	if got := p.Failed(0); !slices.Equal(got, []*Peer{a, a, a, b}) {
		t.Fatal("the wrong senders")
	}
	if p.Left() != 4 || p.States(nil)[0] != plane.Failed || len(p.Next(a, 9, start, nil)) != 4 {
		t.Fatal("a failed piece is fetched again")
	}
}

func TestUnwantedIsCancelled(t *testing.T) {
	p := fixture(2)
	pr := peer(p, 0)
	blocks := p.Next(pr, 8, start, nil)
	fetch(t, p, pr, blocks[:1])
	p.SetWanted(bitsOf(2, blocks[4].Piece), plane.Bits{}, false)
	if got := p.Cancels(nil); len(got) != 3 || p.Outstanding(pr) != 4 || p.Left() != 4 {
		t.Fatalf("%d cancels, %d outstanding, %d left", len(got), p.Outstanding(pr), p.Left())
	}
	p.SetWanted(plane.FullBits(2), plane.Bits{}, false)
	if got := p.Next(pr, 8, start, nil); !slices.Equal(got, blocks[1:4]) {
		t.Fatalf("what had arrived is kept: %v", got)
	}
}

// TestHostile passes what a peer may send; nothing of it may count or panic.
func TestHostile(t *testing.T) {
	p := fixture(2)
	pr := peer(p, 0)
	p.Next(pr, 8, start, nil)
	const most = int(^uint(0) >> 1)
	for _, b := range []Block{
		{-1, 0, BlockSize},
		{2, 0, BlockSize},
		{most, 0, 1},
		{0, -BlockSize, BlockSize},
		{0, 1, BlockSize},
		{0, 0, 0},
		{0, 0, BlockSize - 1},
		{0, 4 * BlockSize, BlockSize},
		{0, most - BlockSize + 1, BlockSize},
	} {
		if ok, _ := p.Arrived(pr, b, start); ok || p.Rejected(pr, b) || p.Requested(pr, b) || p.FailedBlock(b) != nil {
			t.Errorf("%v counts", b)
		}
	}
	if p.Has(pr, -1) || p.Has(pr, 2) || p.Has(p.Join(), most) {
		t.Error("a piece out of range counts")
	}
	p.AllowedFast(pr, -1)
	p.AllowedFast(pr, most)
	if len(pr.fast) > 0 || p.Outstanding(pr) != 8 {
		t.Error("an allowed-fast piece out of range counts")
	}
}

// TestQueueStaysShort answers everything but the oldest request.
func TestQueueStaysShort(t *testing.T) {
	p := fixture(2000)
	pr := peer(p, 1e6)
	head := p.Next(pr, 1, start, nil)[0]
	for p.Left() > 1 {
		fetch(t, p, pr, p.Next(pr, 8, start, nil))
	}
	if len(pr.queue) > 200 || !p.Requested(pr, head) {
		t.Errorf("a queue of %d for one request", len(pr.queue))
	}
	fetch(t, p, pr, []Block{head})
}

// TestPartialPieces begins no new piece while more are begun than the peers can
// finish soon; chokes leave many.
func TestPartialPieces(t *testing.T) {
	p := fixture(500)
	r := rand.New(rand.NewPCG(3, 3))
	var peers []*Peer
	for range 20 {
		peers = append(peers, peer(p, 1e6))
	}
	fresh := func() int { return len(p.order[normal].pieces) }
	crowded := 0
	for range 5000 {
		pr := peers[r.IntN(len(peers))]
		if r.IntN(4) == 0 {
			p.Choked(pr)
			p.Unchoked(pr)
			continue
		}
		was := fresh()
		blocks := p.Next(pr, min(1+r.IntN(6), 8-p.Outstanding(pr)), start, nil)
		if len(p.open) > 20*3/2+3 {
			crowded++
			if fresh() < was {
				t.Fatalf("a new piece, %d are begun", len(p.open))
			}
		}
		for _, b := range blocks {
			if r.IntN(3) == 0 {
				p.Arrived(pr, b, start)
			}
		}
	}
	if crowded == 0 {
		t.Fatal("never crowded")
	}
}
