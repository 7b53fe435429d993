package dht

import (
	"net/netip"
	"time"
)

const (
	maxSwarms    = 2_000            // info hashes of which others tell us
	maxSwarm     = 200              // peers of one
	maxAnnounced = 20_000           // of all together
	announceLife = 30 * time.Minute // then a peer is forgotten
	maxSent      = 50               // peers in one answer, so that it fits in a packet
	sweepEvery   = time.Minute
)

// peers are what others announced to us. The zero value is ready.
type peers struct {
	of    map[ID]map[netip.AddrPort]time.Time
	total int
	swept time.Time
}

// add keeps a peer, unless there are too many.
func (p *peers) add(id ID, a netip.AddrPort, now time.Time) {
	p.sweep(now)
	if p.of == nil {
		p.of = map[ID]map[netip.AddrPort]time.Time{}
	}
	swarm := p.of[id]
	if _, known := swarm[a]; !known {
		if swarm == nil && len(p.of) >= maxSwarms || len(swarm) >= maxSwarm || p.total >= maxAnnounced {
			return
		}
		p.total++
	}
	if swarm == nil {
		swarm = map[netip.AddrPort]time.Time{}
		p.of[id] = swarm
	}
	swarm[a] = now
}

// some returns peers of an info hash, any of them if there are many.
func (p *peers) some(id ID, now time.Time) []netip.AddrPort {
	p.sweep(now)
	var all []netip.AddrPort
	for a := range p.of[id] { // in random order
		if all = append(all, a); len(all) == maxSent {
			break
		}
	}
	return all
}

func (p *peers) sweep(now time.Time) {
	if now.Sub(p.swept) < sweepEvery {
		return
	}
	p.swept = now
	for id, swarm := range p.of {
		for a, at := range swarm {
			if now.Sub(at) > announceLife {
				delete(swarm, a)
				p.total--
			}
		}
		if len(swarm) == 0 {
			delete(p.of, id)
		}
	}
}
