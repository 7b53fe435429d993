package tracker

import "net/netip"

// swarm is what is known of one info hash.
type swarm struct {
	v4, v6    peers
	downloads int
	last      uint32 // the moment of its last announce
}

func newSwarm() *swarm { return &swarm{v4: peers{width: v4Width}, v6: peers{width: v6Width}} }

func (s *swarm) len() int { return s.v4.len() + s.v6.len() }

func (s *swarm) family(ip netip.Addr) *peers {
	if ip.Is4() {
		return &s.v4
	}
	return &s.v6
}

// swarmSize is by what swarms are compared that could be forgotten.
type swarmSize struct {
	peers int
	last  uint32
}

func (s *swarm) size() swarmSize { return swarmSize{s.len(), s.last} }

func (a swarmSize) less(b swarmSize) bool {
	return a.peers < b.peers || a.peers == b.peers && a.last < b.last
}

// counts are what a scrape tells of a swarm (BEP 48, BEP 21).
type counts struct{ seeds, downloads, leeches, paused int }

func (s *swarm) counts() counts {
	return counts{
		seeds: s.v4.seeds() + s.v6.seeds(), downloads: s.downloads,
		leeches: s.v4.leeches + s.v6.leeches, paused: s.v4.paused + s.v6.paused,
	}
}

// renew takes over what an announce says of the peer at a place, and returns its
// new one.
func (s *swarm) renew(at int, a *announcement, now uint32) int {
	list := s.family(a.addr.Addr())
	m := &list.members[at]
	finished := m.last & 1
	if a.event == completed && finished == 0 {
		finished = 1
		s.downloads++
	}
	m.id, m.key, m.last = a.id, a.key, now<<1|finished
	s.last = now
	return list.move(at, a.kind)
}

// found is what an announce is answered with. Its memory is used again.
type found struct {
	counts
	v4, v6     []byte // addresses, as they are told
	ids4, ids6 []byte // 20 bytes for each, if they were asked for
	places     []uint32
	crowded    bool // the peer was not taken in
	strange    bool // nor was it believed to be the one that has its address
}

func (f *found) reset() {
	*f = found{v4: f.v4[:0], v6: f.v6[:0], ids4: f.ids4[:0], ids6: f.ids6[:0], places: f.places[:0]}
}

// tell finds the peers that an announce is answered with. at is the place of the
// asker, -1 if it is not in the swarm.
func (s *swarm) tell(a *announcement, at int, f *found) {
	f.counts = s.counts()
	n4, n6 := s.v4.useful(a.kind), s.v6.useful(a.kind)
	if a.only != 0 { // one family
		if n6 = 0; a.only == v6Width {
			n4, n6 = 0, s.v6.useful(a.kind)
		}
	}
	switch want := min(a.want, n4+n6); {
	case n4 > 0 && n6 > 0 && n4+n6 > want:
		n4 = max(want*n4/(n4+n6), min(1, want))
		n6 = want - n4
	case n6 == 0:
		n4 = want
	case n4 == 0:
		n6 = want
	}
	if !a.addr.Addr().Is4() {
		f.collect(&f.v4, &f.ids4, inquiry{a, &s.v4, -1, n4})
		f.collect(&f.v6, &f.ids6, inquiry{a, &s.v6, at, n6})
		return
	}
	f.collect(&f.v4, &f.ids4, inquiry{a, &s.v4, at, n4})
	f.collect(&f.v6, &f.ids6, inquiry{a, &s.v6, -1, n6})
}

// inquiry is what an announce asks of one list: up to n peers other than the asker's
// place, which is -1 if it is not there.
type inquiry struct {
	*announcement
	list *peers
	self int
	n    int
}

// collect appends the addresses of peers, and their IDs if they are wanted.
func (f *found) collect(addrs, ids *[]byte, q inquiry) {
	f.places = q.list.pick(f.places[:0], q.kind, q.self, q.n)
	for _, place := range f.places {
		addr := q.list.addr(int(place))
		if !q.view.plain {
			var buf [v6Width]byte
			if addr = q.view.see(&buf, addr); addr == nil {
				continue
			}
		}
		*addrs = append(*addrs, addr...)
		if q.listed && !q.nameless {
			*ids = append(*ids, q.list.members[place].id[:]...)
		}
	}
}
