package transfer

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// sums are the hashes of the content's kind.
func (c content) sums() hash.Pieces {
	p := hash.Pieces{Length: int64(len(c.data)), PieceLength: int64(c.pieceLength)}
	if c.kind != "v2" {
		p.Hashes = c.hashes()
	}
	if c.kind == "torn" {
		p.Hashes[0]++
	}
	if c.kind != "" {
		p.Trees = []hash.Tree{c.tree()}
	}
	return p
}

func (c content) v2() [20]byte {
	if c.kind == "" {
		return [20]byte{}
	}
	return testHash
}

func height(n int) (h int) {
	for 1<<h < n {
		h++
	}
	return h
}

// leaves are those of a piece, with what is needed to make them a power of two.
func (c content) leaves(piece int) []hash.Sum {
	all := hash.AppendLeaves(nil, c.data[piece*c.pieceLength:min(len(c.data), (piece+1)*c.pieceLength)])
	n := c.pieceLength / block
	if c.pieces() == 1 {
		n = 1 << height(len(all))
	}
	return append(all, make([]hash.Sum, n-len(all))...)
}

func (c content) tree() hash.Tree {
	var nodes []hash.Sum
	var layer []byte
	for piece := range c.pieces() {
		all := c.leaves(piece)
		node := hash.Fold(all, height(len(all)), hash.Sum{})
		nodes, layer = append(nodes, node), append(layer, node[:]...)
	}
	t := hash.Tree{Length: int64(len(c.data)), Root: hash.Fold(nodes, height(len(nodes)), hash.Pad(height(c.pieceLength/block)))}
	if c.pieces() > 1 {
		t, _ = t.WithLayer(layer, int64(c.pieceLength))
	}
	return t
}

// witness answers hash requests with what says gives; without nodes it refuses. It
// hands over which blocks are asked of it, and serves them once unchoke is closed.
func (p *script) witness(c content, says func(hash.Range) []hash.Sum, unchoke chan struct{}, asked chan request) {
	p.c.Write(p.all)
	go func() { // ends with the test
		<-unchoke
		p.send(wire.Unchoke)
	}()
	for {
		kind, body, err := p.read()
		if err != nil {
			return
		}
		switch kind {
		case wire.Request:
			r := parseRequest(body)
			asked <- r
			p.give(r, c.block(r))
		case wire.HashRequest:
			nodes := says(parseRange(body))
			if nodes == nil {
				p.send(wire.HashReject, body)
				continue
			}
			var b []byte
			for _, n := range nodes {
				b = append(b, n[:]...)
			}
			p.send(wire.Hashes, body, b)
		}
	}
}

// One wrong block among those of a piece is found by the hashes of its blocks: it
// alone is fetched again, and only who sent it is banned.
func TestWrongBlock(t *testing.T) {
	truth := func(c content) func(hash.Range) []hash.Sum {
		return func(r hash.Range) []hash.Sum { return c.leaves(r.Index * block / c.pieceLength) }
	}
	lie := func(c content) func(hash.Range) []hash.Sum {
		return func(r hash.Range) []hash.Sum {
			all := c.leaves(r.Index * block / c.pieceLength)
			all[0][0]++
			return all
		}
	}
	for _, test := range []struct {
		name   string
		kind   string
		pieces int
		says   func(content) func(hash.Range) []hash.Sum
		again  int // blocks that are fetched again
	}{
		{"v2", "v2", 2, truth, 1},
		{"v2, one piece", "v2", 1, truth, 1},
		{"hybrid", "hybrid", 2, truth, 1},
		{"the witness lies", "v2", 2, lie, 16},
		{"the witness refuses", "hybrid", 2, func(content) func(hash.Range) []hash.Sum { return func(hash.Range) []hash.Sum { return nil } }, 16},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newContent(test.pieces, 16*block)
			c.kind = test.kind
			s := newSide(t, c, sideOptions{})
			wrong := request{0, 5 * block, block}
			good, bad := join(t, s, true), join(t, s, true)
			unchoke, asked := make(chan struct{}), make(chan request, 100)
			go good.witness(c, test.says(c), unchoke, asked) // ends with the connection
			until(t, "the witness to be known", func() bool {
				peers := s.Peers(nil)
				return slices.ContainsFunc(peers, func(p plane.Peer) bool { return p.Addr == good.addr && p.Have.All() })
			})
			go bad.serve(func(r request) { // ends with the connection
				if r == wrong {
					bad.give(r, bytes.Repeat([]byte{1}, int(r.length)))
				} else {
					bad.give(r, c.block(r))
				}
			})
			select {
			case banned := <-s.bans:
				if banned != bad.addr {
					t.Fatalf("%v is banned, not %v", banned, bad.addr)
				}
			case <-time.After(patient):
				t.Fatal("nobody is banned")
			}
			close(unchoke)
			s.complete(t)
			var again []request
			for len(asked) > 0 {
				if r := <-asked; r.piece == 0 {
					again = append(again, r)
				}
			}
			if len(again) != test.again || !slices.Contains(again, wrong) {
				t.Errorf("%d blocks were fetched again, not %d: %v", len(again), test.again, again)
			}
			if n := s.Counters(); n.HashFailures != 1 || len(s.bans) > 0 || n.Wasted != int64(test.again*block) {
				t.Errorf("%d pieces failed, %d more are banned, %d bytes wasted", n.HashFailures, len(s.bans), n.Wasted)
			}
		})
	}
}

