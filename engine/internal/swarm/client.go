package swarm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"sync"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/metainfo"
	"github.com/anacrolix/torrent/storage"
	"golang.org/x/time/rate"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
)

// UserAgent is how we call ourselves towards peers and trackers.
const UserAgent = "Piecewise/0.1"

// peerIDPrefix is our client code and version in peer IDs, BEP 20.
const peerIDPrefix = "-PW0100-"

// Config is what a Client is made with.
type Config struct {
	Listen      netip.AddrPort // the zero value is every address, DefaultPort or any free port
	Loopback    bool           // bind and dial loopback addresses only; no DHT, no LSD, no port mapping
	DHT         bool           // BEP 5
	LSD         bool           // BEP 14
	PortMapping bool           // UPnP
	UpLimit     int64          // payload of all torrents, bytes/s; 0 is no limit
}

// Client is our end of all swarms.
type Client struct {
	lib      *torrent.Client
	sockets  *sockets
	dht      *torrent.AnacrolixDhtServerWrapper
	torrents sync.Map // *torrent.Torrent → *Torrent, for the callbacks
	waiting  sync.WaitGroup
}

// New opens the sockets and starts the library. It may wait for both.
func New(cfg Config) (*Client, error) {
	if cfg.Loopback {
		cfg.DHT, cfg.LSD, cfg.PortMapping = false, false, false
	}
	socks, err := listen(cfg.Listen, cfg.Loopback, cfg.DHT)
	if err != nil {
		return nil, err
	}
	c := &Client{sockets: socks}
	if c.lib, err = torrent.NewClient(c.libraryConfig(cfg)); err != nil {
		socks.close()
		return nil, fmt.Errorf("start library: %w", err)
	}
	for _, d := range socks.dialers {
		c.lib.AddDialer(d)
	}
	for _, l := range socks.listeners {
		c.lib.AddListener(l)
	}
	if socks.udp != nil {
		server, err := c.lib.NewAnacrolixDhtServer(socks.udp)
		if err != nil {
			c.Close()
			return nil, fmt.Errorf("start DHT: %w", err)
		}
		c.dht = &torrent.AnacrolixDhtServerWrapper{Server: server}
		c.lib.AddDhtServer(c.dht)
	}
	return c, nil
}

// libraryConfig leaves the library what is the control plane's, and the blocks
// for the time being: no sockets, trackers or storage of its own.
func (c *Client) libraryConfig(cfg Config) *torrent.ClientConfig {
	lib := torrent.NewDefaultClientConfig()
	lib.DisableTCP, lib.DisableUTP, lib.NoDHT = true, true, true
	lib.DisableTrackers, lib.DisableWebtorrent, lib.DisableWebseeds = true, true, true
	lib.NoDefaultPortForwarding = !cfg.PortMapping
	if cfg.LSD {
		lib.LocalServiceDiscovery = &torrent.LocalServiceDiscoveryConfig{}
	}
	lib.Seed = true
	lib.DefaultStorage = nowhere{}
	lib.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{Preferred: false}
	lib.Bep20, lib.ExtendedHandshakeClientVersion = peerIDPrefix, UserAgent
	lib.HTTPUserAgent, lib.UpnpID = UserAgent, UserAgent
	lib.DropDuplicatePeerIds = true
	lib.DialRateLimiter = rate.NewLimiter(100, 100)
	lib.HandshakesTimeout = handshakeTimeout
	lib.PieceHashersPerTorrent = runtime.NumCPU()
	lib.MaxUnverifiedBytes = 256 << 20
	lib.EstablishedConnsPerTorrent = 80
	if cfg.UpLimit > 0 {
		// The burst must hold the largest request that the library accepts.
		lib.UploadRateLimiter = rate.NewLimiter(rate.Limit(cfg.UpLimit), 128<<10)
	}
	lib.Slogger = slog.New(slog.DiscardHandler)
	lib.Callbacks = c.callbacks()
	return lib
}

// Port returns the TCP port on which we listen.
func (c *Client) Port() int { return c.sockets.port }

// PeerID returns the ID that peers and trackers see.
func (c *Client) PeerID() [20]byte { return c.lib.PeerID() }

// DHTNodes returns how many DHT nodes are known, -1 without a DHT. It may wait.
func (c *Client) DHTNodes() int {
	if c.dht == nil {
		return -1
	}
	return c.dht.Server.Stats().Nodes
}

// Close ends all connections. It may wait for the library.
func (c *Client) Close() error {
	errs := c.lib.Close()
	if c.dht != nil {
		c.dht.Server.Close()
	}
	c.sockets.close()
	c.waiting.Wait()
	return errors.Join(errs...)
}

// Spec is a torrent to be run.
type Spec struct {
	ID        [20]byte
	InfoBytes []byte        // nil: they come from peers, BEP 9
	Disk      *disk.Torrent // its files; nil without InfoBytes
	Layout    disk.Layout   // of Disk
	Wanted    Wanted
	Tally     *Tally // hears of Disk's writes and hashes
	Peers     []netip.AddrPort
	// Metadata is called once with info bytes that have the right hash, if
	// InfoBytes is nil. It runs on a goroutine of its own.
	Metadata func(infoBytes []byte)
}

// Add runs a torrent. A spec without metadata gets it from peers; after it came,
// Open starts the download.
func (c *Client) Add(spec Spec) (*Torrent, error) {
	opts := torrent.AddTorrentOpts{
		InfoHash:                 spec.ID,
		InfoBytes:                spec.InfoBytes,
		DisableInitialPieceCheck: true,
		DeferStorageOpen:         true,
	}
	lib, isNew := c.lib.AddTorrentOpt(opts)
	if !isNew {
		return nil, fmt.Errorf("add torrent %x: the library has it already", spec.ID)
	}
	t := &Torrent{c: c, lib: lib, tally: spec.Tally}
	c.torrents.Store(lib, t)
	if spec.InfoBytes != nil {
		if err := t.Open(spec.Disk, spec.Layout, spec.Wanted); err != nil {
			t.Drop()
			return nil, err
		}
	} else {
		c.waiting.Go(func() {
			select {
			case <-lib.GotInfo():
				spec.Metadata(lib.Metainfo().InfoBytes)
			case <-lib.Closed():
			}
		})
	}
	t.AddPeers(spec.Peers, plane.OriginManual)
	return t, nil
}

// nowhere is the storage of torrents that have none yet: it is never opened,
// because every torrent defers that to Torrent.Open.
type nowhere struct{}

func (nowhere) OpenTorrent(context.Context, *metainfo.Info, metainfo.Hash) (storage.TorrentImpl, error) {
	return storage.TorrentImpl{}, errors.New("open torrent: no storage")
}
