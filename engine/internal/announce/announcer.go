package announce

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// Config is what an Announcer is made with.
type Config struct {
	PeerID    [20]byte
	Key       uint32     // tells trackers that it is still us when our address changes (BEP 7, 15)
	Port      func() int // the port on which peers reach us; any goroutine, returns at once
	UserAgent string
	Loopback  bool         // contact loopback addresses only; checked on the resolved address of every connection
	LocalAddr netip.Addr   // bind to it, so that trackers see the address on which we listen; if valid and not unspecified
	Logger    *slog.Logger // nil logs nothing
}

// Stats are what trackers are told of a torrent, in bytes.
type Stats struct {
	Downloaded, Uploaded int64 // payload since Start
	Left                 int64 // wanted and not verified; negative if not known yet
}

// Torrent is what is announced. Its functions are described in the package doc.
type Torrent struct {
	ID      [20]byte   // info hash
	Tiers   [][]string // tracker URLs, http, https or udp (BEP 12)
	Stats   func() Stats
	Peers   func([]netip.AddrPort) // gets the peers of each answer, at most 2,000; the slice is its own
	Changed func()                 // Status has changed; may be nil
}

// State is how the last announce to a tracker went.
type State uint8

// The states of a tracker.
const (
	Idle       State = iota // not contacted yet
	Announcing              // an announce is on its way
	Working                 // the last announce was answered
	Failing                 // the last announce failed
)

// Status is one tracker of a torrent at one moment.
type Status struct {
	URL            string
	Tier           int
	State          State
	Message        string    // why it fails, or its warning: valid UTF-8 without control characters, at most 300 bytes, not to be trusted
	Seeds, Leeches int       // in the swarm as it tells; -1 if unknown
	Last           time.Time // the last answer or failure; zero if none
	Next           time.Time // the next announce; zero if none is planned
}

// Announcer announces torrents to their trackers while Run runs. Its methods may
// be called from any goroutine and wait for no network.
type Announcer struct {
	cfg    Config
	via    transport
	cmds   chan func(*state)
	ending chan struct{} // closed when Run begins to end
}

// New returns an announcer that does nothing before Run.
func New(cfg Config) *Announcer {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Announcer{cfg: cfg, via: newNetwork(cfg), cmds: make(chan func(*state)), ending: make(chan struct{})}
}

// do runs f in Run's loop and returns when it has run. It reports false, without
// having run f, once Run is ending.
func (a *Announcer) do(f func(*state)) bool {
	done := make(chan struct{})
	select {
	case a.cmds <- func(s *state) { f(s); close(done) }:
		<-done
		return true
	case <-a.ending:
		return false
	}
}

// Start announces that we have joined a swarm, and goes on announcing it. A
// torrent that is started already stays as it is.
func (a *Announcer) Start(t Torrent) { a.do(func(s *state) { s.start(t) }) }

// Stop announces in the background that we have left the swarm. It reads the
// torrent's Stats for the last time.
func (a *Announcer) Stop(id [20]byte) { a.do(func(s *state) { s.stop(id) }) }

// Completed announces that the download has just ended. It counts once for each
// Start, and only if something was left at Start.
func (a *Announcer) Completed(id [20]byte) { a.do(func(s *state) { s.completed(id) }) }

// AddTrackers adds the trackers that the torrent does not have yet, as tiers
// behind its others, and announces to them.
func (a *Announcer) AddTrackers(id [20]byte, tiers [][]string) {
	a.do(func(s *state) { s.addTrackers(id, tiers) })
}

// Force announces to all tiers as soon as their trackers allow it, see the
// package doc.
func (a *Announcer) Force(id [20]byte) { a.do(func(s *state) { s.force(id) }) }

// Status returns the trackers of a torrent in the order in which they were given;
// nil if the torrent is not started.
func (a *Announcer) Status(id [20]byte) (trackers []Status) {
	a.do(func(s *state) { trackers = s.status(id) })
	return trackers
}

// Run announces until ctx ends. Then it sends `stopped` for all torrents at the
// same time, takes at most 2 s for that, awaits its goroutines and returns nil.
// It must be called once.
func (a *Announcer) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer a.via.close()
	s := newState(work, a)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.launch()
		if next, ok := s.due.next(); ok {
			timer.Reset(time.Until(next))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			close(a.ending)
			s.shut(cancel)
			return nil
		case f := <-a.cmds:
			f(s)
		case r := <-s.results:
			s.finish(r)
		case <-timer.C:
			s.wake(time.Now())
		}
	}
}
