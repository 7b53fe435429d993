package transfer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/anacrolix/torrent/bencode"

	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

const (
	defaultReqq = 250 // requests that a peer queues if it does not say how many
	maxClient   = 200 // bytes of the name of its program that are kept
	maxFlips    = 10  // of its interest in a second that are acted on at once
)

// Link is the connection to a peer, a *wire.Conn, or what stands for one, see Attach.
// All methods return at once. Send, Wake and Close are called under Torrent.mu.
type Link interface {
	Info() wire.Info
	Send(wire.Message)
	Wake()
	Close(error)
	Done() <-chan struct{}
	Overhead() (in, out int64)
}

// conn is our side of one connection, a wire.Peer. Its fields are guarded by
// t.mu, but for those of the receive goroutine.
type conn struct {
	t    *Torrent
	w    Link
	info wire.Info
	pk   *pick.Peer // nil until the metadata is known
	web  *Spec      // of a web seed; nil for a peer

	amChoking, amInterested bool // what we have told it
	choked, wanted          bool // what it has told us
	all                     bool // it has every piece
	has                     plane.Bits
	count                   int  // of has
	introducedItself        bool // with a bitfield or the like
	patience                wire.Patience
	refusals                int   // of what we ask for, one after the other
	requested               int64 // payload that was ever asked of it, bytes
	early                   early
	told                    plane.Bits // the pieces that it knows of us
	introduced              bool       // it was told; only then may a Have follow
	flips                   int        // of its interest in this second

	client string
	reqq   int

	asks     []hash.Range // of hashes, by the peer, in order
	budget   int          // of asks that are answered in this second
	noHashes bool         // it has none for us
	meta     exchange

	queue      []request // of the peer, in order
	blocks     [][]byte  // Fill's own, kept only for its room
	up, down   *limit.Node
	limits     plane.Limits // its own
	exempt     bool         // no limit holds for it
	weight     float64      // of its share of a limited upload
	untold     bool         // that it may ask, as long as the batch before the next blocks may be without it
	sleeping   bool         // it is woken when the upload limit lets it
	sentAt     time.Time    // when it was last sent a block
	hungry     bool         // it is asked for more when the download limit lets us
	optimistic bool         // it has the optimistic slot
	gift       gift
	rate       rates
	wasted     int64 // payload of it that was not needed, bytes
	doubled    int64 // of that, what was asked for; somebody else was faster
	joined     time.Time
	heard      time.Time // a block, or the first request after a pause
	relieved   time.Time // as heard, or when it was last relieved of its requests

	// Of the receive goroutine:
	block    []wire.Segment // the segments of the block that is coming
	gathered []wire.Segment // whole blocks of one piece, on their way to it
	bytes    int            // in gathered
	unasked  bool           // the block that is coming was not asked for
	unpaid   int            // bytes of such blocks since the last Took
	owed     int            // and before it

	moved atomic.Int64 // when bytes of a block that was asked for came, UnixNano
}

// request is a block that a peer wants of us.
type request struct{ piece, begin, length uint32 }

var (
	errRange  = errors.New("it speaks of a piece that there is not")
	errLength = errors.New("it asks for a block of an impossible length")
	errAgain  = errors.New("it says a second time what it has")
)

// open takes part once the metadata is known. t.mu is held.
func (c *conn) open() {
	t := c.t
	c.pk = t.picker.Join()
	t.members[c.pk] = c
	t.picker.SetLot(c.pk, lot(c.info.PeerID))
	c.has = plane.MakeBits(t.cfg.Pieces)
	if c.told.Len() == 0 {
		c.told = plane.MakeBits(t.cfg.Pieces)
	}
	if c.web != nil {
		c.unfold()
	}
	switch {
	case c.early.all:
		c.gotAll()
	case c.early.bits != nil:
		c.gotBits(c.early.bits)
	}
	for _, i := range c.early.haves {
		if int64(i) < int64(t.cfg.Pieces) {
			c.gotHave(int(i))
		}
	}
	for _, i := range c.early.fast {
		if int64(i) < int64(t.cfg.Pieces) {
			t.picker.AllowedFast(c.pk, int(i))
		}
	}
	c.early = early{}
	if !c.choked {
		c.rate.growth = newGrowth(c.info.RoundTrip)
		t.picker.Unchoked(c.pk)
	}
	c.interest()
	c.refill(time.Now())
}

// lot is what a peer ID is worth when pieces are divided by lots: its random end.
func lot(id [20]byte) uint64 { return binary.BigEndian.Uint64(id[12:]) }

