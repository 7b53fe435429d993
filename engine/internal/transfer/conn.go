package transfer

import (
	"errors"
	"fmt"
	"time"

	"github.com/anacrolix/torrent/bencode"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

const (
	defaultReqq = 250  // requests that a peer queues if it does not say how many
	maxEarly    = 4096 // Have messages remembered before the metadata is known
)

// conn is our side of one connection, a wire.Peer. Its fields are guarded by
// t.mu, but for those of the receive goroutine.
type conn struct {
	t    *Torrent
	w    *wire.Conn
	info wire.Info
	pk   *pick.Peer // nil until the metadata is known

	amChoking, amInterested bool // what we have told it
	choked, wanted          bool // what it has told us
	all                     bool // it has every piece
	has                     plane.Bits
	told                    plane.Bits // the pieces that it knows of us
	early                   early

	client string
	reqq   int

	queue         []request // of the peer, in order
	up, down      *limit.Node
	weight        float64 // of its share of a limited upload
	sleeping      bool    // it is woken when the upload limit lets it
	optimistic    bool    // it has the optimistic slot
	rate          rates
	joined, heard time.Time // heard: a block, or the first request after a pause

	// Of the receive goroutine:
	block    []wire.Segment // the segments of the block that is coming
	gathered []wire.Segment // whole blocks of one piece, on their way to it
	bytes    int            // in gathered
}

// early is what a peer said before the number of pieces was known.
type early struct {
	bits  []byte
	all   bool
	haves []uint32
}

// request is a block that a peer wants of us.
type request struct{ piece, begin, length uint32 }

var (
	errRange  = errors.New("it speaks of a piece that there is not")
	errLength = errors.New("it asks for a block of an impossible length")
)

// open takes part once the metadata is known. t.mu is held.
func (c *conn) open() {
	t := c.t
	c.pk = t.picker.Join()
	c.has = plane.MakeBits(t.cfg.Pieces)
	if c.told.Len() == 0 {
		c.told = plane.MakeBits(t.cfg.Pieces)
	}
	switch {
	case c.early.all:
		c.gotAll()
	case c.early.bits != nil:
		c.gotBits(c.early.bits)
	}
	for _, i := range c.early.haves {
		if int(i) < t.cfg.Pieces {
			c.gotHave(int(i))
		}
	}
	c.early = early{}
	c.interest()
}

// Message implements wire.Peer.
func (c *conn) Message(m wire.Message) error {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	switch m.Kind {
	case wire.ExtendedHandshake:
		c.hello(m.Bits)
		return nil
	case wire.Interested, wire.NotInterested:
		c.wanted = m.Kind == wire.Interested
		if t.picker != nil {
			t.choke(now)
		}
		return nil
	case wire.Choke, wire.Unchoke:
		c.choke(m.Kind == wire.Choke, now)
		return nil
	}
	if c.pk == nil {
		return c.remember(m)
	}
	return c.handle(m, now)
}

// handle deals with what is about pieces.
func (c *conn) handle(m wire.Message, now time.Time) error {
	t := c.t
	switch m.Kind {
	case wire.Bitfield:
		c.gotBits(m.Bits)
	case wire.HaveAll:
		c.gotAll()
	case wire.HaveNone:
		t.picker.HasNone(c.pk)
		c.has, c.all = plane.MakeBits(t.cfg.Pieces), false
	default:
		if int64(m.Index) >= int64(t.cfg.Pieces) {
			return fmt.Errorf("message %d of piece %d: %w", m.Kind, m.Index, errRange)
		}
	}
	block := pick.Block{Piece: int(m.Index), Begin: int(m.Begin), Length: int(m.Length)}
	switch m.Kind {
	case wire.Have:
		c.gotHave(int(m.Index))
	case wire.AllowedFast:
		t.picker.AllowedFast(c.pk, int(m.Index))
	case wire.Reject:
		t.picker.Rejected(c.pk, block)
	case wire.Request:
		return c.request(request{m.Index, m.Begin, m.Length})
	case wire.Cancel:
		c.cancel(request{m.Index, m.Begin, m.Length})
		return nil
	}
	c.interest()
	c.refill(now)
	return nil
}

// remember keeps what the peer has until the number of pieces is known.
func (c *conn) remember(m wire.Message) error {
	switch m.Kind {
	case wire.Bitfield:
		c.early = early{bits: append([]byte(nil), m.Bits...)}
	case wire.HaveAll:
		c.early = early{all: true}
	case wire.HaveNone:
		c.early = early{}
	case wire.Have:
		if len(c.early.haves) < maxEarly {
			c.early.haves = append(c.early.haves, m.Index)
		}
	}
	return nil
}

func (c *conn) gotBits(field []byte) {
	c.has = plane.ParseBits(field, c.t.cfg.Pieces)
	c.all = c.has.All()
	c.t.picker.HasBits(c.pk, c.has)
}

func (c *conn) gotAll() {
	c.has, c.all = plane.FullBits(c.t.cfg.Pieces), true
	c.t.picker.HasAll(c.pk)
}

func (c *conn) gotHave(piece int) {
	if c.t.picker.Has(c.pk, piece) {
		c.has.Set(piece)
		c.all = c.all || c.has.All()
		if s := c.t.super; s != nil {
			c.t.show(s.Have(c, piece, time.Now()))
		}
	}
}

// hello reads the peer's extension handshake (BEP 10).
func (c *conn) hello(dict []byte) {
	var d struct {
		V    string `bencode:"v"`
		Reqq int64  `bencode:"reqq"`
	}
	if err := bencode.Unmarshal(dict, &d); err != nil {
		if _, trailing := err.(bencode.ErrUnusedTrailingBytes); !trailing {
			return
		}
	}
	c.client = d.V[:min(len(d.V), 200)]
	if d.Reqq > 0 {
		c.reqq = int(min(d.Reqq, maxQueue))
	}
}

// choke follows whether the peer chokes us.
func (c *conn) choke(choked bool, now time.Time) {
	c.choked = choked
	if c.pk == nil {
		return
	}
	switch {
	case !choked:
		c.t.picker.Unchoked(c.pk)
		c.refill(now)
	case c.info.Fast:
		c.t.picker.ChokedFast(c.pk)
	default:
		c.t.picker.Choked(c.pk)
		c.t.refillIdle(now)
	}
}

// interest tells the peer whether it has something that we want, if that changed.
func (c *conn) interest() {
	if c.pk == nil {
		return
	}
	if interesting := c.t.picker.Interesting(c.pk); interesting != c.amInterested {
		c.amInterested = interesting
		kind := wire.NotInterested
		if interesting {
			kind = wire.Interested
		}
		c.w.Send(wire.Message{Kind: kind})
	}
}

// Outgoing implements wire.Outgoing: what the library says that we have is
// replaced by what we have.
func (c *conn) Outgoing(m wire.Message) bool {
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.picker == nil {
		return true
	}
	if m.Kind != wire.Have {
		c.introduce()
	}
	return false
}

// introduce sends all that we have.
func (c *conn) introduce() {
	t := c.t
	if t.super != nil {
		c.hide()
		return
	}
	c.told = t.have.Clone()
	switch have := t.have.Count(); {
	case c.info.Fast && have == t.have.Len():
		c.w.Send(wire.Message{Kind: wire.HaveAll})
	case c.info.Fast && have == 0:
		c.w.Send(wire.Message{Kind: wire.HaveNone})
	default:
		c.w.Send(wire.Message{Kind: wire.Bitfield, Bits: t.have.Bytes()})
	}
}

// tell sends a Have for a piece, unless the peer knows it.
func (c *conn) tell(piece int) {
	if c.told.Len() > 0 && !c.told.Has(piece) {
		c.told.Set(piece)
		c.w.Send(wire.Message{Kind: wire.Have, Index: uint32(piece)})
	}
}

// tellAll tells the peer of all that it does not know yet.
func (c *conn) tellAll() {
	for i := range c.t.cfg.Pieces {
		if c.t.have.Has(i) {
			c.tell(i)
		}
	}
}

// Left implements wire.Peer.
func (c *conn) Left(error) {
	for _, s := range append(c.block, c.gathered...) {
		s.Buffer.Release()
	}
	c.block, c.gathered = nil, nil
	t := c.t
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	c.queue = nil
	c.up.Remove()
	c.down.Remove()
	if t.super != nil {
		t.super.Leave(c)
	}
	if c.pk != nil {
		t.picker.Leave(c.pk)
		t.version.Add(1)
		if !t.closed {
			t.choke(time.Now())
			t.refillIdle(time.Now())
		}
	}
}