// Two peers share a piece of a v2 torrent: he whose blocks are right stays.
func TestWrongBlockOfTwo(t *testing.T) {
	c := newContent(1, 16*block)
	c.kind = "v2"
	s := newSide(t, c, sideOptions{})
	good, bad := join(t, s, true), join(t, s, true)
	lied, unchoke := false, make(chan struct{})
	go bad.serve(func(r request) { // ends with the connection
		if lied {
			bad.send(wire.Reject, int(r.piece), int(r.begin), int(r.length)) // it leaves the rest to the other
			return
		}
		lied = true
		bad.give(r, bytes.Repeat([]byte{1}, int(r.length)))
		bad.send(wire.Choke)
		close(unchoke)
	})
	go good.witness(c, func(hash.Range) []hash.Sum { return c.leaves(0) }, unchoke, make(chan request, 100)) // ends with the connection
	s.complete(t)
	if got := <-s.bans; got != bad.addr || len(s.bans) > 0 {
		t.Errorf("banned is %v, not %v alone", got, bad.addr)
	}
}

// A hybrid whose halves are of different data is no torrent that can be complete.
func TestTorn(t *testing.T) {
	c := newContent(2, 4*block)
	c.kind = "torn"
	s := newSide(t, c, sideOptions{})
	p := join(t, s, true)
	go p.serve(func(r request) { p.give(r, c.block(r)) }) // ends with the connection
	select {
	case piece := <-s.torn:
		if piece != 0 {
			t.Errorf("piece %d is torn", piece)
		}
	case <-time.After(patient):
		t.Fatal("it was not noticed")
	}
	until(t, "the verdict", func() bool { return s.Counters().Wasted > 0 })
	if n := s.Counters().HashFailures; len(s.bans) > 0 || n > 0 {
		t.Errorf("somebody is blamed for it: %d pieces failed", n)
	}
}

// Hashes are served as they are asked for, and nothing else is.
func TestServeHashes(t *testing.T) {
	c := newContent(5, 4*block)
	c.kind = "v2"
	have := fullBits(c)
	have.Clear(0)
	s := newSide(t, c, sideOptions{have: have})
	p := join(t, s, true)
	p.send(wire.HaveNone)
	tree := c.tree()
	ask := func(r hash.Range) (wire.Kind, []byte) {
		p.send(wire.HashRequest, appendRange(nil, r))
		for {
			kind, body, err := p.read()
			if err != nil {
				t.Fatal(err)
			}
			if kind == wire.Hashes || kind == wire.HashReject {
				if got := parseRange(body); got != r {
					t.Errorf("the answer to %v is to %v", r, got)
				}
				return kind, body[rangeSize:]
			}
		}
	}
	pad := hash.Pad(2)
	if kind, got := ask(hash.Range{Root: tree.Root, Base: 2, Index: 0, Count: 8}); kind != wire.Hashes ||
		!bytes.Equal(got, append(append(append(slices.Clone(tree.Layer), pad[:]...), pad[:]...), pad[:]...)) {
		t.Errorf("the layer is %d, %x", kind, got)
	}
	kind, got := ask(hash.Range{Root: tree.Root, Index: 4 * 4, Count: 4, Proof: 3})
	if kind != wire.Hashes || len(got) != 6*32 { // the leaves of the last piece, and two uncles
		t.Fatalf("the leaves are %d, %d bytes", kind, len(got))
	}
	var nodes []hash.Sum
	for b := range slices.Chunk(got, 32) {
		nodes = append(nodes, hash.Sum(b))
	}
	if leaves := c.leaves(4); !slices.Equal(nodes[:4], leaves) {
		t.Errorf("the leaves are %x, want %x", nodes[:4], leaves)
	}
	for i, uncle := range nodes[4:] {
		if uncle != hash.Pad(2+i) {
			t.Errorf("uncle %d is %x", i, uncle)
		}
	}
	for _, r := range []hash.Range{
		{Root: hash.Sum{1}, Base: 2, Count: 8},
		{Root: tree.Root, Base: 2, Count: 16},
		{Root: tree.Root, Base: 2, Index: 8, Count: 8},
		{Root: tree.Root, Base: 2, Index: 1, Count: 2},
		{Root: tree.Root, Base: 2, Count: 3},
		{Root: tree.Root, Base: 2, Count: 0},
		{Root: tree.Root, Base: 1, Count: 2},
		{Root: tree.Root, Base: 0, Count: 8},
		{Root: tree.Root, Base: 1 << 31, Count: 1 << 31, Index: 1 << 31, Proof: 1<<32 - 1},
		{Root: tree.Root, Base: 2, Count: 8, Proof: 99},
		{Root: tree.Root, Index: 5 * 4, Count: 4}, // behind the last piece
		{Root: tree.Root, Count: 4},               // of the piece that is not there yet
	} {
		if kind, _ := ask(r); kind != wire.HashReject {
			t.Errorf("%v is answered", r)
		}
	}
}

