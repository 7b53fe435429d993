package announce

import (
	"context"
	"net/netip"
	"time"
)

// event is what an announce says, with the numbers of BEP 15.
type event int32

const (
	regular event = iota
	completed
	started
	stopped
)

// String returns the word of BEP 3; "" for a regular announce.
func (e event) String() string { return [...]string{"", "completed", "started", "stopped"}[e] }

const (
	wantPeers   = 80       // peers asked for with each announce
	unknownLeft = 16 << 10 // told while the size is unknown: 0 would say that we are a seed
)

// request is one announce to one tracker.
type request struct {
	url       string
	id        [20]byte
	event     event
	stats     Stats
	trackerID string // as the tracker has told (BEP 3)
}

func (r request) want() int {
	if r.event == stopped {
		return 0
	}
	return wantPeers
}

func (r request) left() int64 {
	if r.stats.Left < 0 {
		return unknownLeft
	}
	return r.stats.Left
}

// reply is a tracker's answer, checked and bounded.
type reply struct {
	interval, minInterval time.Duration // 0 if not told
	seeds, leeches        int           // -1 if not told
	peers                 []netip.AddrPort
	warning, trackerID    string
}

// transport sends an announce and waits for the answer until ctx ends.
type transport interface {
	announce(ctx context.Context, r request) (reply, error)
	close()
}
