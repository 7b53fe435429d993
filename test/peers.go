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

	mu       sync.Mutex
	ready    bool
	done     map[string]bool // by info hash
	uploaded int64
}

// StartLibtorrent starts a peer that seeds or downloads.
func StartLibtorrent(t testing.TB, o PeerOptions) *Libtorrent {
	t.Helper()
	p := &Libtorrent{addr: o.address(t), done: map[string]bool{}}
	args := []string{script(), "--listen", p.addr.String(), "--dir", o.Dir, "--up", fmt.Sprint(o.UpLimit)}
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
		Uploaded        int64
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
		p.uploaded = e.Uploaded
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

// Uploaded returns the payload that it has sent, in bytes, as of 200 ms ago.
func (p *Libtorrent) Uploaded() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.uploaded
}