// Message implements wire.Peer.
func (c *conn) Message(m wire.Message) (news bool, err error) {
	t, now := c.t, time.Now()
	var h hello
	if m.Kind == wire.Extended {
		if m.Index != 0 {
			return false, c.metadata(m.Bits, now)
		}
		h = parseHello(m.Bits)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch m.Kind {
	case wire.Extended:
		c.greeted(h)
		if ours, ok := netip.AddrFromSlice([]byte(h.YourIP)); ok && t.cfg.Told != nil {
			t.cfg.Told(c.info.Addr.Addr(), ours)
		}
		c.knowsMetadata(h, now)
		return true, c.idle(helloCost, now)
	case wire.Interested, wire.NotInterested:
		return c.wants(m.Kind == wire.Interested, now), c.idle(1, now)
	case wire.Choke, wire.Unchoke:
		c.choke(m.Kind == wire.Choke, now)
		return true, c.idle(1, now)
	case wire.HashRequest, wire.Hashes, wire.HashReject:
		c.hashes(m, now)
		return false, c.idle(1, now)
	}
	if c.pk == nil {
		return true, c.remember(m, now)
	}
	return c.handle(m, now)
}

// wants follows whether the peer is interested, false if that is as before. Who
// wavers too often has to wait for the next tick.
func (c *conn) wants(interested bool, now time.Time) bool {
	if c.wanted == interested {
		return false
	}
	c.wanted = interested
	c.note(interestEvent(interested), theirs, pick.Block{})
	if c.flips++; c.flips <= maxFlips {
		c.t.choke(now)
	}
	if interested {
		c.give()
	}
	return true
}

// handle deals with what is about pieces. Whatever is no news, and all that a
// peer may repeat, counts as chatter.
func (c *conn) handle(m wire.Message, now time.Time) (news bool, err error) {
	if err := c.check(m); err != nil {
		return false, err
	}
	t := c.t
	switch m.Kind {
	case wire.Bitfield:
		news = c.gotBits(m.Bits)
		err = c.idle(bitfieldCost, now)
	case wire.HaveAll:
		c.gotAll()
		news = true
	case wire.HaveNone:
		news = true
	case wire.Have:
		news = c.gotHave(int(m.Index))
	case wire.AllowedFast:
		t.picker.AllowedFast(c.pk, int(m.Index))
	case wire.Reject:
		b := request{m.Index, m.Begin, m.Length}.block()
		if news = t.picker.Rejected(c.pk, b); news {
			c.note(plane.EventReject, theirs, b)
			c.refund(1)
			err = c.refused()
		}
	case wire.Request:
		return c.request(request{m.Index, m.Begin, m.Length}, now)
	case wire.Cancel:
		c.cancel(request{m.Index, m.Begin, m.Length})
	}
	if !news && err == nil {
		err = c.idle(1, now)
	}
	if (news || m.Kind == wire.AllowedFast) && err == nil {
		c.interest()
		c.refill(now)
	}
	return news, err
}

// check says whether a message may be: about a piece that there is, and only once
// what the peer has.
func (c *conn) check(m wire.Message) error {
	switch m.Kind {
	case wire.Bitfield, wire.HaveAll, wire.HaveNone:
		return c.introducesItself(m.Kind)
	default:
		if int64(m.Index) >= int64(c.t.cfg.Pieces) {
			return fmt.Errorf("message %d of piece %d: %w", m.Kind, m.Index, errRange)
		}
	}
	return nil
}

// hello is what matters of an extension handshake (BEP 10).
type hello struct {
	V    string `bencode:"v"`
	Reqq int64  `bencode:"reqq"`
	M    struct {
		Metadata *int64 `bencode:"ut_metadata"`
	} `bencode:"m"`
	MetadataSize int64  `bencode:"metadata_size"`
	YourIP       string `bencode:"yourip"`
}

// parseHello reads an extension handshake, as far as it can be read.
func parseHello(dict []byte) (h hello) {
	if err := bencode.Unmarshal(dict, &h); err != nil {
		if _, trailing := err.(bencode.ErrUnusedTrailingBytes); !trailing {
			return hello{}
		}
	}
	h.V = strings.ToValidUTF8(h.V[:min(len(h.V), maxClient)], "")
	return h
}

// greeted takes over what the peer's extension handshake says.
func (c *conn) greeted(h hello) {
	c.client = h.V
	if h.Reqq > 0 {
		c.reqq = int(min(h.Reqq, maxQueue))
	}
}

// choke follows whether the peer chokes us.
func (c *conn) choke(choked bool, now time.Time) {
	if c.choked != choked {
		c.note(chokeEvent(choked), theirs, pick.Block{})
	}
	c.choked = choked
	if c.pk == nil {
		return
	}
	switch {
	case !choked:
		c.rate.growth = newGrowth(c.info.RoundTrip)
		c.t.picker.Unchoked(c.pk)
		c.refill(now)
	case c.info.Fast:
		c.t.picker.ChokedFast(c.pk)
	default:
		c.refund(len(c.t.picker.Choked(c.pk)))
		c.t.refillIdle(now)
	}
}

// interest tells the peer whether it has something that we want and may have, if
// that changed.
func (c *conn) interest() {
	if c.pk == nil {
		return
	}
	if interesting := c.t.picker.Interesting(c.pk) && c.down.Rate() != 0; interesting != c.amInterested {
		c.amInterested = interesting
		kind := wire.NotInterested
		if interesting {
			kind = wire.Interested
		}
		c.w.Send(wire.Message{Kind: kind})
		c.note(interestEvent(interesting), ours, pick.Block{})
	}
}

// Left implements wire.Peer. Blocks that were accepted are not lost: their piece
// waits for them.
func (c *conn) Left(error) {
	c.handOver()
	c.drop()
	t, now := c.t, time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.conns, c)
	if c.web != nil {
		t.webs--
	}
	c.note(plane.EventLeft, c.info.Outgoing, pick.Block{})
	in, out := c.w.Overhead()
	t.gone.in += in
	t.gone.out += out
	c.queue = nil
	if c.pk != nil {
		c.refund(t.picker.Outstanding(c.pk))
	}
	c.up.Remove()
	c.down.Remove()
	if t.super != nil {
		t.super.Leave(c)
	}
	t.lose(c, now)
	if c.pk != nil {
		delete(t.members, c.pk)
		t.picker.Leave(c.pk)
		t.version.Add(1)
		t.choke(now)
		t.refillIdle(now)
	}
}
