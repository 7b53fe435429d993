package announce

import (
	"context"
	"net/netip"
	"time"
)

// event is what an announce says, with the numbers of BEP 15; paused, which it has
// not, is of HTTP only (BEP 21).
type event int32

const (
	regular event = iota
	completed
	started
	stopped
	paused
	scraped // no announce at all: the counts are asked for (BEP 48)
)

// String returns the word of BEP 3 or 21; "" for a regular announce.
func (e event) String() string {
	return [...]string{"", "completed", "started", "stopped", "paused", "scrape"}[e]
}

// code is the number that BEP 15 has for the event.
func (e event) code() int32 {
	if e > stopped {
		return int32(regular)
	}
	return int32(e)
}

const (
	wantPeers   = 80       // peers asked for with each announce
	unknownLeft = 16 << 10 // told while the size is unknown: 0 would say that we are a seed
)

// request is one announce to one tracker.
type request struct {
	url       string
	id        [20]byte
	twin      [20]byte // the other info hash of a hybrid, announced as well; zero if none
	event     event
	stats     Stats
	trackerID string // as the tracker has told (BEP 3)

	// found gets the peers of each answer at once, on a goroutine of the transport. If it
	// is nil the reply has them.
	found func([]netip.AddrPort)
}

// ids are the info hashes to announce.
func (r request) ids() [][20]byte {
	if r.twin == ([20]byte{}) || r.twin == r.id {
		return [][20]byte{r.id}
	}
	return [][20]byte{r.id, r.twin}
}

func (r request) want() int {
	if r.event == stopped || r.stats.Full {
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
	counts
	peers              []netip.AddrPort
	warning, trackerID string
	external           netip.Addr // our address as the tracker sees it (BEP 24); invalid if not told
	families           Families   // over which it was answered
}

// counts are what a tracker tells of a swarm; -1 is not told.
type counts struct{ seeds, leeches, downloads int }

var noCounts = counts{-1, -1, -1}

// most returns the larger number of each kind.
func (c counts) most(o counts) counts {
	return counts{max(c.seeds, o.seeds), max(c.leeches, o.leeches), max(c.downloads, o.downloads)}
}

// transport sends a request and waits for the answer until ctx ends.
type transport interface {
	announce(ctx context.Context, r request) (reply, error)
	// scrape asks for the counts of at most maxScrape info hashes, of which those that
	// the tracker does not know are left out.
	scrape(ctx context.Context, url string, ids [][20]byte) (map[[20]byte]counts, error)
	changed() // the way to trackers has changed
	close()
}
