package wire

import (
	"bytes"
	"net/netip"
	"sync"
	"testing"
)

// circle is a Plane whose peers tell each other of peers, or do not.
type circle struct {
	planeFunc
	open bool
	mu   *sync.Mutex
	pex  *[]string
	node *[]netip.AddrPort
}

func (c circle) Exchange() bool { return c.open }

func (c circle) Introduced(_ netip.AddrPort, message []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.pex = append(*c.pex, string(message))
}

func (c circle) Punch(_, to netip.AddrPort) bool { return to.Port() >= 1024 }

func (c circle) NodePort(netip.Addr) uint16 {
	if c.open {
		return 0x1a1b
	}
	return 0
}

func (c circle) Node(at netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.node = append(*c.node, at)
}

// TestSocial checks what peers of a torrent tell each other of others, and that those of
// a private one tell nothing: no extension is offered, no message passes in either
// direction, there is no DHT node.
func TestSocial(t *testing.T) {
	for _, open := range []bool{true, false} {
		joined := make(chan *peer, 1)
		world := circle{func(c *Conn) Peer {
			p := newPeer(c)
			joined <- p
			return p
		}, open, &sync.Mutex{}, &[]string{}, &[]netip.AddrPort{}}
		_, library, socket := bare(t, Config{Registry: registry{testHash, world}})
		offer := frame(Extended, append([]byte{0}, "d1:ei1e1:md12:ut_holepunchi4e11:ut_metadatai1e6:ut_pexi7eee"...)...)
		write(t, socket, frame(Extended, append([]byte{0}, "d1:md12:ut_holepunchi5e6:ut_pexi9eee"...)...))
		write(t, library, offer, frame(HaveNone))
		got := readFrame(t, socket)
		if has := bytes.Contains(got, []byte("ut_pex")) || bytes.Contains(got, []byte("ut_holepunch")); has != open {
			t.Errorf("open %t: we offer %q", open, got)
		}
		if got := readFrame(t, socket); Kind(got[4]) != HaveNone {
			t.Errorf("%x", got)
		}
		if got := readFrame(t, library); got[5] != 0 {
			t.Errorf("the library got %x", got)
		}
		p := <-joined
		punch := func(port byte) []byte { return frame(Extended, 4, punchConnect, 0, 1, 2, 3, 4, port, 1, 0, 0, 0, 0) }
		write(t, socket, frame(Extended, append([]byte{7}, "d5:added6:abcdefe"...)...), punch(0), punch(9), frame(portKind, 9, 9), frame(Interested))
		if open {
			if got := readFrame(t, library); !bytes.Equal(got, punch(9)) {
				t.Errorf("the library got %x", got)
			}
		}
		if got := readFrame(t, library); Kind(got[4]) != Interested {
			t.Errorf("open %t: the library got %x", open, got)
		}
		write(t, library, frame(Extended, 9, 'd', 'e'), frame(Extended, 5, 'x'), frame(Extended, 3, 'x'))
		want := [][]byte{frame(Extended, 3, 'x')}
		if open {
			want = [][]byte{frame(portKind, 0x1a, 0x1b), frame(Extended, 9, 'd', 'e'), frame(Extended, 5, 'x'), want[0]}
		}
		for _, w := range want {
			if got := readFrame(t, socket); !bytes.Equal(got, w) {
				t.Errorf("open %t: the peer got %x, not %x", open, got, w)
			}
		}
		p.c.Close(nil)
		world.mu.Lock()
		if (len(*world.pex) == 1) != open || (len(*world.node) == 1) != open {
			t.Errorf("open %t: it heard %q and %v", open, *world.pex, *world.node)
		}
		world.mu.Unlock()
	}
}

func TestWithout(t *testing.T) {
	for in, want := range map[string]string{
		"d1:md6:ut_pexi7e1:xi2eee":              "d1:md1:xi2eee",
		"d1:md12:ut_holepunchi40e6:ut_pexi7eee": "d1:mdee",
		"d1:mde6:ut_pexi7":                      "d1:mde6:ut_pexi7",
		"d1:md11:ut_metadatai1eee":              "d1:md11:ut_metadatai1eee",
	} {
		f := frame(Extended, append([]byte{0}, in...)...)
		got := without(without(f, pexKey), punchKey)
		if string(got[6:]) != want || int(got[3]) != len(got)-4 {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

// A host that is no peer is left alone after a few dials, whatever ports are named.
func TestMisses(t *testing.T) {
	n := &Net{misses: misses{}}
	victim, dials := netip.MustParseAddr("9.9.9.9"), 0
	for port := range 10_000 {
		if at := netip.AddrPortFrom(victim, uint16(1024+port)); n.tired(at) == nil {
			dials++
			n.missed(at)
		}
	}
	if dials != mostMisses {
		t.Errorf("%d dials of one host", dials)
	}
	n.met(netip.AddrPortFrom(victim, 1))
	if n.tired(netip.AddrPortFrom(victim, 1)) != nil {
		t.Error("a peer is left alone")
	}
	for i := range 3 * maxMissed {
		n.missed(netip.AddrPortFrom(netip.AddrFrom4([4]byte{1, byte(i >> 16), byte(i >> 8), byte(i)}), 9))
	}
	if len(n.misses) > maxMissed {
		t.Errorf("%d hosts are remembered", len(n.misses))
	}
	here := netip.MustParseAddrPort("127.0.0.1:9")
	for range 100 {
		n.missed(here)
	}
	if n.tired(here) != nil {
		t.Error("this machine is left alone")
	}
}
