package pick

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// model is a Picker with what a naive bookkeeper knows about it.
type model struct {
	t      *testing.T
	r      *rand.Rand
	p      *Picker
	c      Config
	now    time.Time
	peers  []*modelPeer
	have   []bool
	wanted []bool
	sent   map[Block]*Peer // arrived and not failed
}

type modelPeer struct {
	pr     *Peer
	has    []bool
	choked bool
	fast   []int
	asked  []Block
}

func newModel(t *testing.T, seed uint64, pieces int) *model {
	m := &model{t: t, r: rand.New(rand.NewPCG(seed, 1)), sent: map[Block]*Peer{}, now: time.Unix(1, 0)}
	perPiece := int64(1 + m.r.IntN(5))
	length := int64(pieces)*perPiece*BlockSize - m.r.Int64N(perPiece*BlockSize)
	m.c = Config{Pieces: pieces, PieceLength: perPiece * BlockSize, Length: length, Rand: m.r, Lot: 1 << 63}
	m.p = New(m.c)
	m.have, m.wanted = make([]bool, pieces), make([]bool, pieces)
	have := plane.MakeBits(pieces)
	for i := range pieces {
		if m.have[i] = m.r.IntN(8) == 0; m.have[i] {
			have.Set(i)
		}
	}
	m.p.SetHave(have)
	m.want(4)
	return m
}

// want wants each piece but one in k; k = 0 wants all.
func (m *model) want(k int) {
	wanted, first := plane.MakeBits(m.c.Pieces), plane.MakeBits(m.c.Pieces)
	for i := range m.c.Pieces {
		if m.wanted[i] = k == 0 || m.r.IntN(k) != 0; m.wanted[i] {
			wanted.Set(i)
		}
		if m.r.IntN(6) == 0 {
			first.Set(i)
		}
	}
	m.p.SetWanted(wanted, first, m.r.IntN(3) == 0)
	m.cancels()
}

// hurry gives some pieces deadlines, some of them past.
func (m *model) hurry() {
	var all []Deadline
	for range m.r.IntN(8) {
		all = append(all, Deadline{m.r.IntN(m.c.Pieces+2) - 1, m.now.Add(time.Duration(m.r.IntN(20)-4) * time.Second)})
	}
	m.p.SetDeadlines(all)
}

func (m *model) cancels() {
	for _, c := range m.p.Cancels(nil) {
		for _, q := range m.peers {
			if q.pr == c.From {
				i := slices.Index(q.asked, c.Block)
				if i < 0 {
					m.t.Fatalf("cancel of %v, which was not asked for", c.Block)
				}
				q.asked = slices.Delete(q.asked, i, i+1)
			}
		}
	}
}

func (m *model) join() {
	q := &modelPeer{pr: m.p.Join(), has: make([]bool, m.c.Pieces), choked: true}
	m.peers = append(m.peers, q)
	if m.r.IntN(2) == 0 {
		m.p.SetLot(q.pr, m.r.Uint64())
	}
	switch m.r.IntN(4) {
	case 0:
		for i := range q.has {
			q.has[i] = true
		}
		m.p.HasAll(q.pr)
	case 1, 2:
		bits := plane.MakeBits(m.c.Pieces)
		density := 1 + m.r.IntN(4)
		for i := range q.has {
			if q.has[i] = m.r.IntN(density) == 0; q.has[i] {
				bits.Set(i)
			}
		}
		m.p.HasBits(q.pr, bits)
	default:
		m.p.HasNone(q.pr)
	}
}

func (m *model) next(q *modelPeer, n int) {
	was := len(q.asked)
	got := m.p.Next(q.pr, n, m.now, nil)
	if len(got) > n {
		m.t.Fatalf("%d blocks, asked for %d", len(got), n)
	}
	m.cancels()
	for _, b := range got {
		switch {
		case q.choked && !slices.Contains(q.fast, b.Piece):
			m.t.Fatalf("piece %d of a peer that chokes us", b.Piece)
		case slices.Contains(q.asked, b):
			m.t.Fatalf("%v twice of one peer", b)
		case !q.has[b.Piece] || !m.wanted[b.Piece] || m.have[b.Piece] || m.sent[b] != nil:
			m.t.Fatalf("%v makes no sense", b)
		}
		q.asked = append(q.asked, b)
	}
	if m.p.Snubbed(q.pr) && len(q.asked) > max(1, was) {
		m.t.Fatalf("%d requests of a snubbed peer", len(q.asked))
	}
}

