package dht

import (
	"encoding/hex"
	"net/netip"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// The examples of BEP 42.
func TestSecureID(t *testing.T) {
	for _, c := range []struct{ ip, id string }{
		{"124.31.75.21", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"},
		{"21.75.31.124", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"},
		{"65.23.51.170", "a5d43220bc8f112a3d426c84764f8c2a1150e616"},
		{"84.124.73.14", "1b0321dd1bb1fe518101ceef99462b947a01ff41"},
		{"43.213.53.83", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"},
	} {
		b, _ := hex.DecodeString(c.id)
		ip := netip.MustParseAddr(c.ip)
		if id := ID(b); !fits(id, ip) {
			t.Errorf("%s: it is refused", c.ip)
		}
		b[0] ^= 1
		if id := ID(b); fits(id, ip) {
			t.Errorf("%s: another is taken", c.ip)
		}
		if six := netip.MustParseAddr("2001:db8:1::7"); !fits(secured(randomID(), six), six) {
			t.Error("not with IPv6")
		}
	}
}

func TestInBucket(t *testing.T) {
	self := randomID()
	for _, depth := range []int{0, 1, 7, 8, 63, 159} {
		if got := shared(self, inBucket(self, depth)); got != depth {
			t.Errorf("%d bits are shared, not %d", got, depth)
		}
	}
}

func at(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, byte(n >> 16), byte(n >> 8), byte(n)}), 6881)
}

func TestTable(t *testing.T) {
	tab := newTable(randomID(), false)
	var first contact
	for n := range wideBucket {
		c := contact{inBucket(tab.self, 0), at(n)}
		if n == 0 {
			first = c
		}
		if !tab.heard(c, start) {
			t.Fatalf("node %d is not taken", n)
		}
	}
	late := contact{inBucket(tab.self, 0), at(1000)}
	if tab.wants(late, start) || tab.heard(late, start) {
		t.Error("a full bucket takes one more")
	}
	if tab.heard(contact{inBucket(tab.self, 3), at(0)}, start) {
		t.Error("two nodes of one host")
	}
	for range maxFail {
		tab.silent(first)
	}
	if !tab.wants(late, start) || !tab.heard(late, start) || tab.find(first) != nil {
		t.Error("a bad node does not give way")
	}
	secure := at(2000)
	if !tab.heard(contact{secured(inBucket(tab.self, 0), secure.Addr()), secure}, start) && shared(tab.self, secured(randomID(), secure.Addr())) == 0 {
		t.Log("its ID is in another bucket") // chance decides that
	}
	all, good := tab.count(start)
	if all < wideBucket || all != good {
		t.Errorf("%d nodes, %d of them good", all, good)
	}
	if _, good := tab.count(start.Add(fresh + time.Second)); good != 0 {
		t.Errorf("%d are good for ever", good)
	}
	if tab.questionable(start) != nil || tab.questionable(start.Add(fresh+time.Second)) == nil {
		t.Error("who is questionable?")
	}
	target := randomID()
	near := tab.closest(target, 8, true, start)
	for i := 1; i < len(near); i++ {
		if nearer(target, near[i-1].id, near[i].id) > 0 {
			t.Error("not in order")
		}
	}
	other := tab.renamed(randomID())
	if n, _ := other.count(start); n == 0 {
		t.Error("all nodes are gone with the ID")
	}
}

// Downloads come first, but seeds have their part; who came first is first; a thousand
// seeds do not come at once, and each has its turn within the interval.
func TestQueue(t *testing.T) {
	q, now := newQueue(), start
	id := func(n int) ID { return ID{byte(n >> 8), byte(n)} }
	for n := range 1000 {
		q.want(id(n), false, now)
	}
	q.want(id(2000), true, now)
	if j := q.next(now); j == nil || j.id != id(2000) {
		t.Fatalf("%v is first, not the download", j)
	} else {
		q.done(j, 3, now)
	}
	if n := q.waiting(now); n > 10 {
		t.Errorf("%d seeds want their turn at once", n)
	}
	had := map[ID]int{}
	for range int(seedEvery / time.Second) {
		now = now.Add(time.Second)
		for range 2 { // as many as end in a second
			if j := q.next(now); j != nil {
				had[j.id]++
				q.done(j, 1, now)
			}
		}
	}
	if len(had) != 1001 {
		t.Errorf("%d had a turn", len(had))
	}
	if had[id(2000)] < 2 {
		t.Errorf("the download had %d turns", had[id(2000)])
	}
	for n := range 100 { // more downloads than can be served
		q.want(id(3000+n), true, now)
	}
	seeds := 0
	for range 40 {
		j := q.next(now.Add(seedEvery))
		if j == nil {
			break
		}
		if !j.leech {
			seeds++
		}
	}
	if seeds != 10 {
		t.Errorf("%d of 40 turns were seeds'", seeds)
	}
	q.drop(id(1))
	if q.jobs[id(1)] != nil {
		t.Error("it is still there")
	}
}

func TestTokens(t *testing.T) {
	var k tokens
	ip, other := netip.MustParseAddr("1.2.3.4"), netip.MustParseAddr("1.2.3.5")
	token := k.make(ip, start)
	if !k.valid(token, ip, start) || k.valid(token, other, start) || k.valid("", ip, start) {
		t.Error("whose is it?")
	}
	if !k.valid(token, ip, start.Add(tokenEvery+time.Second)) {
		t.Error("it does not hold until the next but one")
	}
	if k.valid(token, ip, start.Add(3*tokenEvery)) {
		t.Error("it holds for ever")
	}
}

func TestGuard(t *testing.T) {
	g := newGuard(false, nil)
	for _, a := range []string{"127.0.0.1:6881", "0.0.0.0:6881", "224.0.0.1:6881", "255.255.255.255:6881", "1.2.3.4:53", "1.2.3.4:0", "[::1]:6881", "[ff02::1]:6881"} {
		if g.ask(netip.MustParseAddrPort(a), start) {
			t.Errorf("%s is asked", a)
		}
	}
	victim, n := netip.MustParseAddr("1.2.3.4"), 0
	for port := range 10_000 {
		if g.ask(netip.AddrPortFrom(victim, uint16(1024+port)), start) {
			n++
		}
	}
	if n != maxUnanswered {
		t.Errorf("one host was asked %d times", n)
	}
	for n := range 3 * maxGuarded {
		g.ask(at(n), start)
	}
	if len(g.silent) > maxGuarded {
		t.Errorf("%d hosts are remembered", len(g.silent))
	}
	answers := 0
	for range 1000 {
		if g.answer(at(1), start) {
			answers++
		}
	}
	if answers != maxAnswers {
		t.Errorf("%d answers in a second to one host", answers)
	}
}

func TestPeers(t *testing.T) {
	var p peers
	for n := range 30_000 {
		p.add(ID{byte(n % 250)}, at(n), start)
	}
	if p.total > maxAnnounced || len(p.of[ID{1}]) > maxSwarm || len(p.some(ID{1}, start)) != maxSent {
		t.Errorf("%d peers, %d of one", p.total, len(p.of[ID{1}]))
	}
	if p.some(ID{1}, start.Add(2*announceLife)) != nil || p.total != 0 {
		t.Error("they are never forgotten")
	}
}