// The layers of pieces come from peers before the torrent is opened, even if some of
// them lie or have none.
func TestLayers(t *testing.T) {
	c := newContent(1100, block) // more than one range
	c.kind = "v2"
	tree := c.tree()
	bare := tree
	bare.Layer = nil
	says := func(layer []byte) func(hash.Range) []hash.Sum {
		return func(r hash.Range) (nodes []hash.Sum) {
			for i := r.Index; i < r.Index+r.Count; i++ {
				node := hash.Pad(0)
				if i < c.pieces() {
					node = hash.Sum(layer[32*i:])
				}
				nodes = append(nodes, node)
			}
			return nodes
		}
	}
	lie := slices.Clone(tree.Layer)
	lie[32*700]++
	s := newSide(t, c, sideOptions{magnet: true})
	never := make(chan struct{})
	for _, say := range []func(hash.Range) []hash.Sum{
		says(lie),
		func(hash.Range) []hash.Sum { return nil },
		func(hash.Range) []hash.Sum { return make([]hash.Sum, 3) },
	} {
		go join(t, s, true).witness(c, say, never, nil) // ends with the connection
	}
	until(t, "three peers", func() bool { n, _ := s.Connected(); return n == 3 })
	got := make(chan map[hash.Sum][]byte, 1)
	s.Layers(testHash, []hash.Tree{bare, bare}, int64(c.pieceLength), 0, func(all map[hash.Sum][]byte) { got <- all })
	go join(t, s, true).witness(c, says(tree.Layer), never, nil) // ends with the connection
	select {
	case all := <-got:
		if len(all) != 1 || !bytes.Equal(all[tree.Root], tree.Layer) {
			t.Errorf("the layers are not right")
		}
	case <-time.After(patient):
		t.Fatal("the layers have not come")
	}
	if len(s.bans) > 0 {
		t.Error("somebody is banned")
	}
}

// Who can do without the layers waits for them only while somebody may send them.
func TestLayersInVain(t *testing.T) {
	refuse := func(hash.Range) []hash.Sum { return nil }
	for _, test := range []struct {
		name string
		v2   bool // the peer takes the torrent for one
		says func(hash.Range) []hash.Sum
		wait time.Duration
	}{
		{"nobody knows of v2", false, refuse, time.Hour},
		{"the peer refuses", true, refuse, time.Hour},
		{"the peer says nothing", true, nil, time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newContent(3, block)
			s := newSide(t, c, sideOptions{magnet: true})
			p := join(t, s, true)
			if test.says != nil {
				go p.witness(c, test.says, nil, nil) // ends with the connection
			}
			until(t, "the peer", func() bool { n, _ := s.Connected(); return n == 1 })
			v2 := [20]byte{1}
			if test.v2 {
				v2 = testHash
			}
			got := make(chan map[hash.Sum][]byte, 2)
			s.Layers(v2, []hash.Tree{{Root: hash.Sum{1}, Length: 3 * block}}, block, test.wait, func(all map[hash.Sum][]byte) { got <- all })
			select {
			case all := <-got:
				if all != nil {
					t.Errorf("got %v", all)
				}
			case <-time.After(patient):
				t.Fatal("it still waits")
			}
			if s.Tick(time.Now().Add(time.Minute)); len(got) > 0 {
				t.Errorf("and then %v", <-got)
			}
		})
	}
}