// arrive delivers one of a peer's blocks and judges the piece when it is done.
func (m *model) arrive(q *modelPeer, i int) {
	b := q.asked[i]
	q.asked = slices.Delete(q.asked, i, i+1)
	ok, done := m.p.Arrived(q.pr, b, m.now)
	if !ok {
		m.t.Fatalf("%v was asked for and is refused", b)
	}
	if again, _ := m.p.Arrived(q.pr, b, m.now); again {
		m.t.Fatalf("%v twice", b)
	}
	m.cancels()
	m.sent[b] = q.pr
	complete := true
	for k := range m.p.blocks(b.Piece) {
		complete = complete && m.sent[m.p.block(b.Piece, k)] != nil
	}
	if done != complete {
		m.t.Fatalf("piece %d: done %v, want %v", b.Piece, done, complete)
	}
	switch {
	case done && m.r.IntN(4) == 0:
		m.fail(b.Piece)
	case done:
		m.have[b.Piece] = true
		m.p.Verified(b.Piece)
	}
}

func (m *model) fail(piece int) {
	for k, sender := range m.p.Failed(piece) {
		if b := m.p.block(piece, k); m.sent[b] != sender {
			m.t.Fatalf("%v is blamed on the wrong peer", b)
		} else {
			delete(m.sent, b)
		}
	}
}

func (m *model) step() {
	m.now = m.now.Add(time.Duration(m.r.IntN(1000)) * time.Millisecond)
	if len(m.peers) == 0 || m.r.IntN(25) == 0 && len(m.peers) < 12 {
		m.join()
		return
	}
	at := m.r.IntN(len(m.peers))
	q := m.peers[at]
	piece := m.r.IntN(m.c.Pieces)
	switch m.r.IntN(16) {
	case 0:
		if m.p.Has(q.pr, piece) == q.has[piece] {
			m.t.Fatalf("a have of piece %d is judged wrong", piece)
		}
		q.has[piece] = true
	case 1:
		m.drop(q, m.p.Choked(q.pr))
		q.choked = true
	case 2:
		m.p.ChokedFast(q.pr)
		q.choked = true
	case 3, 4:
		m.p.Unchoked(q.pr)
		q.choked = false
	case 5:
		m.p.AllowedFast(q.pr, piece)
		q.fast = append(q.fast, piece)
	case 6:
		if len(q.asked) > 0 && m.r.IntN(3) == 0 {
			if b := q.asked[0]; !m.p.Rejected(q.pr, b) || m.p.Rejected(q.pr, b) {
				m.t.Fatal("a reject counts once")
			}
			q.asked = q.asked[1:]
		}
	case 7:
		if m.r.IntN(3) == 0 {
			m.drop(q, m.p.TimedOut(q.pr))
		}
	case 8:
		m.odd(q, at, piece)
	case 9:
		m.p.SetRate(q.pr, float64(m.r.IntN(1<<uint(m.r.IntN(24)))))
	case 10, 11, 12:
		m.next(q, 1+m.r.IntN(20))
	default:
		for range min(len(q.asked), 1+m.r.IntN(5)) {
			if len(q.asked) > 0 {
				m.arrive(q, m.r.IntN(1+m.r.IntN(len(q.asked))))
			}
		}
	}
}

// odd does what happens seldom.
func (m *model) odd(q *modelPeer, at, piece int) {
	switch m.r.IntN(7) {
	case 6:
		m.hurry()
	case 0:
		m.p.Leave(q.pr)
		m.p.Leave(q.pr)
		m.peers = slices.Delete(m.peers, at, at+1)
	case 1:
		m.want(m.r.IntN(5))
	case 2:
		m.p.HasAll(q.pr)
		for i := range q.has {
			q.has[i] = true
		}
	case 3:
		if !m.have[piece] {
			m.fail(piece)
			m.cancels()
		}
	case 4:
		for b := range m.sent {
			if m.have[b.Piece] {
				continue
			}
			if m.p.FailedBlock(b) != m.sent[b] {
				m.t.Fatalf("%v is blamed on the wrong peer", b)
			}
			delete(m.sent, b)
			break
		}
	default:
		m.p.Verified(piece)
		m.have[piece] = true
		m.cancels()
	}
}

