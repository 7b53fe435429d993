package engine

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/announce"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/ipfilter"
	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/route"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/swarm"
	"piecewise/engine/internal/transfer"
)

// controller is what the engine needs of the control plane. Add may wait.
type controller interface {
	Add(swarm.Spec) (carrier, error)
	Port() int
	Rebind(port uint16) error // may wait for the system; called by one goroutine at a time
	PeerID() [20]byte
	DHT() swarm.DHTStatus         // returns at once
	DHTState() []byte             // likewise
	SetDiscovery(swarm.Discovery) // likewise
	SetSession(swarm.Session)     // returns at once
	Close() error
	// Download fetches what a URL names, at most so many bytes. It may wait for ctx.
	Download(ctx context.Context, url string, most int) ([]byte, error)
	bouncer
	doorman
}

// doorman lets peers knock for torrents that do not run, see swarm.Client. All return
// at once.
type doorman interface {
	StandBy(ids [][20]byte, private bool, wake func(), found func([]netip.AddrPort, plane.Origin))
	Awaited(id [20]byte) bool
	Leave(id [20]byte)
}

// bouncer refuses peers, and tells when somebody from outside came. All return at once.
type bouncer interface {
	Ban(netip.AddrPort)
	Unban(netip.AddrPort)
	Refilter()
	SetOuter(tcp, udp uint16)
	Reached() (v4, v6 time.Time)
	Outside(v6 bool) (ours netip.Addr, votes int)
}

// carrier is a torrent that runs: its data plane, and how to steer it.
type carrier interface {
	gauge
	tuning
	steering
}

// gauge tells at once how a running torrent is doing.
type gauge interface {
	Pieces(dst []plane.PieceState) []plane.PieceState
	Version() uint64
	Availability(dst []uint16) []uint16
	Connected() (peers, seeds int)
	Counters() plane.Counters
	Fetch() plane.Fetch
	Peers(dst []plane.Peer) []plane.Peer
}

// tuning changes at once what a running torrent may and should do.
type tuning interface {
	SetWanted(transfer.Wanted)
	SetFetching(bool)   // a write that fails ends it, too
	SetOptions(Options) // nothing in them is AsSession
	SetPeerLimit(netip.AddrPort, Limits)
	SuperSeedFrom(peers int) // negative is never
	SuperSeeding() bool
}

// steering may wait for the library: only the library lane calls it.
type steering interface {
	Open(swarm.Open) error
	AddPeers([]netip.AddrPort, plane.Origin)
	Drop()
}

// control makes a swarm.Client a controller.
type control struct{ *swarm.Client }

