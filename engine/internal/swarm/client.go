package swarm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
	"golang.org/x/time/rate"

	"piecewise/engine/internal/dht"
	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/ipfilter"
	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/lsd"
	"piecewise/engine/internal/outside"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/route"
	"piecewise/engine/internal/transfer"
	"piecewise/engine/internal/webseed"
	"piecewise/engine/internal/wire"
)

// UserAgent is how we call ourselves towards peers and trackers.
const UserAgent = "Piecewise/0.1"

// anonymousAgent is what many say who do not say what they are.
const anonymousAgent = "curl/8.5.0"

// Agent is UserAgent, unless we are anonymous.
func Agent(anonymous bool) string {
	if anonymous {
		return anonymousAgent
	}
	return UserAgent
}

const (
	peerIDPrefix     = "-PW0100-" // our client code and version in peer IDs, BEP 20
	handshakeTimeout = 10 * time.Second
	tickEvery        = time.Second
)

// libraryConns is how many connections of a torrent the library may have: more than
// we let in, because it would evict working ones, which it takes for idle.
const libraryConns = 2000

// caps bound what strangers can make us hold.
var caps = wire.Caps{Total: 1000, PerIP: 100, HalfOpen: 100}

// Config is what a Client is made with.
type Config struct {
	Listen      netip.AddrPort // the zero value is every address; port 0 is any free port
	Otherwise   []uint16       // ports to be tried in this order if that of Listen is taken, for TCP or UDP
	Loopback    bool           // bind and dial loopback addresses only; no port mapping
	Anonymous   bool           // tell nobody which program this is
	Route       *route.Route   // the way out of this machine; nil: one from the address that is listened on
	Discovery   Discovery      // see SetDiscovery
	DHTState    []byte         // of DHTState at the last run; nil without
	UTP         bool           // BEP 29, beside TCP
	DialUTPOnly bool           // dial over uTP only; peers may still connect over TCP
	Filter      *ipfilter.Gate // of peers and DHT nodes; nil refuses nobody
	Session     *Session       // nil is DefaultSession
}

// Encryption is what encryption peer connections have, see wire.Policy.
type Encryption wire.Policy

// Client is our end of all swarms.
type Client struct {
	cfg      Config
	lib      *torrent.Client
	net      *wire.Net
	route    *route.Route
	web      *http.Client // asks web seeds
	filter   *ipfilter.Gate
	outside  outside.Votes
	workers  *transfer.Workers
	up, down *limit.Tree      // how fast we may transfer
	udp      []net.PacketConn // for uTP and the DHT
	sockets  []*route.Packets // beneath them, for Rebind
	dht      *dht.Server      // nil if it could not be started
	lsd      *lsd.Service     // likewise
	unheed   func()           // ends that changes of the route are heard of
	intake   chan introduction
	own      ownAddresses
	outer    outer
	waiting  sync.WaitGroup
	ended    chan struct{}

	mu       sync.RWMutex
	session  Session
	looks    Discovery
	torrents map[[20]byte]*Torrent
	aliases  map[[20]byte]*Torrent // by the other info hashes of hybrids
	standby  map[[20]byte]*standby // by all their info hashes
	marks    map[[20]byte][20]byte // info hashes of all of them, by wire.Mark
}

// New opens the sockets and starts the library. It may wait for both.
func New(cfg Config) (*Client, error) {
	c := &Client{
		cfg: cfg, workers: transfer.NewWorkers(), torrents: map[[20]byte]*Torrent{}, aliases: map[[20]byte]*Torrent{}, ended: make(chan struct{}),
		up: limit.New(), down: limit.New(), standby: map[[20]byte]*standby{}, marks: map[[20]byte][20]byte{},
		intake: make(chan introduction, maxIntroductions),
	}
	if c.filter = cfg.Filter; c.filter == nil {
		c.filter = &ipfilter.Gate{}
	}
	if cfg.Session == nil {
		session := DefaultSession()
		cfg.Session = &session
	}
	c.SetSession(*cfg.Session)
	if c.route = cfg.Route; c.route == nil {
		c.route = route.New(route.Config{Loopback: cfg.Loopback, From: cfg.Listen.Addr()})
	}
	c.web = c.route.HTTPClient(route.WebSeed)
	if err := c.start(cfg); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	c.waiting.Go(c.tick)
	return c, nil
}

