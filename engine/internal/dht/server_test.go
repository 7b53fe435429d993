package dht

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// side is a Server on a loopback socket, and what it found.
type side struct {
	*Server
	at netip.AddrPort

	mu    sync.Mutex
	peers map[netip.AddrPort]bool
}

func newSide(t *testing.T, network string, port int, state []byte, entrances ...netip.AddrPort) *side {
	t.Helper()
	ip := "127.0.0.1:0"
	if network == "udp6" {
		ip = "[::1]:0"
	}
	socket, err := net.ListenPacket(network, ip)
	if err != nil {
		t.Skip(err)
	}
	x := &side{at: socket.LocalAddr().(*net.UDPAddr).AddrPort(), peers: map[netip.AddrPort]bool{}}
	var list []string
	for _, a := range entrances {
		list = append(list, a.String())
	}
	x.Server = New(Config{
		Loopback: true, State: state, Port: func(bool) int { return port },
		Resolve: func(_ context.Context, entry string) ([]netip.AddrPort, error) {
			a, err := netip.ParseAddrPort(entry)
			return []netip.AddrPort{a}, err
		},
		Found: func(_ [20]byte, some []netip.AddrPort) {
			x.mu.Lock()
			defer x.mu.Unlock()
			for _, a := range some {
				x.peers[a] = true
			}
		},
	})
	t.Cleanup(func() { socket.Close(); x.Close() })
	x.Attach(socket)
	x.Set(true, false, list)
	return x
}

func (x *side) knows(port int) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for a := range x.peers {
		if int(a.Port()) == port {
			return true
		}
	}
	return false
}

func await(t *testing.T, what string, ready func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// Twenty nodes that know one of them only: a seed announces itself, a leech finds it;
// after a restart with what was saved, and nobody in the bootstrap list, likewise.
func TestNetwork(t *testing.T) {
	for _, network := range []string{"udp4", "udp6"} {
		t.Run(network, func(t *testing.T) {
			first := newSide(t, network, 0, nil)
			for range 18 {
				newSide(t, network, 0, nil, first.at)
			}
			seed, hash := newSide(t, network, 7001, nil, first.at), [20]byte{1, 2, 3}
			await(t, "nodes", func() bool { return seed.Status().Nodes >= 8 })
			seed.Want(hash, false)
			await(t, "the announce", func() bool { v := seed.Status(); return v.Waiting == 0 && v.Lookups == 0 })
			leech := newSide(t, network, 7002, nil, first.at)
			leech.Want(hash, true)
			await(t, "the seed", func() bool {
				leech.Soon(hash) // the seed's announce may still be on its way
				return leech.knows(7001)
			})
			state := leech.State()
			leech.Close()
			again := newSide(t, network, 7003, state)
			again.Want(hash, true)
			await(t, "the seed, after a restart", func() bool { again.Soon(hash); return again.knows(7001) })
			if again.nodes[0].table.self != leech.nodes[0].table.self {
				t.Error("it has another ID")
			}
		})
	}
}

// What is off says nothing and answers nothing; who only reads asks and does not answer,
// and nobody keeps him (BEP 43).
func TestSilent(t *testing.T) {
	a := newSide(t, "udp4", 0, nil)
	b := newSide(t, "udp4", 0, nil, a.at)
	await(t, "a node", func() bool { return b.Status().Nodes == 1 })
	b.Set(false, false, nil)
	b.Want([20]byte{1}, true)
	if pings(t, b.at) {
		t.Error("it answers, though it is off")
	}
	reader := newSide(t, "udp4", 0, nil)
	reader.Set(true, true, []string{a.at.String()})
	await(t, "a node", func() bool { return reader.Status().Nodes == 1 })
	if pings(t, reader.at) {
		t.Error("who only reads answers")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Server.mu.Lock()
	defer a.Server.mu.Unlock()
	a.nodes[0].table.all(func(e *entry) bool {
		if e.addr == reader.at {
			t.Error("who only reads is in a table")
		}
		return true
	})
}

// pings reports whether a node answers a ping at once.
func pings(t *testing.T, at netip.AddrPort) bool {
	t.Helper()
	c, err := net.Dial("udp4", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	id := randomID()
	_, _ = c.Write(bencode.MustMarshal(message{T: "x", Y: "q", Q: "ping", A: &question{ID: string(id[:])}}))
	_ = c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	b := make([]byte, 1000)
	for {
		n, err := c.Read(b)
		if err != nil {
			return false
		}
		if m, _, ok := parse(b[:n]); ok && m.Y == "r" {
			return true
		}
	}
}

// A node that names a host again and again, at other ports, has it asked a few times.
func TestVictim(t *testing.T) {
	s := New(Config{Port: func(bool) int { return 1 }})
	defer s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[0]
	n.socket, s.on = counter{}, true
	now, victim := time.Now(), netip.MustParseAddr("9.9.9.9")
	for round := range 200 {
		l := newLookup(n, randomID())
		for port := range 50 {
			l.add(contact{randomID(), netip.AddrPortFrom(victim, uint16(2000+50*round+port))})
		}
		l.start(now)
		now = now.Add(time.Second)
	}
	got := 0
	for _, p := range s.out {
		if p.to.Addr() == victim {
			got++
		}
	}
	if got == 0 || got > 10 {
		t.Errorf("%d packets to one victim", got)
	}
}

// counter is a socket that nothing leaves.
type counter struct{ net.PacketConn }

func (counter) WriteTo(b []byte, _ net.Addr) (int, error) { return len(b), nil }

// Nodes that agree on our address give us an ID that fits it, few or divided ones do not.
func TestVotes(t *testing.T) {
	s := New(Config{Port: func(bool) int { return 1 }})
	defer s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.nodes[0]
	tell := func(from int, ip string) {
		n.vote(at(from).Addr(), string(appendAddr(nil, netip.AddrPortFrom(netip.MustParseAddr(ip), 5))), start)
	}
	before := n.table.self
	for range 50 {
		tell(1, "5.6.7.8")
	}
	for i := range votesNeeded - 1 {
		tell(10+i, fmt.Sprintf("7.7.7.%d", i))
		tell(100+i, "10.0.0.1")
		tell(200+i, "127.0.0.1")
	}
	if n.table.self != before {
		t.Fatal("one node decides")
	}
	clear(n.votes)
	for i := range votesNeeded {
		tell(i, "5.6.7.8")
	}
	if !fits(n.table.self, netip.MustParseAddr("5.6.7.8")) {
		t.Error("the ID does not fit")
	}
}
