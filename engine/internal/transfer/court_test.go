package transfer

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// awaitBan waits until a peer is banned.
func (s *side) awaitBan(t *testing.T, bad *script) {
	t.Helper()
	select {
	case banned := <-s.bans:
		if banned != bad.addr {
			t.Fatalf("%v is banned, not %v", banned, bad.addr)
		}
	case <-time.After(patient):
		t.Fatal("nobody is banned")
	}
}

// liar serves everything, but some blocks wrong, once it is let.
func (p *script) liar(c content, let <-chan struct{}, wrong ...request) {
	<-let
	p.serve(func(r request) {
		if slices.Contains(wrong, r) {
			p.give(r, bytes.Repeat([]byte{1}, int(r.length)))
		} else {
			p.give(r, c.block(r))
		}
	})
}

// What the leaves of a piece must be is asked once: who sends a block wrong again is
// banned for it without another trial, and the piece is not looked at before all of
// its wrong blocks have come again.
func TestWrongBlocksAgain(t *testing.T) {
	c := newContent(2, 16*block)
	c.kind = "hybrid"
	s := newSide(t, c, sideOptions{})
	first, second := request{0, 5 * block, block}, request{0, 9 * block, block}
	good, bad, worse := join(t, s, true), join(t, s, true), join(t, s, true)
	asked, let, next := make(chan request, 100), make(chan struct{}), make(chan struct{})
	trials := make(chan struct{}, 100)
	go func() { // ends with the connection
		good.c.Write(good.all)
		go func() { // ends with the test
			<-let
			good.send(wire.Unchoke)
		}()
		var held []request
		for {
			kind, body, err := good.read()
			switch {
			case err != nil:
				return
			case kind == wire.HashRequest:
				trials <- struct{}{}
				var b []byte
				for _, n := range c.leaves(parseRange(body).Index * block / c.pieceLength) {
					b = append(b, n[:]...)
				}
				good.send(wire.Hashes, body, b)
			case kind == wire.Request:
				r := parseRequest(body)
				asked <- r
				if r.piece != 0 {
					good.give(r, c.block(r))
					continue
				}
				if held = append(held, r); len(held) == 2 { // the second comes when the first is there
					good.give(held[0], c.block(held[0]))
					s.written(t, held[0])
					good.give(held[1], c.block(held[1]))
				}
			}
		}
	}()
	until(t, "the witness to be known", func() bool {
		return slices.ContainsFunc(s.Peers(nil), func(p plane.Peer) bool { return p.Addr == good.addr && p.Have.All() })
	})
	always := make(chan struct{})
	close(always)
	go bad.liar(c, always, first, second) // ends with the connection
	s.awaitBan(t, bad)
	go worse.liar(c, next, first, second) // ends with the connection
	close(next)
	s.awaitBan(t, worse)
	close(let)
	s.complete(t)
	if n := s.Counters(); n.HashFailures != 2 || len(s.bans) > 0 || n.Wasted != 4*block || len(trials) != 1 {
		t.Errorf("%d failures, %d more are banned, %d bytes wasted, %d trials", n.HashFailures, len(s.bans), n.Wasted, len(trials))
	}
	var again []request
	for len(asked) > 0 {
		if r := <-asked; r.piece == 0 {
			again = append(again, r)
		}
	}
	if slices.SortFunc(again, func(a, b request) int { return int(a.begin) - int(b.begin) }); !slices.Equal(again, []request{first, second}) {
		t.Errorf("in the end %v were fetched", again)
	}
}

// written waits until a block is in the file.
func (s *side) written(t *testing.T, r request) {
	f, err := os.Open(s.file)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	got := make([]byte, r.length)
	until(t, "a block to be written", func() bool {
		_, err := f.ReadAt(got, int64(r.piece)*int64(s.content.pieceLength)+int64(r.begin))
		return err == nil && bytes.Equal(got, s.content.block(r))
	})
}

