package announce

import (
	"context"
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"time"

	"piecewise/engine/internal/route"
)

// Config is what an Announcer is made with.
type Config struct {
	PeerID    [20]byte
	Key       uint32     // tells trackers that it is still us when our address changes (BEP 7, 15)
	Port      func() int // the port on which peers reach us; any goroutine, returns at once
	UserAgent string
	Route     *route.Route // the way to trackers; nil for any
	Loopback  bool         // trackers are on this machine, and may be asked every second
	OneTier   bool         // ask a further tier only if those before it fail (BEP 12), see SetOneTier
	Logger    *slog.Logger // nil logs nothing

	roots *x509.CertPool // who may sign certificates; nil is whom the system trusts
}

// Stats are what trackers are told of a torrent.
type Stats struct {
	Downloaded, Uploaded int64 // payload since Start, bytes
	Left                 int64 // bytes of all files that are not verified; negative if not known yet
	Partial              bool  // something is left, and none of it is wanted (BEP 21)
	Full                 bool  // no more peers are wanted
}

// Torrent is what is announced. Its functions are described in the package doc.
type Torrent struct {
	ID      [20]byte   // info hash
	Twin    [20]byte   // the v2 info hash of a hybrid, cut short (BEP 52), announced as well; zero if none
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
	Failing                 // the last announce was not answered, or with something else than an answer
	Refusing                // the tracker has answered the last announce with a reason why it refuses
	Disabled                // it is not asked, because of what the user or we decided; Message says what
	Reserve                 // it is not asked while another tracker works
	Resting                 // the torrent is observed only
)

// Status is one tracker of a torrent at one moment.
type Status struct {
	URL       string
	Tier      int
	State     State
	Message   string     // why it fails, or its warning: valid UTF-8 without control characters, at most 300 bytes, not to be trusted
	Seeds     int        // in the swarm as it tells, in an announce or a scrape; -1 if unknown
	Leeches   int        // likewise
	Downloads int        // of the whole torrent so far, likewise
	Last      time.Time  // the last answer or failure of an announce; zero if none
	Next      time.Time  // the next announce; zero if none is planned
	Families  Families   // over which the last announce was answered
	External  netip.Addr // our address as the tracker sees it (BEP 24); invalid if it does not tell
}

// Announcer announces torrents to their trackers while Run runs. Its methods may
// be called from any goroutine and wait for no network.
type Announcer struct {
	cfg    Config
	via    transport
	cmds   chan func(*state)
	ending chan struct{} // closed when Run begins to end

	shuffle func([]*tracker)
}

// New returns an announcer that does nothing before Run.
func New(cfg Config) *Announcer {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Route == nil {
		cfg.Route = route.New(route.Config{Loopback: cfg.Loopback})
	}
	return &Announcer{cfg: cfg, via: newNetwork(cfg), cmds: make(chan func(*state)), ending: make(chan struct{}), shuffle: shuffled}
}

func shuffled(list []*tracker) {
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
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

// Observe has the trackers of a torrent asked for their counts from time to time, without
// telling them that we take part. Of t only ID, Twin, Tiers and Changed are used. A
// torrent that is started stays as it is; Start and Stop end it.
func (a *Announcer) Observe(t Torrent) { a.do(func(s *state) { s.observe(t) }) }

// Stop announces in the background that we have left the swarm. It reads the
// torrent's Stats for the last time.
func (a *Announcer) Stop(id [20]byte) { a.do(func(s *state) { s.stop(id) }) }

// Completed announces that we have just become a seed. It counts once for each
// Start, and only if something was left at Start.
func (a *Announcer) Completed(id [20]byte) { a.do(func(s *state) { s.completed(id) }) }

// Finished announces, as soon as the trackers allow, that all that is wanted is there
// but not everything: Stats says so.
func (a *Announcer) Finished(id [20]byte) { a.Force(id) }

// SetTrackers replaces the trackers of a torrent. Those that it has already stay as they
// are, those that are new are announced to, and those that are gone are told `stopped`.
func (a *Announcer) SetTrackers(id [20]byte, tiers [][]string) {
	a.do(func(s *state) { s.setTrackers(id, tiers) })
}

// SetTwin has a torrent that turned out to be a hybrid announced under its other info
// hash as well.
func (a *Announcer) SetTwin(id, twin [20]byte) { a.do(func(s *state) { s.setTwin(id, twin) }) }

// SetOneTier sets whether a further tier is asked only if those before it fail (BEP 12),
// or all tiers are asked at the same time.
func (a *Announcer) SetOneTier(on bool) { a.do(func(s *state) { s.setOneTier(on) }) }

// Force announces to all tiers as soon as their trackers allow it, see the
// package doc.
func (a *Announcer) Force(id [20]byte) { a.do(func(s *state) { s.force(id, "") }) }

// ForceOne does so for one tracker, which its tier asks first.
func (a *Announcer) ForceOne(id [20]byte, url string) { a.do(func(s *state) { s.force(id, url) }) }

// Look has those trackers asked for their counts that have not told any of late: somebody
// looks at the torrent.
func (a *Announcer) Look(id [20]byte) { a.do(func(s *state) { s.look(id) }) }

// Status returns the trackers of a torrent in the order in which they were given;
// nil if the torrent is neither started nor observed.
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
	moved := make(chan struct{}, 1)
	if r := a.cfg.Route; r != nil {
		defer r.Notify(func() {
			select {
			case moved <- struct{}{}:
			default: // that it has changed is known
			}
		})()
	}
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
		case <-moved:
			s.moved()
		case <-timer.C:
			s.wake(time.Now())
		}
	}
}
