package engine

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"piecewise/engine/internal/wire"
)

// Ban is a peer that may not connect, until Unban or until the program ends.
type Ban struct {
	Addr    netip.AddrPort // port 0 is all ports; an IPv6 address stands for its /64 network
	Since   time.Time
	Torrent ID     // of which it sent a wrong block; zero if the user banned it
	Why     string // one sentence
}

// Ban closes all connections with a peer, of all torrents, and refuses all ports
// of its address until Unban or until the program ends. Of 127.0.0.1 and ::1 only
// the port itself is refused.
func (e *Engine) Ban(ctx context.Context, peer netip.AddrPort) error {
	return e.do(ctx, func(s *state) error {
		if !peer.IsValid() {
			return fmt.Errorf("ban peer: %v is no address", peer)
		}
		s.control.Ban(peer)
		s.banned(Ban{Addr: peer, Why: "Banned by you."})
		return nil
	})
}

// Unban lets a peer connect again; the address may be that of a Ban.
func (e *Engine) Unban(ctx context.Context, peer netip.AddrPort) error {
	return e.do(ctx, func(s *state) error {
		s.control.Unban(peer)
		s.bans = slices.DeleteFunc(slices.Clone(s.bans), sameCulprit(peer))
		s.changed = true
		return nil
	})
}

// banned puts a ban in the list, unless the peer is in it already.
func (s *state) banned(b Ban) bool {
	if slices.ContainsFunc(s.bans, sameCulprit(b.Addr)) {
		return false
	}
	b.Addr, b.Since = wire.Culprit(b.Addr), time.Now()
	s.bans = append(slices.Clone(s.bans[max(0, len(s.bans)-wire.MaxBans+1):]), b)
	s.changed = true
	return true
}

func sameCulprit(peer netip.AddrPort) func(Ban) bool {
	bad := wire.Culprit(peer)
	return func(b Ban) bool { return b.Addr == bad }
}

// bannedFor returns what the data plane calls when it found out who sent a wrong
// block; the control plane refuses that peer already.
func (s *state) bannedFor(t *torrent) func(netip.AddrPort, int) {
	mail := s.mail
	return func(peer netip.AddrPort, piece int) {
		mail.post(func(s *state) {
			why := fmt.Sprintf("Sent a wrong block of piece %d.", piece)
			if s.banned(Ban{Addr: peer, Torrent: t.id, Why: why}) {
				s.note(t, fmt.Sprintf("%v was banned: it sent a wrong block of piece %d.", peer, piece))
			}
		})
	}
}