// Of a wrong piece no more than some peers are asked what it should be.
func TestWitnessesAreFew(t *testing.T) {
	c := newContent(1, 4*block)
	c.kind = "v2"
	s := newSide(t, c, sideOptions{})
	asked, never := make(chan struct{}, 100), make(chan struct{})
	for range maxWitnesses + 2 {
		go join(t, s, true).witness(c, func(hash.Range) []hash.Sum { // ends with the connection
			asked <- struct{}{}
			return nil
		}, never, nil)
	}
	until(t, "the witnesses to be known", func() bool { _, seeds := s.Connected(); return seeds == maxWitnesses+2 })
	always := make(chan struct{})
	close(always)
	bad := join(t, s, true)
	go bad.liar(c, always, request{0, 0, block}) // ends with the connection
	s.awaitBan(t, bad)                           // all of it is his
	if len(asked) != maxWitnesses {
		t.Errorf("%d peers were asked", len(asked))
	}
}

// large is a torrent of one v2 file without its data, and a seed of it.
func large(t *testing.T, pieceLength int64, pieces int) (*Torrent, *conn, *tape) {
	t.Helper()
	var layer []byte
	nodes := make([]hash.Sum, pieces)
	for i := range nodes {
		nodes[i][0] = byte(i)
		layer = append(layer, nodes[i][:]...)
	}
	root := hash.Fold(nodes, height(pieces), hash.Pad(height(int(pieceLength/block))))
	tree, ok := hash.Tree{Root: root, Length: int64(pieces) * pieceLength}.WithLayer(layer, pieceLength)
	if !ok {
		t.Fatal("the layer does not lead to the root")
	}
	s := New(Limits{})
	s.cfg = Config{
		Pieces: pieces, PieceLength: pieceLength, Length: tree.Length, V2: testHash,
		Hashes: hash.Pieces{Length: tree.Length, PieceLength: pieceLength, Trees: []hash.Tree{tree}},
	}
	s.picker = pick.New(pick.Config{Pieces: pieces, PieceLength: pieceLength, Length: tree.Length})
	s.have = plane.FullBits(pieces)
	link := &tape{fakeLink{info: wire.Info{InfoHash: testHash, Fast: true}, done: make(chan struct{})}, map[wire.Kind]int{}}
	c := s.join(link)
	c.has = plane.FullBits(pieces)
	clear(link.sent)
	return s, c, link
}

// tape is a link that counts what is sent of each kind.
type tape struct {
	fakeLink
	sent map[wire.Kind]int
}

func (l *tape) Send(m wire.Message) { l.sent[m.Kind]++ }

// A piece of more than 16 MiB has no trial: nobody answers for so many leaves.
func TestNoTrialOfLargePieces(t *testing.T) {
	for _, test := range []struct {
		leaves int
		trial  bool
	}{{maxRange, true}, {2 * maxRange, false}} {
		s, _, link := large(t, int64(test.leaves)*block, 2)
		s.mu.Lock()
		tried := s.try(newPiece(s, 0), verdict{wrong: true})
		s.mu.Unlock()
		if tried != test.trial || link.sent[wire.HashRequest] > 0 != test.trial {
			t.Errorf("%d leaves: %v, %v", test.leaves, tried, link.sent)
		}
	}
}

// So many hashes are sent at once, for so many requests a second, and so many requests
// wait.
func TestHashesAreBounded(t *testing.T) {
	s, c, link := large(t, block, 4*maxRange)
	root := s.cfg.Hashes.Trees[0].Root
	ask := func(count int) {
		c.hashes(wire.Message{Kind: wire.HashRequest, Bits: appendRange(nil, hash.Range{Root: root, Count: count})}, time.Now())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for range maxAsks + 3 {
		ask(1)
	}
	if got := link.sent; got[wire.HashReject] != 3 || len(got) != 1 {
		t.Errorf("before its time: %v", got)
	}
	clear(link.sent)
	c.tick(time.Now())
	if got := link.sent; got[wire.Hashes] != asksPerSecond || got[wire.HashReject] > 0 || len(c.asks) != maxAsks-asksPerSecond {
		t.Errorf("in a second: %v, %d wait", got, len(c.asks))
	}
	clear(link.sent)
	c.asks, c.budget = nil, asksPerSecond
	ask(maxRange)
	ask(2 * maxRange)
	if got := link.sent; got[wire.Hashes] != 1 || got[wire.HashReject] != 1 {
		t.Errorf("of two ranges, one of which is too long: %v", got)
	}
}
