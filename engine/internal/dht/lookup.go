package dht

import (
	"net/netip"
	"slices"
	"time"
)

const (
	lookupWidth   = 4   // queries of a lookup at a time, slow ones not counted
	lookupQueries = 120 // in all
	lookupKnown   = 100 // nodes that it remembers to ask, the nearest
	lookupFound   = 500 // peers
	lookupLife    = time.Minute
)

// lookup goes from node to node towards a target (BEP 5): it is over when the eight
// nearest that it heard of have answered, or when it has asked enough.
type lookup struct {
	n       *node
	target  ID
	peers   bool // asks for peers, not for nodes
	steps   []step
	seen    map[netip.Addr]bool // addresses that were named; of loopback nobody is
	at      map[netip.AddrPort]bool
	flying  int // queries without an answer
	slow    int // of them
	queries int
	since   time.Time
	values  map[netip.AddrPort]bool
	found   func([]netip.AddrPort) // each time some are new; may be nil
	done    func(near []step)      // once
	over    bool
}

// step is a node that a lookup has heard of.
type step struct {
	contact
	asked, answered, failed bool
	token                   string
}

func newLookup(n *node, target ID) *lookup {
	return &lookup{n: n, target: target, seen: map[netip.Addr]bool{}, at: map[netip.AddrPort]bool{}, values: map[netip.AddrPort]bool{}}
}

// start begins with the nodes that we know.
func (l *lookup) start(now time.Time) {
	l.since = now
	l.n.lookups[l] = struct{}{}
	for _, c := range l.n.table.closest(l.target, lookupKnown/4, false, now) {
		l.add(c)
	}
	l.more(now)
}

// add takes a node in that is to be asked. One address is asked once.
func (l *lookup) add(c contact) {
	ip := c.addr.Addr()
	if l.at[c.addr] || !l.n.s.cfg.Loopback && l.seen[host(ip)] || ip.Is6() != l.n.v6 || !l.n.guard.address(c.addr) || c.id == l.n.table.self {
		return
	}
	i, _ := slices.BinarySearchFunc(l.steps, c, func(s step, c contact) int { return l.order(s.id, c.id) })
	if i >= lookupKnown {
		return
	}
	l.at[c.addr], l.seen[host(ip)] = true, true
	l.steps = slices.Insert(l.steps, i, step{contact: c})
	if len(l.steps) > lookupKnown {
		l.steps = l.steps[:lookupKnown]
	}
}

// order compares two IDs: who is nearer comes first, and before them those of whom only
// the address is known.
func (l *lookup) order(a, b ID) int {
	switch unknown := (ID{}); {
	case a == b:
		return 0
	case a == unknown:
		return -1
	case b == unknown:
		return 1
	}
	return nearer(l.target, a, b)
}

// next returns who is asked now, nil if nobody is: among those nearer than the eighth
// that has answered.
func (l *lookup) next() *step {
	answered := 0
	for i := range l.steps {
		s := &l.steps[i]
		if s.answered && s.id != (ID{}) {
			if answered++; answered == bucketSize {
				return nil
			}
		}
		if !s.asked {
			return s
		}
	}
	return nil
}

// more asks as many as may be asked, and ends the lookup when there is nobody left.
func (l *lookup) more(now time.Time) {
	if l.over {
		return
	}
	for l.flying-l.slow < lookupWidth && l.queries < lookupQueries {
		if !l.n.mayAsk(now) {
			break
		}
		s := l.next()
		if s == nil {
			break
		}
		s.asked = true
		if s.failed = !l.ask(s.contact, now); !s.failed {
			l.queries++
			l.flying++
		}
	}
	waits := l.flying > 0 || l.next() != nil && l.queries < lookupQueries
	if !waits || now.Sub(l.since) > lookupLife {
		l.end()
	}
}

func (l *lookup) ask(to contact, now time.Time) bool {
	c := &call{late: func() { l.slow++; l.more(l.n.s.now()) }}
	c.done = func(from ID, r *answer) { l.got(to, c, from, r) }
	q, kind := question{Target: string(l.target[:])}, "find_node"
	if l.peers {
		q, kind = question{InfoHash: string(l.target[:])}, "get_peers"
	}
	return l.n.ask(to, kind, q, now, c)
}

// got deals with an answer, or with that there is none.
func (l *lookup) got(to contact, c *call, from ID, r *answer) {
	l.flying--
	if c.slow {
		l.slow--
	}
	if l.over {
		return
	}
	if s := l.step(to.addr); s != nil {
		s.answered, s.failed = r != nil, r == nil
		if r != nil {
			s.token = r.Token
			l.settle(s, from)
		}
	}
	if r != nil {
		nodes := r.Nodes
		if l.n.v6 {
			nodes = r.Nodes6
		}
		for _, c := range parseNodes(nodes, l.n.v6) {
			l.add(c)
		}
		l.take(parseValues(r.Values, l.n.v6))
	}
	l.more(l.n.s.now())
}

func (l *lookup) step(at netip.AddrPort) *step {
	i := slices.IndexFunc(l.steps, func(s step) bool { return s.addr == at })
	if i < 0 {
		return nil
	}
	return &l.steps[i]
}

// settle puts a node that answered in the place of the ID that it has.
func (l *lookup) settle(s *step, id ID) {
	if s.id == id {
		return
	}
	s.id = id
	slices.SortStableFunc(l.steps, func(a, b step) int { return l.order(a.id, b.id) })
}

// take hands on the peers that are new.
func (l *lookup) take(all []netip.AddrPort) {
	var fresh []netip.AddrPort
	for _, a := range all {
		if !l.values[a] && len(l.values) < lookupFound {
			l.values[a] = true
			fresh = append(fresh, a)
		}
	}
	if l.found != nil && len(fresh) > 0 {
		l.found(fresh)
	}
}

// end ends the lookup, with the eight nearest nodes that have answered.
func (l *lookup) end() {
	if l.over {
		return
	}
	l.over = true
	delete(l.n.lookups, l)
	var near []step
	for _, s := range l.steps {
		if s.answered && len(near) < bucketSize {
			near = append(near, s)
		}
	}
	if l.done != nil {
		l.done(near)
	}
}
