package tracker

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// List is what a tracker serves, and what it tells of this machine's own torrents.
// It is not changed after it was given to a server.
type List struct {
	Open     bool             // others may be announced as well
	Torrents map[[20]byte]Own // by info hash; of v2 torrents the first 20 bytes (BEP 52)
	ID       [20]byte         // the ID of the peer on this machine, who need not announce itself
	Here     []netip.Addr     // addresses by which others reach this machine, the best first
}

// Own is the peer on this machine that has a torrent.
type Own struct {
	Port uint16 // it listens on; 0 if there is no such peer
	Seed bool
}

// Stats are what a server has done since it began, and what it holds now.
type Stats struct {
	Announces, Scrapes int64 // that were answered
	Refused            int64 // what is wrong, or not served here
	Limited            int64 // what was not answered for coming too often
	Crowded            int64 // peers that were not taken in: too many of one address, or in all
	Strange            int64 // announces of somebody else's peer
	Torrents, Peers    int   // now

	// Outside is when somebody last announced themselves who is neither on this machine
	// nor in its local network, Inside when one of the local network did; zero if never.
	Outside, Inside time.Time
}

var (
	errUnserved = errors.New("this torrent is not served here")
	errOften    = errors.New("you ask too often")
)

// service answers what was asked over HTTP or UDP.
type service struct {
	interval time.Duration
	table    atomic.Pointer[table] // nil until it serves
	meter    *meter
	list     atomic.Pointer[List]
	more     sync.Map // info hashes that are served until there is another list

	announces, scrapes, refused, limited, crowded, strange, outside, inside atomic.Int64
}

func (s *service) prepare(interval time.Duration, rate float64, b bounds) {
	s.interval, s.meter = interval, newMeter(max(0, rate))
	s.table.Store(newTable(b))
}

// sweep forgets quiet peers until ctx ends.
func (s *service) sweep(ctx context.Context) {
	table := s.table.Load()
	every := time.NewTicker(min(sweepEvery, table.keep/4))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-every.C:
			table.sweep(now)
		}
	}
}

// allow reports whether an address may ask now; if not, that is counted.
func (s *service) allow(ip netip.Addr, now time.Time) bool {
	if s.meter.allow(ip, now) {
		return true
	}
	s.limited.Add(1)
	return false
}

// announce takes an announce and finds its answer. at is the address of ours that it
// came to, if that is known.
func (s *service) announce(a *announcement, at netip.Addr, now time.Time, f *found) error {
	f.reset()
	list := s.list.Load()
	own, ok := Own{}, true
	if list != nil {
		if own, ok = list.Torrents[a.hash]; !ok && !list.Open && !s.added(a.hash) {
			s.refused.Add(1)
			return errUnserved
		}
		a.view = viewOf(a.addr.Addr(), at, list.Here)
	} else {
		a.view = viewOf(a.addr.Addr(), at, nil)
	}
	s.announces.Add(1)
	s.witness(a, now)
	if own.Port != 0 {
		a.passing = a.id == list.ID
		f.tellOwn(a, own, list.ID)
	}
	s.table.Load().announce(a, now, f)
	if own.Port != 0 {
		f.counts.include(own)
	}
	if f.crowded {
		s.crowded.Add(1)
	}
	if f.strange {
		s.strange.Add(1)
	}
	return nil
}

// added reports whether a torrent was added to the list.
func (s *service) added(hash [20]byte) bool {
	_, ok := s.more.Load(hash)
	return ok
}

// witness notes that somebody has reached this machine, and from where.
func (s *service) witness(a *announcement, now time.Time) {
	switch {
	case a.view.plain:
	case a.view.inside:
		s.inside.Store(now.UnixNano())
	default:
		s.outside.Store(now.UnixNano())
	}
}

// tellOwn tells of the peer on this machine, if the asker can use it.
func (f *found) tellOwn(a *announcement, own Own, id [20]byte) {
	if a.passing || a.want == 0 || own.Seed && a.kind != leech {
		return
	}
	is4 := a.addr.Addr().Is4()
	ip := *a.view.family(is4)
	if a.view.plain {
		if ip = netip.IPv6Loopback(); is4 {
			ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	if !ip.IsValid() {
		return
	}
	var buf [v6Width]byte
	addr := put(&buf, netip.AddrPortFrom(ip, own.Port))
	dst, ids := &f.v6, &f.ids6
	if is4 {
		dst, ids = &f.v4, &f.ids4
	}
	*dst = append(*dst, addr...)
	if a.listed && !a.nameless {
		*ids = append(*ids, id[:]...)
	}
	a.want--
}

func (c *counts) include(own Own) {
	if own.Seed {
		c.seeds++
	} else {
		c.leeches++
	}
}

// counts are what a scrape tells of a torrent, false if it is not known.
func (s *service) counts(hash *[20]byte) (counts, bool) {
	list := s.list.Load()
	own, listed := Own{}, true
	if list != nil {
		own, listed = list.Torrents[*hash]
	}
	if !listed && !list.Open && !s.added(*hash) {
		return counts{}, false
	}
	c, ok := s.table.Load().scrape(hash)
	if own.Port != 0 {
		c.include(own)
		ok = true
	}
	return c, ok
}

func (s *service) stats() Stats {
	at := func(n *atomic.Int64) time.Time {
		if n.Load() == 0 {
			return time.Time{}
		}
		return time.Unix(0, n.Load())
	}
	all := Stats{
		Announces: s.announces.Load(), Scrapes: s.scrapes.Load(), Refused: s.refused.Load(), Limited: s.limited.Load(),
		Crowded: s.crowded.Load(), Strange: s.strange.Load(),
		Outside: at(&s.outside), Inside: at(&s.inside),
	}
	if t := s.table.Load(); t != nil {
		all.Torrents, all.Peers = int(t.swarms.Load()), int(t.members.Load())
	}
	return all
}
