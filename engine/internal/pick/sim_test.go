package pick

import (
	"cmp"
	"container/heap"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// world is a swarm in virtual time: every node is connected to every other and
// unchoked, uploads at its rate, one block at a time, in turn to all who wait.
type world struct {
	now     time.Duration
	events  events
	count   int
	latency time.Duration
	nodes   []*node
	c       Config
}

type event struct {
	at  time.Duration
	seq int
	do  func()
}

type events []event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].seq < e[j].seq
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)   { *e = append(*e, x.(event)) }
func (e *events) Pop() any     { x := (*e)[len(*e)-1]; *e = (*e)[:len(*e)-1]; return x }

type node struct {
	w      *world
	p      *Picker
	have   plane.Bits
	up     float64 // bytes/s
	sent   int64
	wasted int64
	links  []*link // by node; nil for itself
	turn   int
	busy   bool
	order  []int // pieces as they were verified
	done   time.Duration
}

// link is a node's view of another one.
type link struct {
	pr    *Peer
	queue []Block // what the other asks this node for
	bytes float64 // received since the last tick
	rate  float64
}

func (w *world) after(d time.Duration, do func()) {
	w.count++
	heap.Push(&w.events, event{w.now + d, w.count, do})
}

func (w *world) clock() time.Time { return time.Unix(0, 0).Add(w.now) }

func (w *world) add(have plane.Bits, up float64) {
	c := w.c
	c.Rand = rand.New(rand.NewPCG(7, uint64(len(w.nodes))))
	c.Lot = uint64(len(w.nodes))
	n := &node{w: w, p: New(c), have: have, up: up}
	n.p.SetHave(have)
	w.nodes = append(w.nodes, n)
}

func (w *world) connect() {
	for i, n := range w.nodes {
		for k, other := range w.nodes {
			if i == k {
				n.links = append(n.links, nil)
				continue
			}
			l := &link{pr: n.p.Join()}
			n.p.SetLot(l.pr, uint64(k))
			n.p.HasBits(l.pr, other.have)
			n.p.Unchoked(l.pr)
			n.links = append(n.links, l)
		}
	}
}

