package engine

import (
	"encoding/json"
	"fmt"
	"net/netip"
)

// tuned is what was chosen for a torrent, as its record has it, and for some of its
// peers, which is forgotten at the end.
type tuned struct {
	Options
	// Spread says that others got all of it from us: it is not new any more, and is not
	// super-seeded by itself.
	Spread bool `json:"spread,omitempty"`
	// Continue says that the user agrees to go on in files that were there before; it
	// holds until they are checked.
	Continue bool `json:"continue,omitempty"`

	superSeed bool                      // SuperSeed was chosen since the start, so Config does not stand in for it
	others    bool                      // there is another seed, so it is not new
	peers     map[netip.AddrPort]Limits // by hand
}

// maxPeerLimits bounds the peers of a torrent that have limits of their own.
const maxPeerLimits = 1000

// tunedOf reads what a record has. What it does not name is at its default.
func tunedOf(text []byte) tuned {
	t := tuned{Options: DefaultOptions()}
	if len(text) > 0 && json.Unmarshal(text, &t) != nil {
		t = tuned{Options: DefaultOptions()}
	}
	t.Options = repairedOptions(t.Options)
	return t
}

// keepTuned puts what was chosen in the torrent's record.
func (t *torrent) keepTuned() {
	text, err := json.Marshal(t.tuned)
	if err == nil { // it always is
		t.rec.Options, t.dirty = text, true
	}
}

func (s *state) setOptions(id ID, o Options) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	s.tune(t, o)
	return nil
}

// tune gives the torrent other options.
func (s *state) tune(t *torrent, o Options) {
	o = repairedOptions(o)
	held := s.options(t)
	if o == held {
		return
	}
	if o.SuperSeed != held.SuperSeed {
		t.tuned.superSeed = true
	} else {
		o.SuperSeed = t.tuned.SuperSeed
	}
	order := o.Sequential != held.Sequential || o.EndsFirst != held.EndsFirst
	t.tuned.Options = o
	t.keepTuned()
	if order && t.meta != nil {
		s.choosePieces(t)
	}
	s.retune(t)
	s.touch(t)
}

// options are those that hold for the torrent, with what Config puts in the place of
// the saved ones.
func (s *state) options(t *torrent) Options {
	o := t.tuned.Options
	if t.tuned.superSeed || o.SuperSeed != SuperSeedAutomatic {
		return o
	}
	if s.cfg.SuperSeed {
		o.SuperSeed = SuperSeedOn
	} else if s.cfg.NoSuperSeed {
		o.SuperSeed = SuperSeedOff
	}
	return o
}

// resolved are the torrent's options with the numbers that the settings have for
// each torrent.
func (s *state) resolved(t *torrent) Options {
	o := s.options(t)
	if o.Slots == AsSession {
		o.Slots = s.settings.Slots
	}
	if o.Connections == AsSession {
		o.Connections = s.settings.TorrentConnections
	}
	return o
}

// retune has what was chosen hold for a running torrent.
func (s *state) retune(t *torrent) {
	if t.run == nil {
		return
	}
	t.run.SetOptions(s.resolved(t))
	for addr, l := range t.tuned.peers {
		t.run.SetPeerLimit(addr, l)
	}
	s.superSeed(t)
}

func (s *state) setPeerLimit(id ID, addr netip.AddrPort, l Limits) error {
	t, err := s.find(id)
	if err != nil {
		return err
	}
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	l = repairedLimits(l)
	_, known := t.tuned.peers[addr]
	switch {
	case l == NoLimits:
		delete(t.tuned.peers, addr)
	case !known && len(t.tuned.peers) >= maxPeerLimits:
		return fmt.Errorf("limit peer: %d peers have limits of their own already", maxPeerLimits)
	case t.tuned.peers == nil:
		t.tuned.peers = map[netip.AddrPort]Limits{addr: l}
	default:
		t.tuned.peers[addr] = l
	}
	if t.run != nil {
		t.run.SetPeerLimit(addr, l)
	}
	return nil
}

func repairedOptions(o Options) Options {
	o.Limits = repairedLimits(o.Limits)
	if o.Slots != AsSession {
		o.Slots = repairedNumber(o.Slots)
	}
	if o.Connections != AsSession {
		o.Connections = repairedNumber(o.Connections)
	}
	if o.Weight > WeightHigh {
		o.Weight = WeightNormal
	}
	if o.SuperSeed > SuperSeedOff {
		o.SuperSeed = SuperSeedAutomatic
	}
	return o
}