func (c *Client) start(cfg Config) (err error) {
	if err := c.listen(cfg); err != nil {
		return err
	}
	if c.lib, err = torrent.NewClient(c.libraryConfig(cfg)); err != nil {
		return fmt.Errorf("start library: %w", err)
	}
	for _, d := range c.net.Dialers() {
		if !cfg.DialUTPOnly || strings.HasPrefix(d.DialerNetwork(), "udp") {
			c.lib.AddDialer(d)
		}
	}
	for _, l := range c.net.Listeners() {
		c.lib.AddListener(l)
	}
	c.startDiscovery(cfg)
	return nil
}

// listen opens TCP and UDP sockets on the port that was asked for. Where one of the
// two is taken, it tries the next port.
func (c *Client) listen(cfg Config) (err error) {
	at := cfg.Listen
	if !at.IsValid() {
		at = netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
	}
	ports := append([]uint16{at.Port()}, cfg.Otherwise...)
	if at.Port() == 0 {
		ports = append(ports, make([]uint16, anyPorts)...)
	}
	for _, port := range ports {
		if err = c.listenAt(cfg, netip.AddrPortFrom(at.Addr(), port)); err == nil {
			return nil
		}
		c.closeSockets()
		c.udp, c.sockets, c.net = nil, nil, nil
	}
	return err
}

// anyPorts is how many free TCP ports are tried for one that is free for UDP, too.
const anyPorts = 10

func (c *Client) listenAt(cfg Config, a netip.AddrPort) (err error) {
	c.net, err = wire.Listen(wire.Config{
		Listen: a, Loopback: cfg.Loopback, Anonymous: cfg.Anonymous, Route: c.route, Registry: registry{c}, Refuses: c.filter.Refuses, Outer: c.outer.of,
		Policy: wire.Policy(cfg.Session.Encryption), Caps: cfg.Session.caps(),
	})
	if err == nil {
		err = c.listenUDP(cfg)
	}
	return err
}

func (c *Client) closeSockets() {
	for _, pc := range c.udp {
		pc.Close()
	}
	if c.net != nil {
		c.net.Close()
	}
}

// libraryConfig leaves the library what is the control plane's: no sockets,
// trackers, storage or blocks of its own, and plaintext towards wire.
func (c *Client) libraryConfig(cfg Config) *torrent.ClientConfig {
	lib := torrent.NewDefaultClientConfig()
	lib.DisableTCP, lib.DisableUTP, lib.NoDHT = true, true, true
	lib.DisableTrackers, lib.DisableWebtorrent, lib.DisableWebseeds = true, true, true
	lib.NoDefaultPortForwarding = true
	lib.IPBlocklist = blocklist{c.filter}
	lib.Seed = true
	lib.DefaultStorage = nowhere{}
	lib.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{Preferred: false, RequirePreferred: true}
	lib.Bep20, lib.ExtendedHandshakeClientVersion = peerIDPrefix, UserAgent
	lib.HTTPUserAgent, lib.UpnpID = UserAgent, UserAgent
	if cfg.Anonymous {
		lib.Bep20, lib.ExtendedHandshakeClientVersion, lib.HTTPUserAgent, lib.UpnpID = "", "", "", ""
	}
	lib.DropDuplicatePeerIds = false // it would drop connections that work; transfer keeps one of each
	lib.DialRateLimiter = rate.NewLimiter(100, 100)
	lib.HandshakesTimeout = handshakeTimeout
	lib.EstablishedConnsPerTorrent = 16 // it sets memory aside for so many; Add raises that
	lib.AlwaysWantConns = true          // wire lets nobody in who names no torrent of ours
	lib.Slogger = slog.New(slog.DiscardHandler)
	return lib
}

