package transfer

import (
	"cmp"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"piecewise/engine/internal/choke"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// Config is what a torrent's data plane needs once its metadata is known.
type Config struct {
	Pieces      int
	PieceLength int64 // bytes, of every piece but the last
	Length      int64 // bytes, of the whole torrent
	Hashes      hash.Pieces
	V2          [20]byte // the v2 info hash cut short; zero of a v1 torrent
	Metadata    []byte   // the info dictionary, which peers may have; never changed
	Disk        *disk.Torrent
	Workers     *Workers
	Wanted      Wanted

	// Verified is told of every piece that is ours from now on. It is called on a
	// worker and must return at once.
	Verified func(piece int)
	// Complete is told when all that is wanted is ours, under the same rules. It may
	// be nil.
	Complete func()
	// Torn is told once of a hybrid whose v1 and v2 hashes are of different bytes, so
	// that it can never be complete. It may be nil, and must return at once.
	Torn func(piece int)
	// Banned is told of a peer that sent wrong bytes of a piece, and whose
	// connections are closed: who runs the connections bans it. It may be nil, is
	// called under a lock and must return at once.
	Banned func(peer netip.AddrPort, piece int)
	// Told hears what peers say our address is (BEP 10), which may be a lie. It must
	// return at once, and may be nil.
	Told func(by, ours netip.Addr)
}

// Wanted is what to download.
type Wanted struct {
	Pieces     plane.Bits // the pieces that are wanted
	High       plane.Bits // those of them that come first
	Sequential bool       // in order instead of rarest first
}

// Torrent is the data plane of one torrent. Its methods may be called from any
// goroutine and return at once.
type Torrent struct {
	version    atomic.Uint64 // changes whenever a piece's state does
	uploaded   atomic.Int64
	downloaded atomic.Int64
	wasted     atomic.Int64

	limits  Limits
	tearing sync.Once
	social  Social               // set before the first peer joins
	crew    atomic.Pointer[crew] // who writes its pieces; nil until Open

	mu       sync.Mutex
	self     [20]byte // our peer ID
	cfg      Config   // zero until Open
	onDisk   string   // that crew is for
	picker   *pick.Picker
	have     plane.Bits
	conns    map[*conn]struct{}
	webs     int            // of conns, web seeds
	active   map[int]*piece // pieces of which blocks have arrived
	verified int
	failures int
	closed   bool
	held     bool // nothing is fetched, see SetFetching
	court    court
	ring     ring
	gone     struct{ in, out int64 } // bytes other than payload, of connections that have left
	fetch    *fetch                  // while the metadata comes
	layers   *layers                 // while they are fetched
	trials   map[int]*trial          // of pieces whose v2 hash is wrong
	scratch  []pick.Block
	cancels  []pick.Cancel
	news     news
	members  map[*pick.Peer]*conn // of conns, those that have joined the picker

	choker    *choke.Choker[*conn]
	round     choke.Round[*conn] // scratch
	slots     int
	maxSlots  int                     // that a super-seed may take; or plane.Unlimited
	super     *choke.Superseed[*conn] // nil while nothing is hidden
	wantSuper bool
	superFrom int // so many peers must be connected before it begins

	exemptLocal bool
	peerLimits  map[netip.AddrPort]plane.Limits
	connections int // at most; or plane.Unlimited
}

// defaultSlots is how many peers are unchoked until SetSlots.
const defaultSlots = 8

// New returns the data plane of a torrent whose metadata is not known yet: peers
// may join, and what they have is remembered for Open. A zero Limits is none.
func New(limits Limits) *Torrent {
	if limits.Up == nil {
		limits = unlimitedLimits()
	}
	return &Torrent{
		limits: limits, conns: map[*conn]struct{}{}, members: map[*pick.Peer]*conn{}, active: map[int]*piece{},
		choker: choke.New[*conn](choke.Config{}), slots: defaultSlots, maxSlots: plane.Unlimited,
		peerLimits: map[netip.AddrPort]plane.Limits{}, connections: plane.Unlimited,
		trials: map[int]*trial{}, court: newCourt(),
	}
}

// Open begins to request and to serve. It is called once.
func (t *Torrent) Open(cfg Config) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cfg, t.have, t.fetch = cfg, cfg.Disk.Have(), nil
	t.findCrew()
	t.picker = pick.New(pick.Config{
		Pieces: cfg.Pieces, PieceLength: cfg.PieceLength, Length: cfg.Length,
		Size: cfg.Hashes.Sizes(), Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), Lot: lot(t.self),
	})
	t.picker.SetHave(t.have)
	t.want()
	t.version.Add(1)
	t.superSeed(time.Now()) // before the first peer is told what we have
	for c := range t.conns {
		c.open()
	}
}

