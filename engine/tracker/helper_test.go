package tracker

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"
)

// numbered returns an announcement of peer n in swarm h, each from an address of its own.
func numbered(h, n int) *announcement {
	a := &announcement{want: defaultWant, view: view{plain: true}}
	binary.BigEndian.PutUint32(a.hash[:], uint32(h))
	ip := [4]byte{10}
	binary.BigEndian.PutUint16(ip[1:], uint16(n>>8))
	ip[3] = byte(n)
	a.addr = netip.AddrPortFrom(netip.AddrFrom4(ip), uint16(n%60_000+1))
	binary.BigEndian.PutUint32(a.id[:], uint32(n))
	return a
}

// sixth is numbered with an IPv6 address, of a network of its own.
func sixth(h, n int) *announcement {
	a := numbered(h, n)
	ip := [16]byte{0x20, 1, 13: 7}
	binary.BigEndian.PutUint32(ip[2:], uint32(n))
	a.addr = netip.AddrPortFrom(netip.AddrFrom16(ip), a.addr.Port())
	return a
}

func aTable(keep time.Duration, torrents, most int) *table {
	return newTable(bounds{keep: keep, steady: keep / 4, torrents: torrents, peers: most})
}

// meet has an announce come, and returns what it is answered with.
func (t *table) meet(a *announcement, now time.Time) *found {
	f := &found{}
	t.announce(a, now, f)
	return f
}

// told are the addresses of an answer.
func (f *found) told() []netip.AddrPort {
	var all []netip.AddrPort
	for _, part := range []struct {
		b     []byte
		width int
	}{{f.v4, v4Width}, {f.v6, v6Width}} {
		for b := part.b; len(b) > 0; b = b[part.width:] {
			all = append(all, netip.AddrPortFrom(ipOf(b[:part.width]), binary.BigEndian.Uint16(b[part.width-2:])))
		}
	}
	return all
}

// check compares what a table holds with what it counts.
func check(t testing.TB, tb *table) {
	t.Helper()
	swarms, members, pairs := 0, 0, make(map[uint64]int)
	for i := range tb.shards {
		sh, size := &tb.shards[i], 0
		for hash, s := range sh.byHash {
			for _, list := range []*peers{&s.v4, &s.v6} {
				checkPeers(t, list)
				for at := range list.members {
					pairs[pairSum(ipOf(list.addr(at)), hash)]++
				}
			}
			if s.len() == 0 && s.downloads == 0 {
				t.Fatal("an empty swarm is kept")
			}
			size += s.len()
		}
		if int64(size) != sh.size.Load() {
			t.Fatalf("a shard has %d peers and counts %d", size, sh.size.Load())
		}
		swarms, members = swarms+len(sh.byHash), members+size
	}
	if int64(members) != tb.members.Load() || int64(swarms) != tb.swarms.Load() {
		t.Fatalf("%d peers, %d counted; %d swarms, %d counted", members, tb.members.Load(), swarms, tb.swarms.Load())
	}
	if members > tb.peers || swarms > tb.torrents {
		t.Fatalf("%d peers of at most %d, %d swarms of %d", members, tb.peers, swarms, tb.torrents)
	}
	for _, row := range append(tb.pairs.rows[:], tb.sources.rows[:]...) {
		sum := 0
		for _, n := range row {
			sum += int(n)
		}
		if sum != members {
			t.Fatalf("%d peers, %d tallied", members, sum)
		}
	}
	for sum, n := range pairs {
		if n > perSwarm {
			t.Fatalf("%d peers of source %x in a swarm", n, sum)
		}
	}
}

// checkPeers compares the index with the list.
func checkPeers(t testing.TB, p *peers) {
	t.Helper()
	if len(p.addrs) != len(p.members)*p.width || p.leeches < 0 || p.paused < 0 || p.seeds() < 0 {
		t.Fatalf("%d bytes for %d peers, of whom %d are leeches and %d paused", len(p.addrs), p.len(), p.leeches, p.paused)
	}
	for i := range p.members {
		if at := p.find(p.addr(i)); at != i {
			t.Fatalf("the peer at %d is found at %d", i, at)
		}
	}
	entries := 0
	for _, n := range p.index {
		if n != 0 {
			entries++
		}
	}
	if p.index != nil && entries != p.len() {
		t.Fatalf("%d entries for %d peers", entries, p.len())
	}
}