// tick lets the data planes do what has its time, until the Client is closed.
func (c *Client) tick() {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	var s slots
	for {
		select {
		case <-c.ended:
			return
		case now := <-t.C:
			all := c.running()
			for _, t := range all {
				t.plane.Tick(now)
			}
			s.share(c, all)
			c.discover(all, now)
		}
	}
}

func (c *Client) running() []*Torrent {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := make([]*Torrent, 0, len(c.torrents))
	for _, t := range c.torrents {
		all = append(all, t)
	}
	return all
}

// registry shows wire what runs.
type registry struct{ *Client }

func (r registry) Plane(infoHash [20]byte) wire.Plane {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.session.Connections == 0 {
		return nil
	}
	if t := r.torrents[infoHash]; t != nil {
		return t.plane
	}
	if t := r.aliases[infoHash]; t != nil {
		return t.plane
	}
	return nil
}

// V2 implements wire.Hybrids.
func (r registry) V2(infoHash [20]byte) (v2 [20]byte, ok bool) {
	r.mu.RLock()
	t := r.torrents[infoHash]
	r.mu.RUnlock()
	if t == nil {
		return v2, false
	}
	p := t.v2.Load()
	return *cmp.Or(p, &v2), p != nil && *p != infoHash
}

func (r registry) Key(mark [20]byte) (infoHash [20]byte, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	infoHash, ok = r.marks[mark]
	return infoHash, ok
}

// Spare implements wire.Sparing: of all torrents' connections, the one of least use
// gives its place to a new one.
func (r registry) Spare(incoming bool) bool {
	all := r.standings()
	worst := transfer.Worst(all, len(all), incoming)
	if worst < 0 {
		return false
	}
	all[worst].GiveUp()
	return true
}

// standings returns the connections of all torrents.
func (c *Client) standings() (all []transfer.Standing) {
	for _, t := range c.running() {
		all = t.plane.Standings(all)
	}
	return all
}

// Ban closes all connections with a peer, of all torrents, and refuses it until
// Unban. What is banned of its address, see wire.Culprit.
func (c *Client) Ban(peer netip.AddrPort) { c.net.Ban(peer) }

// Unban ends a ban.
func (c *Client) Unban(peer netip.AddrPort) { c.net.Unban(peer) }

// Refilter closes the connections with peers that the filter refuses now.
func (c *Client) Refilter() { c.net.Refilter() }

// Outside returns our address as most peers see it, and how many of them do.
func (c *Client) Outside(v6 bool) (ours netip.Addr, votes int) { return c.outside.Best(v6) }

// Reached is wire.Net.Reached.
func (c *Client) Reached() (v4, v6 time.Time) { return c.net.Reached() }

// Port returns the TCP port on which we listen.
func (c *Client) Port() int { return c.net.Port() }

// PeerID returns the ID that peers and trackers see.
func (c *Client) PeerID() [20]byte { return c.lib.PeerID() }

// Close ends all connections and waits until what they brought is written. It
// may wait for the library and the disk.
func (c *Client) Close() error {
	var errs []error
	close(c.ended)
	for _, t := range c.running() {
		t.end()
	}
	if c.lib != nil {
		errs = c.lib.Close()
	}
	c.stopDiscovery()
	c.closeSockets()
	c.waiting.Wait()
	c.web.CloseIdleConnections()
	c.workers.Close()
	return errors.Join(errs...)
}

// Spec is a torrent to be run.
type Spec struct {
	ID        [20]byte         // the info hash; of a torrent that is v2 only HashV2 cut short
	HashV2    [32]byte         // the v2 info hash (BEP 52); zero if there is none, or it is not known
	Open      Open             // the zero value: metadata comes from peers, BEP 9
	Peers     []netip.AddrPort // that the user named
	Options   *plane.Options   // nil is plane.DefaultOptions; nothing in it may be plane.AsSession
	SuperSeed *int             // as for SuperSeedFrom; nil is never
	// Metadata is called once with info bytes that have the right hash, if
	// Open.InfoBytes is nil. It runs on a goroutine of its own. With layers it has the
	// layers of pieces fetched, see transfer.Torrent.Layers.
	Metadata func(infoBytes []byte, layers Layers)
}

