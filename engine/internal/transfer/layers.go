package transfer

import (
	"time"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/wire"
)

const (
	hashPatience = 10 * time.Second // with a peer that was asked for hashes
	maxRanges    = 512              // that a peer is asked for before it gets another file
)

// layers fetches the nodes of pieces that metadata from peers lacks. Those of one
// file come from one peer, so it is clear who is wrong.
type layers struct {
	pieceLength int64
	v2          [20]byte
	todo        []hash.Tree
	under       map[hash.Sum]*supply
	have        map[hash.Sum][]byte
	wait        time.Duration // without an answer; 0 for ever
	until       time.Time     // from now on
	done        func(map[hash.Sum][]byte)
}

// supply is the layer of one file on its way.
type supply struct {
	c     *conn
	tree  hash.Tree
	layer []byte
	wait  map[int]int // the ranges that are to come: their first node and number
	since time.Time
}

// Layers fetches the layers of pieces of some files from peers, before Open. It
// calls done with all of them by their roots. Who gives a wait can do without them: it
// is called with nil once nobody who is connected can be asked, or no answer has come
// for so long; 0 waits for ever. v2 is the v2 info hash cut short. Done is called on
// the caller's goroutine, on one of a connection or of Tick, and must return at once.
func (t *Torrent) Layers(v2 [20]byte, trees []hash.Tree, pieceLength int64, wait time.Duration, done func(map[hash.Sum][]byte)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := &layers{pieceLength: pieceLength, v2: v2, wait: wait, under: map[hash.Sum]*supply{}, have: map[hash.Sum][]byte{}, done: done}
	known := map[hash.Sum]bool{}
	for _, tree := range trees {
		if tree.Pieces(pieceLength) > 1 && !known[tree.Root] {
			known[tree.Root] = true
			l.todo = append(l.todo, tree)
		}
	}
	now := time.Now()
	l.until = now.Add(wait)
	t.layers = l
	l.ask(t, now)
	l.givesUp(t, now)
}

// givesUp ends what goes on without the layers, once there is no hope for them.
func (l *layers) givesUp(t *Torrent, now time.Time) {
	if t.layers != l || l.wait == 0 || len(l.under) > 0 && !now.After(l.until) {
		return
	}
	t.layers = nil
	l.done(nil)
}

// ask asks the peers for what nobody was asked for.
func (l *layers) ask(t *Torrent, now time.Time) {
	for c := range t.conns {
		if !c.isV2(l.v2) || c.noHashes {
			continue
		}
		out := 0
		for _, s := range l.under {
			if s.c == c {
				out += len(s.wait)
			}
		}
		for len(l.todo) > 0 && out < maxRanges {
			tree := l.todo[len(l.todo)-1]
			l.todo = l.todo[:len(l.todo)-1]
			s := &supply{c: c, tree: tree, layer: make([]byte, 32*tree.Pieces(l.pieceLength)), wait: map[int]int{}, since: now}
			for _, r := range tree.Ranges(l.pieceLength) {
				s.wait[r.Index] = r.Count
				c.sendRange(wire.HashRequest, r, nil)
				out++
			}
			l.under[tree.Root] = s
		}
	}
}

// got takes an answer, without nodes a refusal.
func (l *layers) got(c *conn, r hash.Range, nodes []byte, now time.Time) {
	s := l.under[r.Root]
	if s == nil || s.c != c || s.wait[r.Index] != r.Count || r.Count == 0 {
		return
	}
	if len(nodes) != 32*r.Count {
		l.refused(c)
		l.ask(c.t, now)
		l.givesUp(c.t, now)
		return
	}
	delete(s.wait, r.Index)
	s.since, l.until = now, now.Add(l.wait)
	copy(s.layer[32*r.Index:], nodes)
	if len(s.wait) > 0 {
		return
	}
	if _, ok := s.tree.WithLayer(s.layer, l.pieceLength); !ok {
		l.refused(c)
	} else {
		delete(l.under, r.Root)
		l.have[r.Root] = s.layer
	}
	l.ask(c.t, now)
	if len(l.todo) == 0 && len(l.under) == 0 {
		c.t.layers = nil
		l.done(l.have)
	}
	l.givesUp(c.t, now)
}

// refused asks a peer no more.
func (l *layers) refused(c *conn) {
	c.noHashes = true
	l.lose(c)
}

// lose takes back what a peer was asked for.
func (l *layers) lose(c *conn) {
	for root, s := range l.under {
		if s.c == c {
			delete(l.under, root)
			l.todo = append(l.todo, s.tree)
		}
	}
}

func (l *layers) tick(t *Torrent, now time.Time) {
	for _, s := range l.under {
		if now.Sub(s.since) > hashPatience {
			l.refused(s.c)
		}
	}
	l.ask(t, now)
	l.givesUp(t, now)
}
