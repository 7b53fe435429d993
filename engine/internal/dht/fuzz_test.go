package dht

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// FuzzPacket gives a node packets of a stranger, as an answer too, and looks that
// what it holds stays bounded and what it sends can be read.
func FuzzPacket(f *testing.F) {
	id := string(bytes.Repeat([]byte("i"), 20))
	f.Add([]byte("d2:ip0:1:t4:aaaa1:y1:re"))
	f.Add(bencode.MustMarshal(message{T: "aaaa", Y: "q", Q: "get_peers", A: &question{ID: id, InfoHash: id, Want: []string{"n4", "n6"}}}))
	f.Add(bencode.MustMarshal(message{T: "aaaa", Y: "q", Q: "find_node", A: &question{ID: id, Target: id}}))
	f.Add(bencode.MustMarshal(message{T: "aaaa", Y: "q", Q: "announce_peer", A: &question{ID: id, InfoHash: id, Port: 5, Token: "x"}}))
	f.Add(bencode.MustMarshal(message{T: "aaaa", Y: "q", Q: "sample_infohashes", A: &question{ID: id, Target: id}}))
	f.Add(bencode.MustMarshal(message{T: "aaaa", Y: "r", IP: "\x01\x02\x03\x04\x05\x06", R: &answer{ID: id, Nodes: id + "\x01\x02\x03\x04\x05\x06", Token: "x", Values: []string{"\x01\x02\x03\x04\x05\x06", ""}}}))
	f.Add([]byte("d1:eli201e1:xe1:t4:aaaa1:y1:ee"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := New(Config{Port: func(bool) int { return 1 }, Found: func([20]byte, []netip.AddrPort) {}})
		defer s.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		n, now := s.nodes[0], time.Now()
		n.socket, s.on = counter{}, true
		from := netip.MustParseAddrPort("4.3.2.1:6881")
		l := newLookup(n, ID{1})
		l.peers = true
		l.add(contact{ID{2}, from})
		l.start(now)
		for tid, c := range n.calls { // it is the answer to this
			delete(n.calls, tid)
			n.calls["aaaa"] = c
		}
		for range 3 {
			n.receive(b, from, now)
		}
		n.tick(now.Add(time.Hour))
		if len(l.steps) > lookupKnown || len(l.values) > maxValues || len(s.out) > 50 {
			t.Errorf("%d nodes, %d peers, %d packets", len(l.steps), len(l.values), len(s.out))
		}
		for _, p := range s.out {
			if _, _, ok := parse(p.b); !ok || len(p.b) > 1400 {
				t.Errorf("it sends %q", p.b)
			}
			if !n.guard.address(p.to) {
				t.Errorf("it sends to %v", p.to)
			}
		}
	})
}

// FuzzState reads a file of the last run that may be anything.
func FuzzState(f *testing.F) {
	v := saved{ids: [2]ID{{1}, {2}}}
	v.nodes[0] = []contact{{ID{3}, netip.MustParseAddrPort("1.2.3.4:5")}}
	v.nodes[1] = []contact{{ID{4}, netip.MustParseAddrPort("[2001:db8::1]:5")}}
	f.Add(v.bytes())
	f.Add(saved{}.bytes())
	f.Add([]byte(stateMark))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ok := parseState(b)
		if len(got.nodes[0]) > maxSaved || len(got.nodes[1]) > maxSaved {
			t.Error("too many nodes")
		}
		if !ok {
			return
		}
		again, ok := parseState(got.bytes())
		if !ok || again.ids != got.ids || len(again.nodes[0]) != len(got.nodes[0]) {
			t.Errorf("%+v becomes %+v", got, again)
		}
	})
}

func TestState(t *testing.T) {
	v := saved{ids: [2]ID{{1}, {2}}}
	for n := range 2 * maxSaved {
		v.nodes[0] = append(v.nodes[0], contact{randomID(), at(n)})
	}
	b := v.bytes()
	got, ok := parseState(b)
	if !ok || got.ids != v.ids || len(got.nodes[0]) != maxSaved || got.nodes[0][7] != v.nodes[0][7] {
		t.Fatal("it is not what was saved")
	}
	for i := range b {
		damaged := bytes.Clone(b)
		damaged[i] ^= 1
		if _, ok := parseState(damaged); ok {
			t.Fatalf("byte %d does not matter", i)
		}
	}
	for i := range b {
		if _, ok := parseState(b[:i]); ok {
			t.Fatalf("%d bytes are enough", i)
		}
	}
}