func (c control) Add(spec swarm.Spec) (carrier, error) {
	t, err := c.Client.Add(spec)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// state is everything the loop owns.
type state struct {
	cfg       Config
	log       *slog.Logger
	control   controller
	announcer *announce.Announcer
	route     *route.Route // the way out of this machine
	way       Way          // as the snapshot has it
	anonymous bool         // since the start
	store     *store.Store // the keeper's; Metainfo only reads a file and is anyone's

	library, keeper, tasks, movers, looks, checks *lane
	results                                       chan func(*state)
	mail                                          *mailbox
	quit                                          context.Context // ends when the loop has ended
	cancel                                        context.CancelFunc

	torrents map[ID]*torrent
	hashes   map[[20]byte]*torrent // by all info hashes that are known, v2 ones cut short
	order    []*torrent            // as they were added
	settings Settings              // as they hold
	kept     Settings              // as they are saved: without what Config puts in their place
	turtle   limit.Turtle
	session  swarm.Session  // as the control plane has it
	slow     Turtle         // as the snapshot has it
	asked    time.Time      // when its timetable was asked for the next change
	zone     *time.Location // of the system, if it is not the one of the start
	zoneData string         // what zoneFile held
	zoneFile string

	next    Update
	changed bool // something in the next snapshot is new
	ticks   int

	watched      ID
	detail       *Detail
	saving       bool    // a job writes to the store
	syncs        *syncer // the keeper's
	saveFailed   bool    // the user was told
	backupFailed bool    // likewise
	lastSave     time.Time
	landing      bool // a job records what is about to be written
	toLand       []landing

	remembers      map[ID]bool // of these removed torrents the store knows which files are ours
	outages        map[spot]*outage
	checking       map[uint64]bool   // disks on which something is checked
	devices        map[string]uint64 // the disks of folders in which something is to be
	looking        map[string]bool   // folders whose disks are being looked up
	deviceOf       func(dir string) (uint64, error)
	moves          []*torrent // whose files move or wait for that, in order
	measuring      bool       // a job asks for the free space
	port           int
	rebinding      bool // a job changes the port
	hosting        hosting
	free           int64
	dht            DHTStatus
	goneUp, goneDn int64          // totals of torrents that were removed
	gone           plane.Counters // of torrents that were removed, since the program was started
	bans           []Ban          // never changed in place: snapshots share it
	filter         filter
	reach          reaching
	seeds          seeds
	unseen         unseen
	quiet          []*torrent // stand by since the start, and are to be announced
}

// torrent is what the loop knows of one torrent.
type torrent struct {
	id       ID
	hashV2   [32]byte       // the v2 info hash of a magnet, if it names one
	rec      store.Record   // as it is saved, but for the pieces of a running torrent
	meta     *Meta          // nil until it is known, and while it is not needed: see read.go
	gate     *admit.Torrent // checked metainfo, kept from Add to the first start only
	raw      []byte         // the .torrent, until it is saved
	have     Bits           // while it does not run
	wanted   wanted
	row      *Torrent // as in the last snapshot
	stale    bool     // the row must be made anew
	dirty    bool     // the record must be saved
	preview  bool
	fresh    bool            // nobody has looked yet what is at the place of its files
	unsaved  bool            // its metainfo is on its way to the store
	lost     bool            // its metainfo could not be read
	readers  []chan struct{} // closed when its metainfo was read
	used     time.Time       // when its metainfo was read or needed
	made     *made           // while fresh, if it was made here
	before   *store.Record   // while fresh, as it was removed once, if its files were kept
	leaving  *leaving
	busy     bool // a job for it is under way
	run      *run
	check    *check
	altered  bool           // its files are not as they were recorded: those pieces are hashed first
	move     *moving        // of its files, under way; nil without one
	kept     *disk.Torrent  // its files while they move, whether it runs or not
	renames  map[int]string // paths that its files are to get
	leftover *intent        // of a move before the start
	renamed  *renamed       // what shown made of meta
	doubted  bool           // it was altered while it ran
	examined bool           // a job finds out what is wrong with its files
	trouble  *disk.Trouble  // why it has stopped, if that may be over by itself
	home     home
	near     home             // where the disk of its folder begins, just before it is started
	tries    bool             // it is started though others wait for the end of an outage
	checkNow bool             // a recheck was asked for, so it is done even while paused
	peers    []netip.AddrPort // named by the user or a magnet
	tuned    tuned
	lines    []LogLine
	standby  *standby          // while it seeds without running, see standby.go
	fetch    *Fetch            // how its metadata is coming
	only     []admit.FileRange // the files that its magnet means; forgotten when they were chosen
	exact    []string          // URLs of its .torrent that its magnet names; forgotten when they were asked
	hinted   []netip.AddrPort  // peers that a magnet names
	turn     time.Time         // when it was woken last
	resting  bool              // it is to stand by
	tally    *tally            // while it is announced
	observed bool              // it is not announced, but its trackers are asked for their counts
	news     *atomic.Bool      // the announcer has news
	trackers []announce.Status // as of the last news
	told     []netip.AddrPort  // peers that trackers named, the newest first
	past     plane.Counters    // of runs that have ended

	drawn        *Pieces // for the row; nil if it must be made anew
	drawnVersion uint64
	doneHave     int // pieces that Detail.Done was worked out for
}

// leaving is a torrent on its way out of the list.
type leaving struct {
	files   bool // they go to the trash
	trashed bool // that was tried
}

// run is a torrent that is in the library.
type run struct {
	carrier
	disk             *disk.Torrent // nil while the metadata is missing
	settled          bool          // all that is wanted is there, on the disk and in place
	settling         bool          // a job sees to that
	placed           uint64        // of disk, at the last save
	superSeed        int           // from how many peers on it was told to super-seed
	hiding           bool          // it was seen to
	counters         plane.Counters
	alone            time.Time // since when it has no peer; zero if it has some
	dials            bool      // it was woken to dial, and had no peer yet
	lonely           int       // seconds without a peer, of one that wants something
	down, up         meter
	in, out          meter     // of all but payload
	inRate, outRate  int64     // bytes/s
	downRate, upRate int64     // bytes/s
	fetchCame        int       // pieces of the metadata that had come
	fetchAt          time.Time // when one more came
	version          uint64
	saved            uint64         // version at the last save
	before           plane.Counters // totals when it was started
}

func newState(e *Engine) *state {
	s := &state{
		cfg:       e.cfg,
		log:       e.cfg.Logger,
		library:   newLane(),
		keeper:    newLane(),
		tasks:     newLane(),
		checks:    newLane(),
		movers:    newLane(),
		looks:     newLane(),
		outages:   map[spot]*outage{},
		remembers: map[ID]bool{},
		results:   make(chan func(*state)),
		mail:      newMailbox(),
		zoneFile:  systemZone(),
		torrents:  map[ID]*torrent{},
		checking:  map[uint64]bool{},
		devices:   map[string]uint64{},
		looking:   map[string]bool{},
		deviceOf:  disk.Device,
		syncs:     &syncer{diskOf: (*disk.Torrent).Disk},
		hashes:    map[[20]byte]*torrent{},
		seeds:     seeds{awake: map[*torrent]bool{}},
		filter:    filter{gate: &ipfilter.Gate{}},
		free:      -1,
		changed:   true,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.quit, s.cancel = context.WithCancel(context.Background())
	return s
}

// find returns the torrent if it is in the list or previewed.
func (s *state) find(id ID) (*torrent, error) {
	if t := s.torrents[id]; t != nil && t.leaving == nil {
		return t, nil
	}
	return nil, ErrNotFound
}

// twin returns a torrent other than t with one of the info hashes, of which a
// hybrid has two.
func (s *state) twin(t *torrent, v2 [32]byte, ids ...ID) *torrent {
	for _, id := range append(ids, ID(v2[:20])) {
		if o := s.hashes[id]; o != nil && o != t {
			return o
		}
	}
	return nil
}

// allHashes are the info hashes under which the torrent is known, v2 ones cut short.
func (t *torrent) allHashes() [][20]byte {
	v1, v2 := t.rec.Outline.HashV1, t.rec.Outline.HashV2
	if t.meta != nil {
		v1, v2 = t.meta.HashV1, t.meta.HashV2
	}
	all := [][20]byte{t.id}
	for _, h := range [][20]byte{v1, [20]byte(v2[:20]), [20]byte(t.hashV2[:20])} {
		if h != [20]byte{} && h != t.id {
			all = append(all, h)
		}
	}
	return all
}

// index has the torrent found by its info hashes. Who had one first keeps it.
func (s *state) index(t *torrent) {
	for _, h := range t.allHashes() {
		if s.hashes[h] == nil {
			s.hashes[h] = t
		}
	}
}

func (s *state) insert(t *torrent) {
	s.torrents[t.id] = t
	s.order = append(s.order, t)
	s.index(t)
	s.hosting.welcome(t)
	s.touch(t)
}

func (s *state) erase(t *torrent) {
	delete(s.torrents, t.id)
	for _, h := range t.allHashes() {
		if s.hashes[h] == t {
			delete(s.hashes, h)
		}
	}
	s.unobserve(t)
	t.tellReaders()
	s.hosting.listed = false
	s.order = slices.DeleteFunc(s.order, func(o *torrent) bool { return o == t })
	s.changed = true
}

// touch has the torrent's row made anew.
func (s *state) touch(t *torrent) { t.stale, s.changed = true, true }

// emit keeps an event for the reader; t may be nil.
func (s *state) emit(kind EventKind, t *torrent, text string) {
	e := Event{Kind: kind, Time: time.Now(), Text: text}
	if t != nil {
		e.ID, e.Name = t.id, t.name()
	}
	s.next.Events = append(s.next.Events, e)
	s.changed = true
}

const logLines = 500

// note writes a line into the torrent's log.
func (s *state) note(t *torrent, text string) {
	t.lines = append(t.lines, LogLine{time.Now(), text})
	if len(t.lines) > 2*logLines {
		t.lines = slices.Clone(t.lines[logLines:])
	}
	s.log.Info(text, "torrent", t.id)
}

// because joins what happened and the error that says why into one sentence.
func because(what string, err error) string {
	return what + ": " + strings.TrimRight(err.Error(), ". \n") + "."
}

// fault stops a torrent with a sentence for the user.
func (s *state) fault(t *torrent, text string) {
	if t.rec.Fault != "" || t.leaving != nil {
		return
	}
	t.rec.Fault, t.dirty = text, true
	s.note(t, text)
	s.emit(Fault, t, text)
	s.touch(t)
}
