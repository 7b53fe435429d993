package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"piecewise/engine/internal/plane"
)

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b) // it never fails
	return b
}

var policyNames = map[Policy]string{EncryptionOff: "off", EncryptionAllow: "allow", EncryptionPrefer: "prefer", EncryptionRequire: "require"}

// TestPolicies sends blocks and messages both ways under every pair of policies.
func TestPolicies(t *testing.T) {
	const never = plane.Encryption(99)
	for _, test := range []struct {
		out, in Policy
		want    plane.Encryption
	}{
		{EncryptionOff, EncryptionOff, plane.Plain},
		{EncryptionOff, EncryptionAllow, plane.Plain},
		{EncryptionOff, EncryptionPrefer, plane.Plain},
		{EncryptionOff, EncryptionRequire, never},
		{EncryptionAllow, EncryptionOff, plane.Plain},
		{EncryptionAllow, EncryptionAllow, plane.Plain},
		{EncryptionAllow, EncryptionPrefer, plane.Plain},
		{EncryptionAllow, EncryptionRequire, plane.RC4},
		{EncryptionPrefer, EncryptionOff, plane.Plain},
		{EncryptionPrefer, EncryptionAllow, plane.HeaderOnly},
		{EncryptionPrefer, EncryptionPrefer, plane.RC4},
		{EncryptionPrefer, EncryptionRequire, plane.RC4},
		{EncryptionRequire, EncryptionOff, never},
		{EncryptionRequire, EncryptionAllow, plane.RC4},
		{EncryptionRequire, EncryptionPrefer, plane.RC4},
		{EncryptionRequire, EncryptionRequire, plane.RC4},
	} {
		t.Run(policyNames[test.out]+" to "+policyNames[test.in], func(t *testing.T) {
			t.Parallel()
			from, to := newEnd(t, Config{Policy: test.out}), newEnd(t, Config{Policy: test.in})
			out, in, err := connect(t, from, to)
			if test.want == never {
				if err == nil {
					t.Fatal("connected")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			exchange(t, [2]*end{from, to}, [2]net.Conn{out, in}, test.want)
		})
	}
}

func exchange(t *testing.T, ends [2]*end, conns [2]net.Conn, want plane.Encryption) {
	bitfield := frame(Bitfield, 0xf0)
	write(t, conns[0], bitfield)
	write(t, conns[1], bitfield)
	data := noise(1<<20 + 7)
	var peers [2]*peer
	for i, e := range ends {
		peers[i] = e.peer(t)
		info := peers[i].c.Info()
		if info.Encryption != want || info.Outgoing != (i == 0) || info.InfoHash != testHash || !info.Fast || !info.Extended || !info.DHT {
			t.Errorf("%+v", info)
		}
		if id := "io"[i]; info.PeerID[0] != id || info.PeerID[19] != id {
			t.Errorf("peer ID %q", info.PeerID)
		}
		peers[i].c.Send(Message{Kind: Unchoke})
		peers[i].give(data)
	}
	for i, p := range peers {
		p.until(t, "the data", func() bool { return len(p.data) == len(data) && len(p.msgs) >= 2 })
		if !bytes.Equal(p.data, data) || p.last != (len(data)+16<<10-1)/(16<<10) {
			t.Error("other data")
		}
		if !slices.Equal(p.kinds(), []Kind{Bitfield, Unchoke}) || p.msgs[0].Bits[0] != 0xf0 {
			t.Errorf("%v", p.msgs)
		}
		if got := readFrame(t, conns[i]); !bytes.Equal(got, bitfield) {
			t.Errorf("the library got %x", got)
		}
	}
	conns[0].Close()
	for _, p := range peers {
		<-p.left
		checkCounters(t, p.c, int64(len(data)))
	}
	_, _ = io.ReadAll(conns[1]) // the library hears of the end, as io.EOF or else
	for _, e := range ends {
		if n := e.pool.InUse(); n != 0 {
			t.Errorf("%d buffers are in use", n)
		}
	}
}

func TestUnknownTorrent(t *testing.T) {
	to := newEnd(t, Config{Registry: registry{hash: [20]byte{7}}})
	for _, p := range []Policy{EncryptionOff, EncryptionRequire} {
		from := newEnd(t, Config{Policy: p})
		if _, _, err := connect(t, from, to); err == nil {
			t.Errorf("%s: connected", policyNames[p])
		}
	}
	from := newEnd(t, Config{Registry: registry{hash: [20]byte{7}}})
	if _, _, err := connect(t, from, newEnd(t, Config{})); !errors.Is(err, errUnknown) && err == nil {
		t.Error("dialled for an unknown torrent")
	}
}

func TestAddresses(t *testing.T) {
	e := newEnd(t, Config{})
	if len(e.Dialers()) != len(e.Listeners()) || e.Dialers()[0].DialerNetwork() != "tcp4" {
		t.Errorf("%d dialers", len(e.Dialers()))
	}
	for _, addr := range []string{"192.0.2.1:1", "[::1]:1", "localhost:1", "127.0.0.1"} {
		if _, err := e.Dialers()[0].Dial(t.Context(), addr); err == nil {
			t.Errorf("dialled %s", addr)
		}
	}
	if got := e.Listeners()[0].Addr().String(); got != fmt.Sprintf("127.0.0.1:%d", e.Port()) {
		t.Errorf("listens on %s", got)
	}
}

// packets is a transport that is not TCP to anybody who looks.
type packets struct{ net.Listener }

func (p packets) Accept() (net.Conn, error) {
	c, err := p.Listener.Accept()
	return struct{ net.Conn }{c}, err
}

func (p packets) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp4", addr)
	return struct{ net.Conn }{c}, err
}

// TestAttach runs the same over a socket of another kind.
func TestAttach(t *testing.T) {
	var ends [2]*end
	for i := range ends {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		e := newEnd(t, Config{Policy: EncryptionPrefer})
		e.Attach(packets{l}, "udp4")
		slices.Reverse(e.listeners) // connect takes the first
		slices.Reverse(e.dialers)
		ends[i] = e
	}
	out, in, err := connect(t, ends[0], ends[1])
	if err != nil {
		t.Fatal(err)
	}
	if got := ends[0].Dialers()[0].DialerNetwork(); got != "udp4" {
		t.Errorf("dials over %s", got)
	}
	exchange(t, ends, [2]net.Conn{out, in}, plane.RC4)
}

// checkCounters expects payload in both directions, and everything else apart.
func checkCounters(t *testing.T, c *Conn, payload int64) {
	t.Helper()
	in, out := c.Counters()
	overIn, overOut := c.Overhead()
	if in-overIn != payload || out-overOut != payload {
		t.Errorf("payload of %d and %d bytes, not %d", in-overIn, out-overOut, payload)
	}
	const least = 68 + 5 // handshake, Unchoke
	if heads := (payload + 16<<10 - 1) / (16 << 10) * pieceHead; overIn < least+heads || overOut < least+heads {
		t.Errorf("%d and %d bytes are no payload", overIn, overOut)
	}
}
