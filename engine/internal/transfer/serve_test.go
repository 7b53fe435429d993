package transfer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

func fullBits(c content) plane.Bits { return plane.FullBits(c.pieces()) }

// A choked peer gets nothing but pieces that it was allowed, and of those only so
// much.
func TestChokedPeerGetsNothing(t *testing.T) {
	c := newContent(40, 8*block)
	tests := []struct {
		name        string
		fast, empty bool
		slots       int
	}{
		{"without the fast extension", false, true, 1},
		{"one that has pieces", true, false, 1},
		{"a newcomer", true, true, 1},
		{"while nothing is uploaded", true, true, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			seed := newSide(t, c, sideOptions{have: fullBits(c)})
			seed.SetSlots(test.slots)
			if test.slots > 0 { // somebody else has the only one
				other := join(t, seed, true)
				other.send(wire.Interested)
				other.next(wire.Unchoke)
			}
			p := join(t, seed, test.fast)
			if !test.empty {
				p.send(wire.Bitfield, []byte{0xff, 0xff, 0, 0, 0})
			}
			p.send(wire.Interested)
			for piece := range c.pieces() {
				for i := range 7 {
					p.send(wire.Request, piece, i*block, block)
				}
			}
			p.send(wire.Cancel, 0, 0, block)
			allowed, got := p.collect(t, c, 300*time.Millisecond)
			want := 0
			if test.fast && test.empty && test.slots > 0 {
				want = maxGift
			}
			if got > want || want > 0 && got < want/2 {
				t.Errorf("%d bytes came, %d at most are allowed", got, want)
			}
			if (len(allowed) > 0) != (want > 0) || len(allowed) > allowedPieces {
				t.Errorf("allowed were %v", allowed)
			}
		})
	}
}

// collect reads for a while: pieces that were allowed, and how many bytes came.
func (p *script) collect(t *testing.T, c content, d time.Duration) (allowed []uint32, got int) {
	p.c.SetReadDeadline(time.Now().Add(d))
	for {
		kind, body, err := p.read()
		switch {
		case err != nil:
			return allowed, got
		case kind == wire.AllowedFast:
			allowed = append(allowed, parseRequest(append(body, make([]byte, 8)...)).piece)
		case kind == wire.Unchoke:
			t.Error("it was unchoked")
		case kind == pieceKind:
			r := parseRequest(append(body[:8:8], 0, 0, 0x40, 0))
			if !bytes.Contains(fmt.Append(nil, allowed), fmt.Append(nil, r.piece)) {
				t.Errorf("a block of piece %d came, which was not allowed", r.piece)
			}
			if !bytes.Equal(body[8:], c.block(r)) {
				t.Error("the block is wrong")
			}
			got += len(body) - 8
		}
	}
}

// What is not verified is never served, however much of it is here.
func TestUnverifiedIsNotServed(t *testing.T) {
	c := newContent(4, 4*block)
	s := newSide(t, c, sideOptions{})
	seed := join(t, s, true)
	n := 0
	go seed.serve(func(r request) {
		if n++; n <= 3 {
			seed.give(r, c.block(r))
		}
	})
	until(t, "three blocks", func() bool { return s.Counters().Downloaded == 3*block })
	p := join(t, s, true)
	p.send(wire.Interested)
	p.next(wire.Unchoke)
	for i := range c.pieces() {
		p.send(wire.Request, i, 0, block)
	}
	for range c.pieces() {
		kind, _, err := p.read()
		for err == nil && !isData(kind) {
			kind, _, err = p.read()
		}
		if err != nil || kind != wire.Reject {
			t.Fatalf("message %d, %v instead of a reject", kind, err)
		}
	}
}

// Three peers share a limited upload; prints what each got.
func TestUploadLimit(t *testing.T) {
	const rate, peers, span = 1 << 20, 3, 3 * time.Second
	c := newContent(64, 8*block)
	seed := newSide(t, c, sideOptions{have: fullBits(c), limits: seedLimits(rate)})
	got := make(chan int64, peers)
	start := time.Now()
	for range peers {
		p := join(t, seed, true)
		p.c.SetDeadline(start.Add(span))
		go func() { // ends with the deadline
			n := int64(0)
			defer func() { got <- n }()
			p.send(wire.Interested)
			for next := 0; ; {
				kind, body, err := p.read()
				if err != nil {
					return
				}
				switch kind {
				case wire.Unchoke:
					for ; next < 100; next++ {
						p.send(wire.Request, next%63, next/63*block, block)
					}
				case pieceKind:
					n += int64(len(body) - 8)
					p.send(wire.Request, next%63, next/63%8*block, block)
					next++
				}
			}
		}()
	}
	sum := int64(0)
	var each []int64
	for range peers {
		n := <-got
		sum, each = sum+n, append(each, n)
	}
	perSecond := float64(sum) / span.Seconds()
	t.Logf("limit %d bytes/s: %.0f in all, %d each in 3 s", rate, perSecond, each)
	if perSecond < 0.9*rate || perSecond > 1.1*rate {
		t.Errorf("%.0f bytes/s", perSecond)
	}
	for _, n := range each {
		if float64(n) < 0.8*float64(sum)/peers {
			t.Errorf("one of three got %d of %d", n, sum)
		}
	}
}

