package swarm

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/anacrolix/torrent"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
)

// Tally keeps what the picture of one running torrent is drawn from: the state
// of every piece, who has which, and the newest events. The library's callbacks
// and the storage feed it; its mutex is never held across a call to either.
type Tally struct {
	version atomic.Uint64

	mu        sync.Mutex
	layout    disk.Layout
	states    []plane.PieceState
	requests  []uint16 // blocks asked for, per piece
	arrived   []int64  // bytes written, per piece
	verified  int
	failures  int
	received  int64    // payload from connections that are closed
	sent      int64    // payload to connections that are closed
	available []uint16 // connected peers that have the piece; seeds are not in it
	peers     map[*torrent.PeerConn]*peer
	ring      ring

	raised plane.Bits // pieces with a raised priority; the caller's goroutine only
}

// NewTally returns a tally of a torrent whose metadata is not known yet.
func NewTally() *Tally { return &Tally{peers: map[*torrent.PeerConn]*peer{}} }

func (t *Tally) open(l disk.Layout, have plane.Bits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.layout = l
	t.states = make([]plane.PieceState, l.Pieces)
	t.requests = make([]uint16, l.Pieces)
	t.arrived = make([]int64, l.Pieces)
	t.available = make([]uint16, l.Pieces)
	for i := range t.states {
		t.states[i] = have.State(i)
	}
	t.version.Add(1)
}

// settle brings the state of an unverified piece in line with what is known.
func (t *Tally) settle(i int) {
	state := plane.Missing
	switch {
	case t.states[i] == plane.Verified:
		return
	case t.arrived[i] > 0:
		state = plane.Partial
	case t.requests[i] > 0:
		state = plane.Requested
	case t.states[i] == plane.Failed:
		state = plane.Failed
	}
	if t.states[i] != state {
		t.states[i] = state
		t.version.Add(1)
	}
}

// Wrote tells that length bytes of a piece were written to disk.
func (t *Tally) Wrote(piece int, begin, length int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if piece >= len(t.states) {
		return
	}
	t.arrived[piece] += length
	t.settle(piece)
}

// Checked tells whether a piece's bytes had the right hash.
func (t *Tally) Checked(piece int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if piece >= len(t.states) {
		return
	}
	t.arrived[piece] = 0
	if !ok {
		if t.states[piece] == plane.Partial {
			t.failures++
		}
		t.states[piece] = plane.Failed
		t.version.Add(1)
		return
	}
	if t.states[piece] != plane.Verified {
		t.states[piece] = plane.Verified
		t.verified++
		t.version.Add(1)
		t.ring.add(plane.Event{Kind: plane.PieceVerified, Time: time.Now(), Piece: piece})
	}
}

func (t *Tally) requested(pc *torrent.PeerConn, r torrent.Request, change int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, i := t.peers[pc], int(r.Index)
	if p == nil || i >= len(t.states) {
		return
	}
	p.requests += change
	t.requests[i] = uint16(max(0, min(int(t.requests[i])+change, math.MaxUint16)))
	t.settle(i)
	if change > 0 {
		t.ring.add(p.event(plane.BlockRequested, i, int(r.Begin), int(r.Length)))
	}
}

func (t *Tally) pieces(dst []plane.PieceState) []plane.PieceState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append(dst[:0], t.states...)
}

func (t *Tally) availability(dst []uint16) []uint16 {
	t.mu.Lock()
	defer t.mu.Unlock()
	dst = append(dst[:0], t.available...)
	seeds := uint16(0)
	for _, p := range t.peers {
		if p.all {
			seeds++
		}
	}
	for i := range dst {
		dst[i] += seeds
	}
	return dst
}

func (t *Tally) connected() (peers, seeds int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.peers {
		if p.all || p.count > 0 && p.count == len(t.states) {
			seeds++
		}
	}
	return len(t.peers), seeds
}

func (t *Tally) counters(d *disk.Torrent) plane.Counters {
	var c plane.Counters
	if d != nil {
		c.Downloaded, _ = d.Counters()
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	received := t.received
	c.Uploaded = t.sent
	for pc := range t.peers {
		stats := statsOf(pc)
		received += stats.BytesReadData.Int64()
		c.Uploaded += stats.BytesWrittenData.Int64()
	}
	c.Wasted = max(0, received-c.Downloaded)
	c.HashFailures, c.Verified = t.failures, t.verified
	return c
}

func (t *Tally) eventsAfter(after uint64, dst []plane.Event) ([]plane.Event, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ring.after(after, dst)
}

// learn takes over what a peer has from the library, for peers that told it
// before the number of pieces was known.
func (t *Tally) learn(pc *torrent.PeerConn, has *roaring.Bitmap) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[pc]
	if p == nil || p.all {
		return
	}
	for it := has.Iterator(); it.HasNext(); {
		i := int(it.Next())
		if i >= len(t.states) {
			break
		}
		t.gained(p, i)
	}
}
