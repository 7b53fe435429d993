package transfer

import (
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

const (
	patience = 15 * time.Second // without data, then its requests are given to others
	sampling = 50 * time.Millisecond

	introduction = 2 * time.Second // so long the library may take for the first message
)

// rates measures a connection.
type rates struct {
	down, up           int64 // payload, since it joined
	perSecond          float64
	since              time.Time  // of the sample that is running
	sample             int64      // payload received in it
	probe              pick.Block // a block whose way there and back is timed
	asked              time.Time  // when it was asked for; zero if none is
	before             int64      // down at that time
	growth             growth
	trip               time.Duration // the shortest time from a request to its block
	second             time.Time     // of the figures that are shown
	secDown, secUp     int64
	secIn, secOut      int64 // all but payload, as the following
	shownDown, shownUp int64 // bytes/s
	shownIn, shownOut  int64
}

// arrived takes a block into account.
func (r *rates) arrived(b pick.Block, now time.Time) {
	r.down += int64(b.Length)
	r.sample += int64(b.Length)
	if !r.asked.IsZero() && b == r.probe {
		trip := now.Sub(r.asked)
		if r.trip == 0 || trip < r.trip {
			r.trip = trip
		}
		r.growth.round(r.down-r.before, trip)
		r.asked = time.Time{}
	}
	if r.since.IsZero() {
		r.since = now
	}
	if passed := now.Sub(r.since); passed >= sampling {
		now := float64(r.sample) / passed.Seconds()
		r.perSecond = max(now, 0.7*r.perSecond+0.3*now)
		r.since, r.sample = r.since.Add(passed), 0
	}
}

// refill asks the peer for more blocks before it runs dry. t.mu is held.
func (c *conn) refill(now time.Time) {
	t := c.t
	if c.pk == nil || !c.amInterested || t.closed {
		return
	}
	out, target := t.picker.Outstanding(c.pk), c.target()
	if out > target*7/8 {
		return
	}
	n := c.afford(target-out, now)
	t.scratch = t.picker.Next(c.pk, n, now, t.scratch[:0])
	t.sendCancels()
	c.refund(n - len(t.scratch))
	if len(t.scratch) == 0 {
		return
	}
	if out == 0 {
		c.relieved = now
		if !t.picker.Snubbed(c.pk) { // else it still owes us what others were asked for
			c.heard = now
		}
	}
	if now.Sub(c.rate.asked) > patience { // none is under way, or it was lost
		c.rate.probe, c.rate.asked, c.rate.before = t.scratch[0], now, c.rate.down
	}
	t.version.Add(1)
	for _, b := range t.scratch {
		c.w.Send(wire.Message{Kind: wire.Request, Index: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
		c.note(plane.EventRequest, ours, b)
		c.requested += int64(b.Length)
	}
	c.patience.Earn(len(t.scratch)) // each may be answered after we have forgotten it
}

// target is how many blocks should be asked of the peer.
func (c *conn) target() int {
	n := c.rate.target()
	if c.web != nil {
		n = max(n, c.web.least(c.t.cfg.PieceLength))
	}
	return min(n, c.reqq)
}

// topUp asks for more while bytes come so fast that Flush has to wait.
func (c *conn) topUp(now time.Time) {
	if c.t.picker.Outstanding(c.pk) < c.target()/2 {
		c.refill(now)
	}
}

// sendCancels tells peers of requests that have become useless.
func (t *Torrent) sendCancels() {
	t.cancels = t.picker.Cancels(t.cancels[:0])
	for _, x := range t.cancels {
		if c := t.members[x.From]; c != nil {
			c.cancelled(x.Block)
		}
	}
}

// cancelled tells the peer that a block is not needed any more.
func (c *conn) cancelled(b pick.Block) {
	c.w.Send(wire.Message{Kind: wire.Cancel, Index: uint32(b.Piece), Begin: uint32(b.Begin), Length: uint32(b.Length)})
	c.note(plane.EventCancel, ours, b)
}

// tick does what has its time for one connection.
func (c *conn) tick(now time.Time) {
	if c.pk == nil {
		return
	}
	r := &c.rate
	if s := now.Sub(r.second).Seconds(); s >= 0.9 {
		r.shownDown, r.shownUp = int64(float64(r.down-r.secDown)/s), int64(float64(r.up-r.secUp)/s)
		r.second, r.secDown, r.secUp = now, r.down, r.up
		in, out := c.w.Overhead()
		r.shownIn, r.shownOut = int64(float64(in-r.secIn)/s), int64(float64(out-r.secOut)/s)
		r.secIn, r.secOut = in, out
		if r.shownDown == 0 {
			r.perSecond /= 2
		}
		rate := float64(r.shownDown)
		if rate == 0 && c.t.picker.Outstanding(c.pk) == 0 {
			rate = r.perSecond // who has nothing to do is not slow
		}
		c.t.picker.SetRate(c.pk, rate)
	}
	c.flips, c.budget = 0, asksPerSecond
	c.answer()
	c.relieve(now)
	// The library may have nothing to introduce us with.
	c.introduced = c.introduced || c.web == nil && now.Sub(c.joined) > introduction
	if c.t.super == nil && c.told.Count() < c.t.have.Count() {
		c.tellAll()
	}
	c.interest()
	c.rest()
	c.refill(now)
}

// relieve takes back what was asked of a peer from which nothing comes.
func (c *conn) relieve(now time.Time) {
	last := c.relieved
	for _, t := range []time.Time{c.heard, time.Unix(0, c.moved.Load())} {
		if t.After(last) {
			last = t
		}
	}
	if c.t.picker.Outstanding(c.pk) == 0 || now.Sub(last) <= patience {
		return
	}
	lost := c.t.picker.TimedOut(c.pk)
	c.refund(len(lost))
	for _, b := range lost {
		c.cancelled(b)
	}
	c.relieved = now
}
