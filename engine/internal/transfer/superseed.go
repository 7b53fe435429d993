package transfer

import (
	"time"

	"piecewise/engine/internal/choke"
	"piecewise/engine/internal/wire"
)

// enoughCopies among the peers end super-seeding, see choke.Superseed.Done.
const enoughCopies = 2

// SetSuperSeed starts or ends super-seeding (BEP 16): every peer is shown few
// pieces, so that each is sent about once. It takes part only while we have
// everything, and ends by itself when the peers have enough copies.
func (t *Torrent) SetSuperSeed(on bool) {
	if on {
		t.SuperSeedFrom(0)
	} else {
		t.SuperSeedFrom(-1)
	}
}

// SuperSeedFrom starts super-seeding once so many peers are connected: the first
// one has nobody to share with and is better told everything. A negative number
// ends it.
func (t *Torrent) SuperSeedFrom(peers int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wantSuper, t.superFrom = peers >= 0, peers
	t.superSeed(time.Now())
}

// SuperSeeding reports whether pieces are being hidden now.
func (t *Torrent) SuperSeeding() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.super != nil
}

// superSeed starts or ends super-seeding if it is time. t.mu is held.
func (t *Torrent) superSeed(now time.Time) {
	if t.picker == nil || t.closed {
		return
	}
	on := t.wantSuper && t.have.All() && !(t.super != nil && t.super.Done(enoughCopies))
	if t.super == nil && t.peers() < t.superFrom {
		on = false
	}
	switch {
	case on && t.super == nil:
		t.super = choke.NewSuperseed[*conn](t.cfg.Pieces, nil)
		for c := range t.conns {
			if c.introduced { // else it will be hidden from it what we have
				t.super.Watch(c, c.has)
			}
		}
	case !on && t.super != nil:
		t.super, t.wantSuper = nil, false
		for c := range t.conns {
			c.tellAll()
		}
	case on:
		t.reveal(now)
		t.show(t.super.Tick(now))
	}
}

// idle shows a further piece if nobody asks for any. t.mu is held.
func (t *Torrent) idle() {
	if t.super == nil {
		return
	}
	for c := range t.conns {
		if len(c.queue) > 0 {
			return
		}
	}
	t.show(t.super.Idle(time.Now()))
}

// reveal tells everything to peers that want nothing of what they were shown.
func (t *Torrent) reveal(now time.Time) {
	for c := range t.conns {
		if c.web == nil && !c.wanted && t.super.Ignored(c, now) {
			c.tellAll()
			t.super.Watch(c, c.has)
		}
	}
}

// show tells peers of pieces that they may have.
func (t *Torrent) show(offers []choke.Offer[*conn]) {
	for _, o := range offers {
		o.Key.tell(o.Piece)
	}
}

// hide introduces us as somebody who has nothing, and shows the first pieces.
func (c *conn) hide() {
	if c.info.Fast {
		c.w.Send(wire.Message{Kind: wire.HaveNone})
	}
	c.t.show(c.t.super.Join(c, c.has, time.Now()))
}