// SetWanted replaces what is wanted.
func (t *Torrent) SetWanted(w Wanted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.picker == nil || t.closed {
		return
	}
	t.cfg.Wanted = w
	t.rethink()
}

// SetFetching ends or begins to ask peers for anything; what is there is served in
// either case. A write that fails ends it, too. It holds until it is changed.
func (t *Torrent) SetFetching(on bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == !on {
		return
	}
	t.held = !on
	if t.picker != nil && !t.closed {
		t.rethink()
	}
}

// want tells the picker what is wanted, which is nothing while no room is for it.
func (t *Torrent) want() {
	w := t.cfg.Wanted
	if t.held {
		w = Wanted{Sequential: w.Sequential}
	}
	t.picker.SetWanted(w.Pieces, w.High, w.Sequential)
}

// rethink takes back what is not wanted any more, and asks for what is.
func (t *Torrent) rethink() {
	t.want()
	t.sendCancels()
	t.version.Add(1)
	for c := range t.conns {
		c.interest()
		c.refill(time.Now())
	}
}

// Close ends all requests. Connections are the library's to close.
func (t *Torrent) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.news.stop()
	for c := range t.conns {
		c.w.Close(nil)
	}
	t.limits.Up.Remove()
	t.limits.Down.Remove()
}

// Pieces returns how many pieces the torrent has, 0 while that is unknown.
func (t *Torrent) Pieces() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cfg.Pieces
}

// Join implements wire.Plane.
func (t *Torrent) Join(w *wire.Conn) wire.Peer {
	if c := t.join(w); c != nil {
		return c
	}
	return nil
}

// join returns nil if the peer is refused.
func (t *Torrent) join(w Link) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, info := time.Now(), w.Info()
	if t.closed || !t.single(info, now) || !t.makeRoom(!info.Outgoing, now) {
		return nil
	}
	c := &conn{
		t: t, w: w, info: w.Info(), amChoking: true, choked: true, reqq: defaultReqq, joined: time.Now(),
		up: t.limits.Up.Peer(), down: t.limits.Down.Peer(), weight: 1,
		limits: plane.NoLimits,
	}
	c.limit()
	c.heard = c.joined
	t.conns[c] = struct{}{}
	c.note(plane.EventJoined, c.info.Outgoing, pick.Block{})
	if t.picker != nil {
		c.open()
	}
	return c
}

func (t *Torrent) pieceSize(i int) int64 { return t.cfg.Hashes.Size(i) }

// Tick does what has its time: rates, time-outs, whom to choke. It is to be
// called about once a second.
func (t *Torrent) Tick(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fetch != nil && !t.closed {
		t.fetch.tick(t, now)
	}
	if t.layers != nil && !t.closed {
		t.layers.tick(t, now)
	}
	if t.picker == nil || t.closed {
		return
	}
	t.findCrew()
	t.tellNews(now) // else each connection would look for it
	for c := range t.conns {
		c.tick(now)
	}
	t.judge(now)
	t.superSeed(now)
	t.choke(now)
	t.refillIdle(now)
}

// refillIdle gives the peers that wait for nothing something to do, after blocks
// have become free. Who is known to be fast comes first: a wrong piece is not to
// wait once more for those that gave nothing, or gave it.
func (t *Torrent) refillIdle(now time.Time) {
	var idle []*conn
	for c := range t.conns {
		if c.pk != nil && c.amInterested && !c.choked && t.picker.Outstanding(c.pk) == 0 {
			idle = append(idle, c)
		}
	}
	slices.SortFunc(idle, func(a, b *conn) int { return cmp.Compare(b.rate.perSecond, a.rate.perSecond) })
	for _, c := range idle {
		c.refill(now)
	}
}
