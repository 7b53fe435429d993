package swarm

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anacrolix/torrent"

	"piecewise/engine/internal/choke"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/sift"
	"piecewise/engine/internal/transfer"
	"piecewise/engine/internal/webseed"
)

// Torrent is a torrent that runs: it has peers or looks for some.
type Torrent struct {
	c      *Client
	id     [20]byte
	lib    *torrent.Torrent
	plane  *transfer.Torrent
	limits transfer.Limits
	from   origins

	running context.Context // of the web seeds, until the torrent ends
	leave   context.CancelFunc
	private atomic.Bool              // as soon as that is known
	v2      atomic.Pointer[[20]byte] // the v2 info hash cut short; nil if there is none, or it is not known
	seeds   atomic.Bool              // it lacks nothing, as the DHT was told
	gate    sync.Mutex
	sieve   sift.Sieve // gate guards it

	once  sync.Once
	ended chan struct{}
	ready chan struct{} // closed when the library has it
	news  chan struct{} // one token while there are pieces to tell the library of

	slots atomic.Int64 // of the options

	mu       sync.Mutex
	verified []int
	webs     []*webseed.Seed
}

func newTorrent(c *Client, spec Spec) *Torrent {
	limits := transfer.Limits{Up: c.up.Torrent(), Down: c.down.Torrent()}
	t := &Torrent{
		c: c, id: spec.ID, limits: limits, plane: transfer.New(limits),
		ended: make(chan struct{}), ready: make(chan struct{}), news: make(chan struct{}, 1),
	}
	t.running, t.leave = context.WithCancel(context.Background())
	if spec.HashV2 != [32]byte{} {
		t.v2.Store((*[20]byte)(spec.HashV2[:20]))
	}
	o := plane.Options{Limits: plane.NoLimits, Slots: plane.Automatic, Connections: plane.Unlimited}
	if spec.Options != nil {
		o = *spec.Options
	}
	t.plane.SetSelf(c.PeerID())
	t.plane.SetSocial(t.social())
	t.SetOptions(o)
	if spec.SuperSeed != nil {
		t.SuperSeedFrom(*spec.SuperSeed)
	}
	t.follow(Session{}, c.rules())
	return t
}

// Open starts the download of a torrent that was added without metadata.
func (t *Torrent) Open(o Open) error {
	t.openPlane(o)
	if !o.Withheld {
		if err := t.lib.SetInfoBytes(o.InfoBytes); err != nil {
			return fmt.Errorf("give metadata to library: %w", err)
		}
	}
	return t.openLibrary(o)
}

func (t *Torrent) openPlane(o Open) {
	if o.Private {
		t.private.Store(true)
	}
	if o.V2 != [20]byte{} {
		t.v2.Store(&o.V2)
	}
	t.answerTo(o.IDs...)
	t.plane.Open(transfer.Config{
		Pieces: o.Layout.Pieces, PieceLength: o.Layout.PieceLength, Length: o.Layout.Length,
		Hashes: o.Hashes, V2: o.V2, Metadata: o.InfoBytes, Torn: o.Torn, Disk: o.Disk, Workers: t.c.workers, Wanted: o.Wanted,
		Verified: t.isOurs, Complete: o.Complete,
		Told: t.c.outside.Tell,
		Banned: func(peer netip.AddrPort, piece int) {
			t.c.Ban(peer)
			if o.Banned != nil {
				o.Banned(peer, piece)
			}
		},
	})
	t.visit(o)
}

// seek gets the metadata from peers.
func (t *Torrent) seek(spec Spec) {
	got := make(chan []byte, 1)
	t.plane.FetchMetadata(spec.ID, spec.HashV2, func(info []byte) { got <- info })
	t.c.waiting.Go(func() {
		select {
		case info := <-got:
			spec.Metadata(info, t.plane.Layers)
		case <-t.ended:
		}
	})
}

// openLibrary makes the library want everything and ask for nothing: so it looks
// for peers, keeps the connections to them, and believes itself choked by all.
//
// Of an opaque torrent it gets no storage, and it may not even have the metadata.
func (t *Torrent) openLibrary(o Open) error {
	if o.Opaque {
		return nil
	}
	if err := t.lib.OpenStorage(context.Background(), o.Disk.Storage()); err != nil {
		return fmt.Errorf("open storage: %w", err)
	}
	t.lib.DownloadAll()
	t.lib.DisallowDataDownload()
	t.c.waiting.Go(t.complete)
	return nil
}

// answerTo lets peers connect with these info hashes, too.
func (t *Torrent) answerTo(ids ...[20]byte) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	for _, id := range ids {
		if id != t.id && id != [20]byte{} && t.c.torrents[id] == nil && t.c.aliases[id] == nil && t.c.torrents[t.id] == t {
			t.c.aliases[id] = t
			t.c.mark(id)
			t.c.announce(id)
		}
	}
	t.c.announce(t.id) // it may have turned out to be private
}