// Layers is transfer.Torrent.Layers.
type Layers func(v2 [20]byte, trees []hash.Tree, pieceLength int64, wait time.Duration, done func(map[hash.Sum][]byte))

// Open is what a torrent is opened with once its metadata is known.
type Open struct {
	InfoBytes []byte // which the gate has passed: the library gets them, and peers
	// Withheld says that the library does not get them: it looks for peers of what it
	// knows nothing of.
	Withheld bool
	Private  bool // its peers are found by trackers only (BEP 27)

	Disk   *disk.Torrent
	Layout disk.Layout // of Disk
	Hashes hash.Pieces
	IDs    [][20]byte // all info hashes; of a hybrid two
	V2     [20]byte   // the v2 one cut short; zero if there is none
	Wanted transfer.Wanted
	// WebSeeds are URLs of web seeds (BEP 19), which the gate has passed, and WebFiles
	// what they have to know of the torrent.
	WebSeeds []string
	WebFiles *webseed.Torrent
	Opaque   bool // it has v2 hashes and an empty file, on which the library would panic
	// Torn is called with the first piece of a hybrid by which its v1 and v2 hashes
	// contradict each other. It must return at once.
	Torn func(piece int)
	// Complete is called when all that is wanted is verified. It must return at once.
	Complete func()
	// Banned is called when a peer was banned because what it sent of a piece was
	// wrong. It must return at once, and may be nil.
	Banned func(peer netip.AddrPort, piece int)
}

// Add runs a torrent. A spec without metadata gets it from peers; after it came,
// Open starts the download. One that stands by leaves that when Add returns, and who
// waits for it is let in.
func (c *Client) Add(spec Spec) (*Torrent, error) {
	t := newTorrent(c, spec)
	t.private.Store(spec.Open.Private)
	if spec.Open.InfoBytes != nil {
		t.openPlane(spec.Open)
	}
	defer c.Leave(spec.ID)
	c.mu.Lock()
	c.torrents[spec.ID] = t
	c.mark(spec.ID)
	c.announce(spec.ID)
	c.mu.Unlock()
	short := [20]byte(spec.HashV2[:])
	t.answerTo(short)
	opts := torrent.AddTorrentOpts{
		InfoHash:                 spec.ID,
		DisableInitialPieceCheck: true,
		DeferStorageOpen:         true,
	}
	if !spec.Open.Withheld {
		opts.InfoBytes = spec.Open.InfoBytes
	}
	if spec.HashV2 != [32]byte{} {
		opts.InfoHashV2.Set(spec.HashV2)
	}
	if spec.ID == short {
		opts.InfoHash = metainfo.Hash{}
	}
	lib, isNew := c.lib.AddTorrentOpt(opts)
	t.lib = lib
	close(t.ready)
	lib.SetMaxEstablishedConns(libraryConns)
	if !isNew {
		t.end()
		return nil, fmt.Errorf("add torrent %x: the library has it already", spec.ID)
	}
	if spec.Open.InfoBytes != nil {
		if err := t.openLibrary(spec.Open); err != nil {
			t.Drop()
			return nil, err
		}
	} else {
		t.seek(spec)
	}
	t.AddPeers(spec.Peers, plane.OriginManual)
	return t, nil
}

// nowhere is the storage of torrents that have none yet: it is never opened,
// because every torrent defers that.
type nowhere struct{}

func (nowhere) OpenTorrent(context.Context, *metainfo.Info, metainfo.Hash) (storage.TorrentImpl, error) {
	return storage.TorrentImpl{}, errors.New("open torrent: no storage")
}
