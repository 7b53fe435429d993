package test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

// Peer is another client at work on some torrents.
type Peer interface {
	// Addr is where it listens.
	Addr() netip.AddrPort
	// Await waits until it has all of d.
	Await(t testing.TB, d *Data, limit time.Duration)
	// Connections are those over which payload of d has gone, as it tells; aria2
	// tells nothing.
	Connections(d *Data) []Connection
	// Kill ends it at once.
	Kill()
}

// Connection is what a peer tells of one of its connections.
type Connection struct{ Encrypted, UTP bool }

// PeerOptions say what a peer works on.
type PeerOptions struct {
	Dir     string   // where its files are or go
	Sources []string // .torrent files or magnet links
	UpLimit int      // bytes/s; 0 is no limit

	Listen netip.AddrPort // where it listens; the zero value is an address of its own

	Connect    netip.AddrPort // a peer to dial; Transmission and aria2 dial nobody but whom a tracker names
	Encryption string         // "forced", "off", of which Transmission and aria2 accept the other kind, too, or "" for the default
	UTP        bool           // over uTP only, which aria2 and rtorrent do not have; else over TCP only
}

func (o PeerOptions) address(t testing.TB) netip.AddrPort {
	if o.Listen.IsValid() {
		return o.Listen
	}
	return Address(t)
}

// Clients are the kinds of peers, by name.
var Clients = map[string]func(testing.TB, PeerOptions) Peer{
	"libtorrent":   func(t testing.TB, o PeerOptions) Peer { return StartLibtorrent(t, o) },
	"qbittorrent":  func(t testing.TB, o PeerOptions) Peer { return StartQBittorrent(t, o) },
	"transmission": func(t testing.TB, o PeerOptions) Peer { return StartTransmission(t, o) },
	"aria2":        func(t testing.TB, o PeerOptions) Peer { return StartAria2(t, o) },
	"rtorrent":     func(t testing.TB, o PeerOptions) Peer { return StartRTorrent(t, o) },
}

// Libtorrent is a peer made of libtorrent's Python binding.
type Libtorrent struct {
	addr netip.AddrPort
	*Process

	mu    sync.Mutex
	ready bool
	done  map[string]bool // by info hash
	stats Stats
}

// Stats are what a Libtorrent has moved, in bytes of payload. They come once a
// second.
type Stats struct {
	At                   time.Time // when they came; zero if nothing was moved yet
	Uploaded, Downloaded int64
	Connections          []Connection
}

// StartLibtorrent starts a peer that seeds or downloads.
func StartLibtorrent(t testing.TB, o PeerOptions) *Libtorrent {
	t.Helper()
	p := &Libtorrent{addr: o.address(t), done: map[string]bool{}}
	args := []string{script("libtorrent_peer.py"), "--listen", p.addr.String(), "--dir", o.Dir, "--up", fmt.Sprint(o.UpLimit)}
	if o.Encryption != "" {
		args = append(args, "--encryption", o.Encryption)
	}
	if o.Connect.IsValid() {
		args = append(args, "--connect", o.Connect.String())
	}
	if o.UTP {
		args = append(args, "--utp")
	}
	// Debian's own Python, for another one does not see Debian's libtorrent.
	cmd := Command(t, t.TempDir(), "/usr/bin/python3", append(args, o.Sources...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close() })
	p.Process = Start(t, cmd, &lineWriter{line: p.hear})
	Poll(t, 20*time.Second, "libtorrent is ready (apt-get install python3-libtorrent)", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.ready
	})
	return p
}

// script returns the path of a script of this folder.
func script(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), name)
}

func (p *Libtorrent) hear(line []byte) {
	var e struct {
		Event, InfoHash string
		Stats
	}
	if json.Unmarshal(line, &e) != nil {
		return // a warning of Python's; it is in the log
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Event {
	case "ready":
		p.ready = true
	case "done":
		p.done[e.InfoHash] = true
	case "stats":
		p.stats = e.Stats
		p.stats.At = time.Now()
	}
}

// Addr is where it listens.
func (p *Libtorrent) Addr() netip.AddrPort { return p.addr }

// Await waits until it has all of d.
func (p *Libtorrent) Await(t testing.TB, d *Data, limit time.Duration) {
	t.Helper()
	Poll(t, limit, "libtorrent has "+d.Name, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.done[d.ID()]
	})
}

// Connections are those that it had when it last moved something.
func (p *Libtorrent) Connections(*Data) []Connection { return p.Stats().Connections }

// Stats returns what it has moved.
func (p *Libtorrent) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