// One seed that hides what it has, three leeches that help each other; prints how
// many copies the seed sent.
func TestSuperSeed(t *testing.T) {
	c := newContent(64, 2*block)
	seed := newSide(t, c, sideOptions{have: fullBits(c), limits: seedLimits(2 << 20)})
	seed.SetSuperSeed(true)
	var leeches []*side
	for range 3 {
		leeches = append(leeches, newSide(t, c, sideOptions{}))
	}
	for i, l := range leeches {
		for _, other := range leeches[:i] {
			l.dial(t, other)
		}
		l.dial(t, seed)
	}
	if !seed.SuperSeeding() {
		t.Error("nothing is hidden")
	}
	for _, l := range leeches {
		l.complete(t)
	}
	copies := float64(seed.Counters().Uploaded) / float64(len(c.data))
	t.Logf("the seed sent %.2f copies for 3 leeches", copies)
	if copies > 1.7 {
		t.Errorf("the seed sent %.2f copies", copies)
	}
}

// Hidden pieces are not served.
func TestSuperSeedHides(t *testing.T) {
	c := newContent(32, block)
	seed := newSide(t, c, sideOptions{have: fullBits(c)})
	seed.SetSuperSeed(true)
	p := join(t, seed, true)
	p.send(wire.Interested)
	p.next(wire.Unchoke)
	for i := range c.pieces() - 1 {
		p.send(wire.Request, i, 0, block)
	}
	shown, served := 0, 0
	p.c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		kind, _, err := p.read()
		if err != nil {
			if err == io.EOF {
				t.Error("the connection was closed")
			}
			break
		}
		switch kind {
		case wire.HaveAll, wire.Bitfield, wire.AllowedFast:
			t.Errorf("message %d tells what it has", kind)
		case wire.Have:
			shown++
		case pieceKind:
			served++
		}
	}
	if served > 2 || shown > 2 {
		t.Errorf("%d pieces were shown, %d served", shown, served)
	}
}

// Blocks that follow each other are read together, those of the next piece too.
func TestRun(t *testing.T) {
	s := newSide(t, newContent(3, 2*block), sideOptions{})
	all := []request{{0, 0, block}, {0, block, block}, {1, 0, block}, {1, block, 100}, {1, block, block}, {2, 0, 100}, {2, 100, 50}, {2, 200, 50}}
	var runs []int
	for batch := all; len(batch) > 0; batch = batch[runs[len(runs)-1]:] {
		runs = append(runs, s.run(batch))
	}
	if want := []int{4, 3, 1}; !slices.Equal(runs, want) {
		t.Errorf("runs of %d, want %d", runs, want)
	}
}

// Of blocks that are read together those come that can be read, the others are refused.
func TestRunPartlyLost(t *testing.T) {
	c := newContent(4, 8*block)
	reads := 0
	seed := newSide(t, c, sideOptions{have: fullBits(c), refuse: func(op, _ string) error {
		if op == "read" {
			reads++
		}
		return nil
	}})
	link := &fakeLink{t: t, info: wire.Info{Fast: true}, done: make(chan struct{})}
	link.conn = seed.join(link)
	ask := func() (came []uint32) {
		for i := range uint32(8) {
			r := request{1, i * block, block}
			link.asked, link.conn.queue = append(link.asked, r), append(link.conn.queue, r)
		}
		link.conn.untold = false
		b := make([]byte, 8*(head+block))
		for b = b[:link.conn.Fill(b)]; len(b) > 0; b = b[head+block:] {
			r := request{1, binary.BigEndian.Uint32(b[9:]), block}
			if came = append(came, r.begin/block); !bytes.Equal(b[head:head+block], c.block(r)) {
				t.Errorf("block %d is wrong", r.begin/block)
			}
			link.answered(r)
		}
		if len(link.asked) > 0 {
			t.Errorf("%v were not answered", link.asked)
		}
		return came
	}
	if came := ask(); len(came) != 8 || reads != 1 {
		t.Errorf("%v came by %d reads", came, reads)
	}
	if err := os.Truncate(seed.file, 8*block+5*block+100); err != nil {
		t.Fatal(err)
	}
	if came := ask(); !slices.Equal(came, []uint32{0, 1, 2, 3, 4}) {
		t.Errorf("of a file that was cut %v came", came)
	}
}
