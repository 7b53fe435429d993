package dht

import (
	"net/netip"
	"slices"
	"time"
)

const (
	bucketSize = 8 // nodes that a bucket holds at least (BEP 5)
	wideBucket = 64

	fresh   = 15 * time.Minute // so long after it was heard a node is good
	maxFail = 3                // answers that did not come, and a node is bad
)

// entry is a node in the table: it has answered us.
type entry struct {
	contact
	heard  time.Time // its last answer
	asked  time.Time // when it was pinged last
	failed int       // answers that did not come since
}

func (e *entry) good(now time.Time) bool { return e.failed == 0 && now.Sub(e.heard) < fresh }

// table is the nodes that we know, in buckets by how many leading bits of our ID they
// share. Who is far is in a wide bucket, since lookups begin there. It is pure.
type table struct {
	self     ID
	loopback bool // many nodes may have one address
	buckets  [idBits][]entry
	at       map[netip.Addr]int // nodes of each host
}

func newTable(self ID, loopback bool) *table {
	return &table{self: self, loopback: loopback, at: map[netip.Addr]int{}}
}

func room(depth int) int { return max(bucketSize, wideBucket>>depth) }

// find returns where a node is, nil if it is not there.
func (t *table) find(c contact) *entry {
	depth := shared(t.self, c.id)
	if depth == idBits {
		return nil
	}
	for i := range t.buckets[depth] {
		if e := &t.buckets[depth][i]; e.contact == c {
			return e
		}
	}
	return nil
}

// heard takes a node in that has answered, if there is room or a worse one, and reports
// whether it is in now. Of one address only one node is taken.
func (t *table) heard(c contact, now time.Time) bool {
	if e := t.find(c); e != nil {
		e.heard, e.failed = now, 0
		return true
	}
	depth := shared(t.self, c.id)
	if depth == idBits || !t.loopback && t.at[host(c.addr.Addr())] > 0 {
		return false
	}
	b := t.buckets[depth]
	if len(b) >= room(depth) {
		worst := t.worst(b, c, now)
		if worst < 0 {
			return false
		}
		t.drop(depth, worst)
	}
	t.buckets[depth] = append(t.buckets[depth], entry{contact: c, heard: now})
	t.at[host(c.addr.Addr())]++
	return true
}

// worst returns who gives way to c: a bad node, or one whose ID does not fit its
// address if that of c does (BEP 42); else -1.
func (t *table) worst(b []entry, c contact, now time.Time) int {
	bad := slices.IndexFunc(b, func(e entry) bool { return e.failed >= maxFail || e.failed > 0 && !e.good(now) })
	if bad >= 0 || !fits(c.id, c.addr.Addr()) {
		return bad
	}
	return slices.IndexFunc(b, func(e entry) bool { return !fits(e.id, e.addr.Addr()) })
}

func (t *table) drop(depth, i int) {
	ip := host(t.buckets[depth][i].addr.Addr())
	if t.at[ip]--; t.at[ip] == 0 {
		delete(t.at, ip)
	}
	t.buckets[depth] = slices.Delete(t.buckets[depth], i, i+1)
}

// silent notes that a node has not answered. A bad one stays until it is replaced or
// there are enough others.
func (t *table) silent(c contact) {
	e := t.find(c)
	if e == nil {
		return
	}
	if e.failed++; e.failed < 2*maxFail {
		return
	}
	depth := shared(t.self, c.id)
	t.drop(depth, slices.IndexFunc(t.buckets[depth], func(e entry) bool { return e.contact == c }))
}

// wants reports whether a node that was not heard yet would be taken in.
func (t *table) wants(c contact, now time.Time) bool {
	depth := shared(t.self, c.id)
	if depth == idBits || t.find(c) != nil || !t.loopback && t.at[host(c.addr.Addr())] > 0 {
		return false
	}
	return len(t.buckets[depth]) < room(depth) || t.worst(t.buckets[depth], c, now) >= 0
}

// all calls f for every node until it returns false.
func (t *table) all(f func(*entry) bool) {
	for d := range t.buckets {
		for i := range t.buckets[d] {
			if !f(&t.buckets[d][i]) {
				return
			}
		}
	}
}

// count returns how many nodes there are, and how many of them are good.
func (t *table) count(now time.Time) (all, good int) {
	t.all(func(e *entry) bool {
		if all++; e.good(now) {
			good++
		}
		return true
	})
	return all, good
}

// closest returns the n nodes nearest to a target, the nearest first: those that are
// not bad, or only good ones.
func (t *table) closest(target ID, n int, onlyGood bool, now time.Time) []contact {
	var near []contact
	t.all(func(e *entry) bool {
		if e.good(now) || !onlyGood && e.failed < maxFail {
			near = append(near, e.contact)
		}
		return true
	})
	slices.SortFunc(near, func(a, b contact) int { return nearer(target, a.id, b.id) })
	return near[:min(n, len(near))]
}

// questionable returns the node that was not heard for the longest time, nil if all are
// good or were just asked.
func (t *table) questionable(now time.Time) *entry {
	var oldest *entry
	t.all(func(e *entry) bool {
		if !e.good(now) && now.Sub(e.asked) > time.Minute && (oldest == nil || e.heard.Before(oldest.heard)) {
			oldest = e
		}
		return true
	})
	return oldest
}

// depth returns the deepest bucket that is to be kept full: the first that lacks nodes.
func (t *table) depth() int {
	for d := range t.buckets {
		if len(t.buckets[d]) < bucketSize {
			return d
		}
	}
	return idBits - 1
}

// renamed returns the same nodes around another ID.
func (t *table) renamed(self ID) *table {
	other := newTable(self, t.loopback)
	t.all(func(e *entry) bool {
		if other.heard(e.contact, e.heard) {
			*other.find(e.contact) = *e
		}
		return true
	})
	return other
}
