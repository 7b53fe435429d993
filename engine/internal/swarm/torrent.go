package swarm

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/anacrolix/torrent"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/plane"
)

const handshakeTimeout = 10 * time.Second

// Torrent is a torrent that runs: it has peers or looks for some.
type Torrent struct {
	c     *Client
	lib   *torrent.Torrent
	disk  *disk.Torrent
	tally *Tally
}

// Wanted is what to download.
type Wanted struct {
	Pieces plane.Bits // the pieces that are wanted
	High   plane.Bits // those of them that come first
}

// Open starts the download into d. The metadata must be there.
func (t *Torrent) Open(d *disk.Torrent, l disk.Layout, w Wanted) error {
	t.disk = d
	t.tally.open(l, d.Have())
	for _, pc := range t.lib.PeerConns() {
		t.tally.learn(pc, pc.PeerPieces())
	}
	if err := t.lib.OpenStorage(context.Background(), d.Storage()); err != nil {
		return fmt.Errorf("open storage: %w", err)
	}
	// A write error reaches the engine through the disk; the library's own answer
	// to it would be to stop asking for pieces for good.
	t.lib.SetOnWriteChunkError(func(error) {})
	t.SetWanted(w)
	return nil
}

// SetWanted replaces what is wanted.
func (t *Torrent) SetWanted(w Wanted) {
	n := w.Pieces.Len()
	for i := 0; i < n; {
		wanted, end := w.Pieces.Has(i), i+1
		for end < n && w.Pieces.Has(end) == wanted {
			end++
		}
		if wanted {
			t.lib.DownloadPieces(i, end)
		} else {
			t.lib.CancelPieces(i, end)
		}
		i = end
	}
	for i := range n {
		if !w.Pieces.Has(i) {
			continue
		}
		if p := t.lib.Piece(i); w.High.Has(i) {
			p.SetPriority(torrent.PiecePriorityHigh)
		} else if t.tally.raised.Has(i) {
			p.SetPriority(torrent.PiecePriorityNormal)
		}
	}
	t.tally.raised = w.High
}

// AddPeers makes the library dial peers.
func (t *Torrent) AddPeers(addrs []netip.AddrPort, origin plane.Origin) {
	if len(addrs) == 0 {
		return
	}
	infos := make([]torrent.PeerInfo, 0, len(addrs))
	for _, a := range addrs {
		infos = append(infos, torrent.PeerInfo{
			Addr:    net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.Addr().Unmap(), a.Port())),
			Source:  libraryOrigin(origin),
			Trusted: origin == plane.OriginManual,
		})
	}
	t.lib.AddPeers(infos)
}

// Drop ends all connections of the torrent. Its disk is the caller's to close.
func (t *Torrent) Drop() {
	t.lib.Drop()
	t.c.torrents.Delete(t.lib)
}

// Pieces appends the state of every piece to dst[:0].
func (t *Torrent) Pieces(dst []plane.PieceState) []plane.PieceState { return t.tally.pieces(dst) }

// Version changes whenever a piece's state does.
func (t *Torrent) Version() uint64 { return t.tally.version.Load() }

// Availability appends to dst[:0], per piece, how many connected peers have it.
func (t *Torrent) Availability(dst []uint16) []uint16 { return t.tally.availability(dst) }

// Connected returns how many peers are connected, and how many of them are seeds.
func (t *Torrent) Connected() (peers, seeds int) { return t.tally.connected() }

// Counters returns the totals since the torrent was added.
func (t *Torrent) Counters() plane.Counters { return t.tally.counters(t.disk) }

// Events appends the events after the given sequence number to dst[:0], as far
// as the ring still has them, and returns the newest one's number.
func (t *Torrent) Events(after uint64, dst []plane.Event) ([]plane.Event, uint64) {
	return t.tally.eventsAfter(after, dst)
}

func libraryOrigin(o plane.Origin) torrent.PeerSource {
	if o == plane.OriginTracker {
		return torrent.PeerSourceTracker
	}
	return torrent.PeerSourceDirect
}

func originOf(s torrent.PeerSource) plane.Origin {
	switch s {
	case torrent.PeerSourceTracker:
		return plane.OriginTracker
	case torrent.PeerSourceIncoming:
		return plane.OriginIncoming
	case torrent.PeerSourceDhtGetPeers, torrent.PeerSourceDhtAnnouncePeer:
		return plane.OriginDHT
	case torrent.PeerSourcePex, torrent.PeerSourceUtHolepunch:
		return plane.OriginPEX
	case torrent.PeerSourceLPD:
		return plane.OriginLSD
	case torrent.PeerSourceDirect:
		return plane.OriginManual
	}
	return plane.OriginUnknown
}
