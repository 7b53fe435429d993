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
	// Kill ends it at once.
	Kill()
}

// PeerOptions say what a peer works on.
type PeerOptions struct {
	Dir     string   // where its files are or go
	Sources []string // .torrent files or magnet links
	UpLimit int      // bytes/s; 0 is no limit

	Listen netip.AddrPort // where it listens; the zero value is an address of its own

	Connect    netip.AddrPort // a peer to dial; only libtorrent does
	Encryption string         // "forced", "off" or "" for the default; only libtorrent's
}

func (o PeerOptions) address(t testing.TB) netip.AddrPort {
	if o.Listen.IsValid() {
		return o.Listen
	}
	return Address(t)
}

// Clients are the kinds of peers, by name.
var Clients = map[string]func(testing.TB, PeerOptions) Peer{
	"transmission": func(t testing.TB, o PeerOptions) Peer { return StartTransmission(t, o) },
	"libtorrent":   func(t testing.TB, o PeerOptions) Peer { return StartLibtorrent(t, o) },
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
	Encrypted            int // connections that were encrypted with RC4 at that time
}

// StartLibtorrent starts a peer that seeds or downloads.
func StartLibtorrent(t testing.TB, o PeerOptions) *Libtorrent {
	t.Helper()
	p := &Libtorrent{addr: o.address(t), done: map[string]bool{}}
	args := []string{script(), "--listen", p.addr.String(), "--dir", o.Dir, "--up", fmt.Sprint(o.UpLimit)}
	if o.Encryption != "" {
		args = append(args, "--encryption", o.Encryption)
	}
	if o.Connect.IsValid() {
		args = append(args, "--connect", o.Connect.String())
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

func script() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "libtorrent_peer.py")
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

// Stats returns what it has moved.
func (p *Libtorrent) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}