func (m *model) drop(q *modelPeer, lost []Block) {
	if len(lost) != len(q.asked) {
		m.t.Fatalf("%d blocks lost of %d", len(lost), len(q.asked))
	}
	q.asked = nil
}

// check compares every number with a recount.
func (m *model) check() {
	t, p := m.t, m.p
	free, requested, arrived, wanted := 0, 0, 0, 0
	by := map[Block]int{}
	for _, q := range m.peers {
		if p.Outstanding(q.pr) != len(q.asked) {
			t.Fatalf("%d outstanding, want %d", p.Outstanding(q.pr), len(q.asked))
		}
		for _, b := range q.asked {
			if by[b]++; by[b] > 2 || !p.Requested(q.pr, b) || !m.wanted[b.Piece] {
				t.Fatalf("%v: %d requests", b, by[b])
			}
		}
	}
	avail := p.Availability(nil)
	for i := range m.c.Pieces {
		n := 0
		for _, q := range m.peers {
			if q.has[i] {
				n++
			}
		}
		if int(avail[i]) != n {
			t.Fatalf("availability of %d is %d, want %d", i, avail[i], n)
		}
		if !m.wanted[i] || m.have[i] {
			continue
		}
		asked := 0
		for k := range p.blocks(i) {
			wanted++
			switch b := p.block(i, k); {
			case m.sent[b] != nil:
				arrived++
			case by[b] > 0:
				requested++
				asked++
			default:
				free++
			}
		}
		if fresh := asked == 0 && p.active[i] == nil; fresh != p.fresh.has(i) || fresh != (p.at[i] >= 0) {
			t.Fatalf("piece %d: fresh %v", i, fresh)
		}
	}
	if free+requested+arrived != wanted || p.Left() != free+requested || p.requested != requested {
		t.Fatalf("free %d + requested %d + arrived %d of %d; left %d, requested %d", free, requested, arrived, wanted, p.Left(), p.requested)
	}
	m.checkOrder()
	m.checkInterest()
}

func (m *model) checkOrder() {
	for class, o := range m.p.order {
		k := 0
		for at, piece := range o.pieces {
			for at >= int(o.ends[k]) {
				k++
			}
			if int(m.p.avail[piece]) != k || int(m.p.at[piece]) != at || m.p.class(int(piece)) != class {
				m.t.Fatalf("piece %d: availability %d in class %d", piece, m.p.avail[piece], k)
			}
		}
	}
}

func (m *model) checkInterest() {
	for _, q := range m.peers {
		n := 0
		for i, has := range q.has {
			if has && m.wanted[i] && !m.have[i] {
				n++
			}
		}
		if q.pr.lent != n || m.p.Interesting(q.pr) != (n > 0) {
			m.t.Fatalf("lends %d pieces, want %d", q.pr.lent, n)
		}
	}
}

// finish lets two good seeds complete whatever is left.
func (m *model) finish() {
	m.want(0)
	for range 2 {
		q := &modelPeer{pr: m.p.Join(), has: slices.Repeat([]bool{true}, m.c.Pieces)}
		m.p.HasAll(q.pr)
		m.p.Unchoked(q.pr)
		m.p.SetRate(q.pr, 1e7)
		m.peers = append(m.peers, q)
	}
	good := m.peers[len(m.peers)-2:]
	for range 40 * (m.c.Pieces + 10) {
		m.now = m.now.Add(time.Second)
		for _, q := range good {
			m.next(q, 8)
			for len(q.asked) > 0 {
				m.arrive(q, 0)
			}
		}
		if m.p.Left() == 0 && !slices.Contains(m.have, false) {
			return
		}
		for _, q := range m.peers[:len(m.peers)-2] {
			m.drop(q, m.p.TimedOut(q.pr))
		}
	}
	m.t.Fatalf("%d blocks are never picked", m.p.Left())
}

func FuzzPicker(f *testing.F) {
	for seed := range uint64(40) {
		f.Add(seed, uint8(seed*7), uint16(600))
	}
	f.Add(uint64(3), uint8(255), uint16(3000))
	f.Fuzz(func(t *testing.T, seed uint64, pieces uint8, steps uint16) {
		m := newModel(t, seed, 1+int(pieces))
		for range int(steps) % 4096 {
			m.step()
			m.check()
		}
		m.finish()
		m.check()
	})
}
