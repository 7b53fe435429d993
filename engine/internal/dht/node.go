package dht

import (
	"net"
	"net/netip"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

const (
	maxCalls    = 1000            // queries without an answer yet
	maxQueries  = 200             // queries a second
	callTimeout = 4 * time.Second // then there will be no answer
	slowAfter   = 1 * time.Second // then a lookup does not wait for it
	votesNeeded = 8               // nodes that tell us our address, before we believe it
	maxVotes    = 32
)

// node is our end of the DHT of one IP version. Server.mu guards it.
type node struct {
	s       *Server
	v6      bool
	socket  net.PacketConn // nil without one
	table   *table
	guard   *guard
	tokens  tokens
	calls   map[string]*call
	lookups map[*lookup]struct{}
	saved   []contact // of the last run; nobody has heard them yet
	votes   map[netip.Addr]netip.Addr
	budget  float64 // queries that may be sent now
	spentAt time.Time

	heard     time.Time // the last answer of anybody
	bootAt    time.Time // when nodes are looked for next
	bootWait  time.Duration
	refreshAt time.Time
	refreshed int // the bucket that was refreshed last
}

// call is a query that waits for its answer.
type call struct {
	to   contact // of an unknown ID zero
	sent time.Time
	slow bool
	done func(from ID, r *answer) // with nil if none came; not after the server closed
	late func()                   // when it is slow; may be nil
}

func newNode(s *Server, v6 bool) *node {
	return &node{
		s: s, v6: v6, table: newTable(randomID(), s.cfg.Loopback), guard: newGuard(s.cfg.Loopback, s.cfg.Refuses), calls: map[string]*call{},
		lookups: map[*lookup]struct{}{}, votes: map[netip.Addr]netip.Addr{},
	}
}

// mayAsk reports whether a query could be sent now.
func (n *node) mayAsk(now time.Time) bool {
	n.budget = min(maxQueries, n.budget+now.Sub(n.spentAt).Seconds()*maxQueries)
	n.spentAt = now
	return n.socket != nil && n.s.on && len(n.calls) < maxCalls && n.budget >= 1
}

// ask sends a query; false if it may not.
func (n *node) ask(to contact, kind string, q question, now time.Time, c *call) bool {
	if to.addr.Addr().Is6() != n.v6 || !n.mayAsk(now) || !n.guard.ask(to.addr, now) {
		return false
	}
	n.budget--
	n.s.tid++
	tid := string([]byte{byte(n.s.tid >> 24), byte(n.s.tid >> 16), byte(n.s.tid >> 8), byte(n.s.tid)})
	q.ID = string(n.table.self[:])
	m := message{T: tid, Y: "q", Q: kind, A: &q}
	if n.s.readOnly {
		m.RO = 1
	}
	c.to, c.sent = to, now
	n.calls[tid] = c
	n.send(to.addr, m)
	return true
}

// send queues a packet for when nobody holds the lock.
func (n *node) send(to netip.AddrPort, m message) {
	b, err := bencode.Marshal(m)
	if err != nil || n.socket == nil {
		return // it cannot happen
	}
	n.s.out = append(n.s.out, packet{n.socket, b, to})
}

// receive deals with a packet.
func (n *node) receive(b []byte, from netip.AddrPort, now time.Time) {
	if !n.guard.address(from) || from.Addr().Is6() != n.v6 {
		return
	}
	m, id, ok := parse(b)
	if !ok {
		return
	}
	if m.Y == "q" {
		n.asked(m, contact{id, from}, now)
		return
	}
	c := n.calls[m.T]
	if c == nil || c.to.addr != from {
		return
	}
	delete(n.calls, m.T)
	n.guard.answered(from)
	if m.Y == "e" {
		c.done(c.to.id, nil)
		return
	}
	if c.to.id != (ID{}) && c.to.id != id {
		n.table.silent(c.to) // it is another one now
	}
	n.heard = now
	n.table.heard(contact{id, from}, now)
	n.vote(from.Addr(), m.IP, now)
	c.done(id, m.R)
}

// vote takes a node's word for what our address is. When many say the same and our ID
// does not fit it, we take one that does (BEP 42).
func (n *node) vote(from netip.Addr, told string, now time.Time) {
	a, ok := parseAddr(told)
	if ip := a.Addr(); !ok || ip.Is6() != n.v6 || !ip.IsGlobalUnicast() || ip.IsPrivate() {
		return
	}
	if _, again := n.votes[from]; !again && len(n.votes) >= maxVotes {
		clear(n.votes)
	}
	n.votes[from] = a.Addr()
	same := 0
	for _, ip := range n.votes {
		if ip == a.Addr() {
			same++
		}
	}
	if same < votesNeeded || same*4 < len(n.votes)*3 || fits(n.table.self, a.Addr()) {
		return
	}
	n.table = n.table.renamed(secured(randomID(), a.Addr()))
	n.bootAt = now
}

// tick does what has its time, some times a second.
func (n *node) tick(now time.Time) {
	for tid, c := range n.calls {
		switch age := now.Sub(c.sent); {
		case age > callTimeout:
			delete(n.calls, tid)
			if now.Sub(n.heard) < time.Minute { // else it is our line that is dead
				n.table.silent(c.to)
			}
			c.done(c.to.id, nil)
		case age > slowAfter && !c.slow:
			if c.slow = true; c.late != nil {
				c.late()
			}
		}
	}
	if n.socket == nil || !n.s.on {
		return
	}
	for l := range n.lookups {
		l.more(now)
	}
	if e := n.table.questionable(now); e != nil {
		e.asked = now
		n.ping(e.contact, now)
	}
	n.keep(now)
}

func (n *node) ping(c contact, now time.Time) {
	n.ask(c, "ping", question{}, now, &call{done: func(ID, *answer) {}})
}

// keep looks for nodes while there are few, and for those in the buckets, one after the
// other, that nobody has looked at for a while.
func (n *node) keep(now time.Time) {
	_, good := n.table.count(now)
	if good < fewNodes && !now.Before(n.bootAt) {
		n.bootWait = min(max(2*n.bootWait, bootFirst), bootLast)
		n.bootAt = now.Add(n.bootWait)
		n.boot(now)
		return
	}
	if good >= fewNodes {
		n.bootWait = 0
	}
	if good == 0 || now.Before(n.refreshAt) {
		return
	}
	deepest := n.table.depth()
	n.refreshed = (n.refreshed + 1) % (deepest + 1)
	n.refreshAt = now.Add(max(refreshAll/time.Duration(deepest+1), 10*time.Second))
	n.find(inBucket(n.table.self, n.refreshed), now)
}

const (
	fewNodes   = 16 // with fewer good ones, more are looked for
	bootFirst  = 5 * time.Second
	bootLast   = 5 * time.Minute
	refreshAll = 15 * time.Minute
)

// boot looks for the nodes around us, beginning with those that we know, that were saved
// and that are in the bootstrap list.
func (n *node) boot(now time.Time) {
	l := newLookup(n, n.table.self)
	for _, c := range n.saved {
		l.add(c)
	}
	n.saved = nil
	for _, a := range n.s.entrances {
		if a.Addr().Is6() == n.v6 {
			l.add(contact{addr: a})
		}
	}
	if n.s.resolving != nil {
		select {
		case n.s.resolving <- struct{}{}:
		default:
		}
	}
	l.start(now)
}

// find looks for the nodes near a target.
func (n *node) find(target ID, now time.Time) { newLookup(n, target).start(now) }