// run lets some nodes download everything.
func (w *world) run(limit time.Duration, leeches ...*node) {
	for _, n := range leeches {
		n.p.SetWanted(plane.FullBits(w.c.Pieces), plane.Bits{}, false)
		n.tick()
	}
	left := func(n *node) bool { return n.p.Left() > 0 }
	for len(w.events) > 0 && w.now < limit && slices.ContainsFunc(leeches, left) {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
}

func (n *node) tick() {
	for k, l := range n.links {
		if l == nil {
			continue
		}
		l.rate += (l.bytes*10 - l.rate) / 4
		l.bytes = 0
		n.p.SetRate(l.pr, l.rate)
		n.request(k)
	}
	n.w.after(100*time.Millisecond, n.tick)
}

func (n *node) request(k int) {
	l := n.links[k]
	target := max(8, int(l.rate*(4*n.w.latency.Seconds()+0.1)/BlockSize))
	if n.p.Outstanding(l.pr) > target*7/8 {
		return
	}
	blocks := n.p.Next(l.pr, target-n.p.Outstanding(l.pr), n.w.clock(), nil)
	n.cancel()
	from, me := n.w.nodes[k], slices.Index(n.w.nodes, n)
	n.w.after(n.w.latency, func() {
		from.links[me].queue = append(from.links[me].queue, blocks...)
		from.serve()
	})
}

func (n *node) cancel() {
	me := slices.Index(n.w.nodes, n)
	for _, c := range n.p.Cancels(nil) {
		k := slices.IndexFunc(n.links, func(l *link) bool { return l != nil && l.pr == c.From })
		n.w.after(n.w.latency, func() {
			q := n.w.nodes[k].links[me]
			q.queue = slices.DeleteFunc(q.queue, func(b Block) bool { return b == c.Block })
		})
	}
}

func (n *node) serve() {
	if n.busy {
		return
	}
	for range n.links {
		n.turn = (n.turn + 1) % len(n.links)
		l := n.links[n.turn]
		if l == nil || len(l.queue) == 0 {
			continue
		}
		b, to, me := l.queue[0], n.w.nodes[n.turn], slices.Index(n.w.nodes, n)
		l.queue = l.queue[1:]
		n.busy = true
		n.sent += int64(b.Length)
		n.w.after(time.Duration(float64(b.Length)/n.up*1e9), func() {
			n.busy = false
			n.w.after(n.w.latency, func() { to.receive(me, b) })
			n.serve()
		})
		return
	}
}

func (n *node) receive(k int, b Block) {
	n.links[k].bytes += float64(b.Length)
	ok, done := n.p.Arrived(n.links[k].pr, b, n.w.clock())
	n.cancel()
	if !ok {
		n.wasted += int64(b.Length)
	}
	if done {
		n.p.Verified(b.Piece)
		n.order = append(n.order, b.Piece)
		n.done = n.w.now
		me := slices.Index(n.w.nodes, n)
		for i, other := range n.w.nodes {
			if i != me {
				n.w.after(n.w.latency, func() {
					other.p.Has(other.links[me].pr, b.Piece)
					other.request(me)
				})
			}
		}
	}
	n.request(k)
}

// TestSwarm spreads 128 MiB from one seed to seven leeches. One copy at the
// seed's rate is the shortest time possible.
func TestSwarm(t *testing.T) {
	const pieces = 512
	for _, test := range []struct {
		name    string
		leeches []float64 // upload, bytes/s
		copies  float64   // sent by the seed at most
	}{
		{"equal", []float64{40e6, 40e6, 40e6, 40e6, 40e6, 40e6, 40e6}, 1.04},
		{"unequal", []float64{80e6, 80e6, 40e6, 40e6, 20e6, 10e6, 5e6}, 1.07},
	} {
		w := &world{latency: 2 * time.Millisecond, c: Config{Pieces: pieces, PieceLength: 16 * BlockSize, Length: pieces * 16 * BlockSize}}
		w.add(plane.FullBits(pieces), 20e6)
		for _, up := range test.leeches {
			w.add(plane.MakeBits(pieces), up)
		}
		w.connect()
		w.run(time.Minute, w.nodes[1:]...)
		var last time.Duration
		wasted := int64(0)
		for _, n := range w.nodes[1:] {
			if n.p.Left() > 0 {
				t.Fatalf("%s: %d blocks left", test.name, n.p.Left())
			}
			last = max(last, n.done)
			wasted += n.wasted
		}
		ideal := time.Duration(float64(w.c.Length) / 20e6 * 1e9)
		ratio, copies := last.Seconds()/ideal.Seconds(), float64(w.nodes[0].sent)/float64(w.c.Length)
		waste := 100 * float64(wasted) / float64(7*w.c.Length)
		t.Logf("%s: %.2f s, ideal %.2f s, ratio %.3f; the seed sent %.3f copies; %.2f %% wasted", test.name, last.Seconds(), ideal.Seconds(), ratio, copies, waste)
		if ratio > test.copies+0.03 || copies > test.copies || waste > 2 {
			t.Errorf("%s: too slow, or the seed sent too much", test.name)
		}
	}
}

// TestRarestFirst lets one leech fetch from nineteen others that have pieces of
// unequal availability.
func TestRarestFirst(t *testing.T) {
	const pieces = 400
	w := &world{latency: 10 * time.Millisecond, c: Config{Pieces: pieces, PieceLength: 16 * BlockSize, Length: pieces * 16 * BlockSize}}
	r := rand.New(rand.NewPCG(5, 5))
	w.add(plane.MakeBits(pieces), 1e6)
	have := make([]plane.Bits, 19)
	for k := range have {
		have[k] = plane.MakeBits(pieces)
	}
	for i := range pieces {
		for _, k := range r.Perm(19)[:1+r.IntN(19)] {
			have[k].Set(i)
		}
	}
	for _, bits := range have {
		w.add(bits, 1e6)
	}
	w.connect()
	avail := w.nodes[0].p.Availability(nil)
	w.run(5*time.Minute, w.nodes[0])
	if len(w.nodes[0].order) != pieces {
		t.Fatalf("%d pieces of %d", len(w.nodes[0].order), pieces)
	}
	var rarity []float64
	for _, piece := range w.nodes[0].order {
		rarity = append(rarity, float64(avail[piece]))
	}
	rho := spearman(rarity)
	t.Logf("rank correlation of availability and fetch order: %.3f", rho)
	if rho < 0.85 {
		t.Error("the rarest pieces do not come first")
	}
}

// spearman returns the rank correlation of values with their index.
func spearman(values []float64) float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	ranks := make([]float64, len(values))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && values[order[to]] == values[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to-1) / 2
		}
		from = to
	}
	mean := float64(len(values)-1) / 2
	var xy, xx, yy float64
	for i, rank := range ranks {
		x, y := float64(i)-mean, rank-mean
		xy, xx, yy = xy+x*y, xx+x*x, yy+y*y
	}
	return xy / math.Sqrt(xx*yy)
}
