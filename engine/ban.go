package engine

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"piecewise/engine/internal/wire"
)

// Ban is a peer that may not connect: until Unban if the user banned it, else until the
// program ends at the latest.
type Ban struct {
	Addr    netip.AddrPort // port 0 is all ports; an IPv6 address stands for its /64 network
	Since   time.Time
	Torrent ID     // of which it sent a wrong block; zero if the user banned it
	Why     string // one sentence
}

// Ban closes all connections with a peer, of all torrents, and refuses all ports
// of its address until Unban, also after a restart. Of 127.0.0.1 and ::1 only the port
// itself is refused.
func (e *Engine) Ban(ctx context.Context, peer netip.AddrPort) error {
	return e.do(ctx, func(s *state) error {
		if !peer.IsValid() {
			return fmt.Errorf("ban peer: %v is no address", peer)
		}
		s.control.Ban(peer)
		s.bans = slices.DeleteFunc(slices.Clone(s.bans), sameCulprit(peer)) // it may be one that is not kept
		if s.banned(Ban{Addr: peer, Why: byYou}) {
			s.saveSettings()
		}
		return nil
	})
}

// Unban lets a peer connect again; the address may be that of a Ban.
func (e *Engine) Unban(ctx context.Context, peer netip.AddrPort) error {
	return e.do(ctx, func(s *state) error {
		s.unban(sameCulprit(peer))
		return nil
	})
}

// UnbanAll lets all banned peers connect again.
func (e *Engine) UnbanAll(ctx context.Context) error {
	return e.do(ctx, func(s *state) error {
		s.unban(func(Ban) bool { return true })
		return nil
	})
}

// unban ends some bans.
func (s *state) unban(which func(Ban) bool) {
	var left []Ban
	kept := false
	for _, b := range s.bans {
		if which(b) {
			s.control.Unban(b.Addr)
			kept = kept || b.byHand()
		} else {
			left = append(left, b)
		}
	}
	s.bans, s.changed = left, true
	if kept {
		s.saveSettings()
	}
}

func (b Ban) byHand() bool { return b.Torrent.IsZero() }

// keptBan is a ban by hand as the profile has it.
type keptBan struct {
	Addr  netip.AddrPort `json:"addr"`
	Since time.Time      `json:"since"`
}

// toKeep returns the bans that outlive the program.
func toKeep(bans []Ban) (kept []keptBan) {
	for _, b := range bans {
		if b.byHand() {
			kept = append(kept, keptBan{b.Addr, b.Since})
		}
	}
	return kept
}

// revived are the bans of a profile.
func revived(kept []keptBan) (bans []Ban) {
	for _, k := range kept[max(0, len(kept)-wire.MaxBans):] {
		if k.Addr.IsValid() {
			bans = append(bans, Ban{Addr: wire.Culprit(k.Addr), Since: k.Since, Why: byYou})
		}
	}
	return bans
}

const byYou = "Banned by you."

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
