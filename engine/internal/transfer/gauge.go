package transfer

import (
	"slices"
	"time"

	"piecewise/engine/internal/plane"
)

// States appends the state of every piece to dst[:0].
func (t *Torrent) States(dst []plane.PieceState) []plane.PieceState {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.picker == nil {
		return dst[:0]
	}
	return t.picker.States(dst)
}

// Version changes whenever a piece's state does.
func (t *Torrent) Version() uint64 { return t.version.Load() }

// Availability appends to dst[:0], per piece, how many connected peers have it.
func (t *Torrent) Availability(dst []uint16) []uint16 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.picker == nil {
		return dst[:0]
	}
	return t.picker.Availability(dst)
}

// peers returns how many peers are connected, among which web seeds do not count.
func (t *Torrent) peers() int { return len(t.conns) - t.webs }

// Connected returns how many peers are connected, and how many of them are seeds. Web
// seeds do not count.
func (t *Torrent) Connected() (peers, seeds int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for c := range t.conns {
		if c.web == nil && (c.all || c.early.all) {
			seeds++
		}
	}
	return t.peers(), seeds
}

// Counters returns the totals since New.
func (t *Torrent) Counters() plane.Counters {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := plane.Counters{
		Downloaded: t.downloaded.Load(), Uploaded: t.uploaded.Load(), Wasted: t.wasted.Load(),
		ProtocolReceived: t.gone.in, ProtocolSent: t.gone.out,
		HashFailures: t.failures, Verified: t.verified,
	}
	for c := range t.conns {
		in, out := c.w.Overhead()
		n.ProtocolReceived += in
		n.ProtocolSent += out
	}
	return n
}

// Peers appends the connected peers and web seeds to dst[:0], ordered by address.
func (t *Torrent) Peers(dst []plane.Peer) []plane.Peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	dst = dst[:0]
	for c := range t.conns {
		p := plane.Peer{
			Addr: c.info.Addr, ID: c.info.PeerID, Client: c.client, Have: c.has.Clone(),
			Transport: c.info.Transport, Encryption: c.info.Encryption,
			Choking: c.amChoking, Interested: c.amInterested, Choked: c.choked, Wanted: c.wanted,
			Down: c.rate.shownDown, Up: c.rate.shownUp, Downloaded: c.rate.down - c.doubled, Uploaded: c.rate.up, Wasted: c.wasted,
		}
		if c.web != nil {
			p.URL = c.web.URL
		}
		p.ProtocolReceived, p.ProtocolSent = c.w.Overhead()
		p.ProtocolDown, p.ProtocolUp = c.rate.shownIn, c.rate.shownOut
		p.Limits, p.Exempt = c.limits, c.exempt
		p.Optimistic, p.Queue = c.optimistic, len(c.queue)
		if c.pk != nil {
			p.Requests = t.picker.Outstanding(c.pk)
			p.Snubbed = t.snubbed(c, time.Now())
		}
		if !c.info.Outgoing {
			p.Origin = plane.OriginIncoming
		}
		dst = append(dst, p)
	}
	slices.SortFunc(dst, func(a, b plane.Peer) int { return a.Addr.Compare(b.Addr) })
	return dst
}