// isOurs leaves a verified piece for complete.
func (t *Torrent) isOurs(piece int) {
	t.mu.Lock()
	t.verified = append(t.verified, piece)
	t.mu.Unlock()
	t.wakeComplete()
}

func (t *Torrent) wakeComplete() {
	select {
	case t.news <- struct{}{}:
	default:
	}
}

// The library is told of new pieces so often, and at a time for so long. What it does
// for one grows with the connections, of each of which it wakes a goroutine, and
// nothing depends on it: peers are told by transfer. So it may lag behind a fast
// download among many peers.
const (
	completing = 100 * time.Millisecond
	telling    = 2 * time.Millisecond
)

// complete tells the library of pieces that are ours.
func (t *Torrent) complete() {
	for {
		select {
		case <-t.ended:
			return
		case <-t.news:
		}
		if t.tellLibrary(time.Now().Add(telling)) {
			t.wakeComplete()
		}
		select {
		case <-t.ended:
			return
		case <-time.After(completing):
		}
	}
}

// tellLibrary tells it until the given time, and reports whether there is more.
func (t *Torrent) tellLibrary(until time.Time) (more bool) {
	t.mu.Lock()
	pieces := t.verified
	t.verified = nil
	t.mu.Unlock()
	for len(pieces) > 0 && time.Now().Before(until) {
		select {
		case <-t.ended:
			return false
		default:
			t.lib.Piece(pieces[0]).UpdateCompletion()
			pieces = pieces[1:]
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.verified = append(pieces, t.verified...)
	return len(t.verified) > 0
}

// end stops what runs beside the library.
func (t *Torrent) end() {
	t.once.Do(func() {
		t.c.mu.Lock()
		delete(t.c.torrents, t.id)
		t.c.unmark(t.id)
		t.c.announce(t.id)
		for id, o := range t.c.aliases {
			if o == t {
				delete(t.c.aliases, id)
				t.c.unmark(id)
				t.c.announce(id)
			}
		}
		t.c.mu.Unlock()
		close(t.ended)
		t.leave()
		t.plane.Close()
	})
}

// Drop ends all connections of the torrent. Its disk is the caller's to close.
func (t *Torrent) Drop() {
	t.end()
	t.lib.Drop()
}

// AddPeers makes the library dial peers, of what others name as much as sift lets
// through.
func (t *Torrent) AddPeers(addrs []netip.AddrPort, origin plane.Origin) {
	t.dial(t.sift(addrs, origin, netip.Addr{}), origin)
}

// SetFetching ends or begins to ask peers for pieces; what is there is served in
// either case. A write that fails ends it, too.
func (t *Torrent) SetFetching(on bool) { t.plane.SetFetching(on) }

// SetWanted replaces what is wanted.
func (t *Torrent) SetWanted(w transfer.Wanted) { t.plane.SetWanted(w) }

// SetChoking changes the rules by which peers are unchoked.
func (t *Torrent) SetChoking(c choke.Config) { t.plane.SetChoking(c) }

// SetDeadlines replaces the times at which pieces must be here.
func (t *Torrent) SetDeadlines(all []pick.Deadline) { t.plane.SetDeadlines(all) }

// Pieces appends the state of every piece to dst[:0].
func (t *Torrent) Pieces(dst []plane.PieceState) []plane.PieceState { return t.plane.States(dst) }

// Version changes whenever a piece's state does.
func (t *Torrent) Version() uint64 { return t.plane.Version() }

// Availability appends to dst[:0], per piece, how many connected peers have it.
func (t *Torrent) Availability(dst []uint16) []uint16 { return t.plane.Availability(dst) }

// Connected returns how many peers are connected, and how many of them are seeds.
func (t *Torrent) Connected() (peers, seeds int) { return t.plane.Connected() }

// Peers appends the connected peers and all web seeds to dst[:0], ordered by address,
// so that web seeds come first. Those whose
// addresses the library found by itself are of unknown origin.
func (t *Torrent) Peers(dst []plane.Peer) []plane.Peer {
	dst = t.plane.Peers(dst)
	t.from.fill(dst)
	return t.fillWeb(dst)
}

// Fetch returns how the metadata is coming.
func (t *Torrent) Fetch() plane.Fetch {
	v := t.plane.Fetch()
	v.Known = max(t.from.count(), v.Peers)
	return v
}

// Counters returns the totals since the torrent was added.
func (t *Torrent) Counters() plane.Counters { return t.plane.Counters() }

// Watch has events recorded until stop is called, see transfer.Torrent.
func (t *Torrent) Watch() (seq uint64, stop func()) { return t.plane.Watch() }

// Events appends the events after the given sequence number to dst[:0], as far
// as they are still there, and returns the newest one's number.
func (t *Torrent) Events(after uint64, dst []plane.Event) ([]plane.Event, uint64) {
	return t.plane.Events(after, dst)
}
