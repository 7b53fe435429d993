package swarm

import (
	"slices"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/transfer"
	"piecewise/engine/internal/webseed"
)

// visit starts the torrent's web seeds.
func (t *Torrent) visit(o Open) {
	if o.WebFiles == nil {
		return
	}
	var webs []*webseed.Seed
	for i, url := range o.WebSeeds {
		s := webseed.New(webseed.Config{
			URL: url, Addr: plane.WebSeed(i + 1), Torrent: o.WebFiles, Client: t.c.web, UserAgent: Agent(t.c.cfg.Anonymous),
			Wrong: transfer.ErrCorrupt, Attach: func(l webseed.Link, have plane.Bits) webseed.Source {
				if s := t.plane.Attach(l, transfer.Spec{URL: url, Have: have}); s != nil {
					return s
				}
				return nil
			},
		})
		webs = append(webs, s)
		t.c.waiting.Go(func() { s.Run(t.running) })
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.webs = webs
}

// fillWeb adds the web seeds that do not take part now, and to those that do what they
// brought before.
func (t *Torrent) fillWeb(peers []plane.Peer) []plane.Peer {
	t.mu.Lock()
	webs := t.webs
	t.mu.Unlock()
	for i, s := range webs {
		at := plane.WebSeed(i + 1)
		if n := slices.IndexFunc(peers, func(p plane.Peer) bool { return p.Addr == at }); n >= 0 {
			p := &peers[n]
			came, in, out := s.Before()
			p.Origin = plane.OriginMetainfo
			p.Downloaded, p.ProtocolReceived, p.ProtocolSent = p.Downloaded+came, p.ProtocolReceived+in, p.ProtocolSent+out
		} else if p, ok := s.Absent(); ok {
			peers = append(peers, p)
		}
	}
	slices.SortStableFunc(peers, func(a, b plane.Peer) int { return a.Addr.Compare(b.Addr) })
	return peers
}
