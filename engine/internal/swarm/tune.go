package swarm

import (
	"net/netip"
	"time"

	"piecewise/engine/internal/choke"
	"piecewise/engine/internal/plane"
)

// SetOptions changes what the user chose for the torrent, but for the order of
// its pieces, which is SetWanted's, and super-seeding, which is SuperSeedFrom's.
// Nothing in it may be plane.AsSession. It returns at once.
func (t *Torrent) SetOptions(o plane.Options) {
	now := time.Now()
	t.limits.Up.SetRate(o.Limits.Up, now)
	t.limits.Down.SetRate(o.Limits.Down, now)
	t.limits.Up.SetWeight(o.Weight.Share())
	t.limits.Down.SetWeight(o.Weight.Share())
	t.slots.Store(int64(o.Slots))
	t.plane.SetConnections(o.Connections)
}

// SetPeerLimit limits the peers with an address, now and whenever they connect
// while the torrent runs. It returns at once.
func (t *Torrent) SetPeerLimit(addr netip.AddrPort, l plane.Limits) { t.plane.SetPeerLimit(addr, l) }

// SuperSeedFrom starts super-seeding once so many peers are connected, or ends it,
// see transfer.Torrent.
func (t *Torrent) SuperSeedFrom(peers int) { t.plane.SuperSeedFrom(peers) }

// SuperSeeding reports whether pieces are being hidden now.
func (t *Torrent) SuperSeeding() bool { return t.plane.SuperSeeding() }

// follow takes over what the session says for each torrent, in the place of what it
// said before.
func (t *Torrent) follow(before, s Session) {
	t.plane.SetExemptLocal(s.ExemptLocal)
	if s.MaxSlots == 0 {
		t.plane.SetSlots(0) // at once; otherwise the next tick shares them
	}
	if s.SeedFastest != before.SeedFastest {
		t.plane.SetChoking(choke.Config{Fastest: s.SeedFastest})
	}
}
