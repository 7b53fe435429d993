package swarm

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/anacrolix/torrent"
	pp "github.com/anacrolix/torrent/peer_protocol"

	"piecewise/engine/internal/plane"
)

// peer is what the tally knows of one connection.
type peer struct {
	addr     netip.AddrPort
	has      plane.Bits // without the pieces of a peer that has all
	count    int        // pieces in has
	all      bool
	requests int

	choked, wanted bool

	measured time.Time // when the rates were taken last
	down, up int64     // totals at that time
	downRate int64
	upRate   int64
}

func (p *peer) event(kind plane.EventKind, piece, begin, length int) plane.Event {
	return plane.Event{Kind: kind, Time: time.Now(), Peer: p.addr, Piece: piece, Begin: begin, Length: length}
}

// callbacks feed the tallies. The library calls most of them with its lock held.
func (c *Client) callbacks() torrent.Callbacks {
	of := func(p *torrent.Peer) *Tally {
		if p.Torrent() == nil {
			return nil
		}
		if t, ok := c.torrents.Load(p.Torrent()); ok {
			return t.(*Torrent).tally
		}
		return nil
	}
	request := func(change int) func(torrent.PeerRequestEvent) {
		return func(e torrent.PeerRequestEvent) {
			if pc, ok := e.Peer.TryAsPeerConn(); ok {
				if t := of(e.Peer); t != nil {
					t.requested(pc, e.Request, change)
				}
			}
		}
	}
	return torrent.Callbacks{
		PeerConnAdded: []func(*torrent.PeerConn){func(pc *torrent.PeerConn) {
			if t := of(&pc.Peer); t != nil {
				t.join(pc)
			}
		}},
		PeerConnClosed: func(pc *torrent.PeerConn) {
			if t := of(&pc.Peer); t != nil {
				t.leave(pc)
			}
		},
		ReadMessage: func(pc *torrent.PeerConn, m *pp.Message) {
			if t := of(&pc.Peer); t != nil && !m.Keepalive {
				t.heard(pc, m)
			}
		},
		SentRequest:    []func(torrent.PeerRequestEvent){request(+1)},
		DeletedRequest: []func(torrent.PeerRequestEvent){request(-1)},
	}
}

func (t *Tally) join(pc *torrent.PeerConn) {
	addr, _ := netip.ParseAddrPort(pc.RemoteAddr.String())
	t.mu.Lock()
	defer t.mu.Unlock()
	t.peers[pc] = &peer{addr: addr, choked: true, measured: time.Now()}
}

func (t *Tally) leave(pc *torrent.PeerConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.peers[pc]; p != nil {
		t.forget(p)
		delete(t.peers, pc)
		t.received += statsOf(pc).BytesReadData.Int64()
		t.sent += statsOf(pc).BytesWrittenData.Int64()
	}
}

// forget takes all of a peer's pieces back.
func (t *Tally) forget(p *peer) {
	for i := range t.available {
		if p.has.Has(i) {
			t.available[i]--
		}
	}
	p.has, p.count, p.all = plane.Bits{}, 0, false
}

// gained notes that a peer has piece i.
func (t *Tally) gained(p *peer, i int) {
	if p.has.Len() != len(t.states) {
		p.has = plane.MakeBits(len(t.states))
	}
	if !p.all && i < len(t.states) && !p.has.Has(i) {
		p.has.Set(i)
		p.count++
		t.available[i]++
	}
}

// heard follows what a peer tells of itself.
func (t *Tally) heard(pc *torrent.PeerConn, m *pp.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[pc]
	if p == nil {
		return
	}
	switch m.Type {
	case pp.Choke:
		p.choked = true
	case pp.Unchoke:
		p.choked = false
	case pp.Interested:
		p.wanted = true
	case pp.NotInterested:
		p.wanted = false
	case pp.Have:
		t.gained(p, int(m.Index))
	case pp.Bitfield:
		t.forget(p)
		for i, has := range m.Bitfield {
			if has {
				t.gained(p, i)
			}
		}
	case pp.HaveAll:
		t.forget(p)
		p.all = true
	case pp.HaveNone:
		t.forget(p)
	case pp.Piece:
		t.ring.add(p.event(plane.BlockReceived, int(m.Index), int(m.Begin), len(m.Piece)))
	}
}

// Peers appends the connected peers to dst[:0], ordered by address. It waits for
// the library.
func (t *Torrent) Peers(dst []plane.Peer) []plane.Peer {
	dst = dst[:0]
	for _, pc := range t.lib.PeerConns() {
		stats := statsOf(pc)
		p := plane.Peer{
			ID:         pc.PeerID,
			Client:     clientName(pc),
			Encryption: encryption(pc),
			Origin:     originOf(pc.Discovery),
			Downloaded: stats.BytesReadData.Int64(),
			Uploaded:   stats.BytesWrittenData.Int64(),
		}
		if strings.HasPrefix(pc.Network, "udp") {
			p.Transport = plane.UTP
		}
		if t.tally.fill(pc, &p) {
			dst = append(dst, p)
		}
	}
	slices.SortFunc(dst, func(a, b plane.Peer) int { return a.Addr.Compare(b.Addr) })
	return dst
}

// fill adds to out what only the tally knows of the peer.
func (t *Tally) fill(pc *torrent.PeerConn, out *plane.Peer) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[pc]
	if p == nil {
		return false
	}
	if now := time.Now(); now.Sub(p.measured) >= time.Second {
		s := now.Sub(p.measured).Seconds()
		p.downRate = int64(float64(out.Downloaded-p.down) / s)
		p.upRate = int64(float64(out.Uploaded-p.up) / s)
		p.measured, p.down, p.up = now, out.Downloaded, out.Uploaded
	}
	n := len(t.states)
	switch {
	case p.all:
		out.Have = plane.FullBits(n)
	case p.has.Len() == n:
		out.Have = p.has.Clone()
	default:
		out.Have = plane.MakeBits(n)
	}
	out.Addr, out.Down, out.Up, out.Requests = p.addr, p.downRate, p.upRate, p.requests
	out.Choked, out.Wanted = p.choked, p.wanted
	for i := 0; i < n && !out.Interested; i++ {
		out.Interested = t.states[i] != plane.Verified && out.Have.Has(i)
	}
	return true
}

// encryption reads the connection's flags, which the library shows only in text.
func encryption(pc *torrent.PeerConn) plane.Encryption {
	_, flags, _ := strings.Cut(pc.String(), "flags=")
	flags, _, _ = strings.Cut(flags, " ")
	for f := range strings.SplitSeq(flags, ",") {
		switch f {
		case "E":
			return plane.RC4
		case "e":
			return plane.HeaderOnly
		}
	}
	return plane.Plain
}

// clientName is what the peer calls itself in the extension handshake (BEP 10).
func clientName(pc *torrent.PeerConn) string {
	name, _ := pc.PeerClientName.Load().(string)
	if len(name) > 200 {
		name = name[:200]
	}
	return name
}
