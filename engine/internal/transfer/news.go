package transfer

import "time"

const (
	// havePace is how much time there is for each Have: with more pieces and peers
	// than that, peers are told of several pieces together. Each message that is sent
	// by itself costs both sides a packet.
	havePace = 250 * time.Microsecond
	// crowdPace is how much more time there is for each Have with each further peer,
	// once that is more: the more there are, the less depends on one of them.
	crowdPace = 3 * time.Microsecond

	mostPace = time.Second // peers hear of a piece after so long at the latest,
	mostNews = 512         // and when there are so many
)

// news are the pieces that are ours and of which the peers were not told yet.
// Torrent.mu guards it.
type news struct {
	pieces  []int
	last    time.Time   // when they were last told
	waiting *time.Timer // until they are told; nil if nothing waits
}

// spread tells all peers of a piece that is ours now, at once while that happens
// rarely, when there are many, and when nothing more is wanted. t.mu is held.
func (t *Torrent) spread(piece int, now time.Time) {
	n := &t.news
	n.pieces = append(n.pieces, piece)
	wait := n.last.Add(newsPace(t.peers())).Sub(now)
	switch {
	case wait <= 0 || len(n.pieces) >= mostNews || t.picker.Left() == 0:
		t.tellNews(now)
	case n.waiting == nil:
		n.waiting = time.AfterFunc(wait, func() { // Close stops it, or it finds that there is no news
			t.mu.Lock()
			defer t.mu.Unlock()
			t.tellNews(time.Now())
		})
	}
}

// newsPace is how long so many peers are not told of anything once they were.
func newsPace(peers int) time.Duration {
	n := time.Duration(peers)
	return min(n*max(havePace, n*crowdPace), mostPace)
}

// tellNews tells it now.
func (t *Torrent) tellNews(now time.Time) {
	n := &t.news
	n.stop()
	if len(n.pieces) == 0 || t.closed {
		return
	}
	for c := range t.conns {
		for _, i := range n.pieces {
			c.tell(i)
		}
		c.interest()
	}
	n.pieces, n.last = n.pieces[:0], now
}

func (n *news) stop() {
	if n.waiting != nil {
		n.waiting.Stop()
		n.waiting = nil
	}
}
