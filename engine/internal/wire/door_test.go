package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

// knock opens a connection to an end from an address, and says nothing.
func knock(t *testing.T, to *end, from string) net.Conn {
	t.Helper()
	c, err := net.DialTCP("tcp4", &net.TCPAddr{IP: net.ParseIP(from)}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: to.Port()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Those who open connections and say nothing lose them to others who come, the
// crowded host its own first.
func TestSlowHandshakesGiveWay(t *testing.T) {
	e := newEnd(t, Config{Caps: Caps{HalfOpen: 6}})
	var quiet []net.Conn
	for _, from := range []string{"127.0.0.2", "127.0.0.3", "127.0.0.3", "127.0.0.3", "127.0.0.3", "127.0.0.3"} {
		quiet = append(quiet, knock(t, e, from))
		awaitOpen(t, e, len(quiet))
	}
	knock(t, e, "127.0.0.4")
	ended(t, quiet[1]) // the oldest of the host that has five
	knock(t, e, "127.0.0.5")
	ended(t, quiet[0]) // no host has a crowd any more: the oldest of all
	for _, i := range []int{2, 3, 4, 5} {
		quiet[i].SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := quiet[i].Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("connection %d: %v", i, err)
		}
	}
}

// sparing is a registry that gives up one of those who joined, a few times.
type sparing struct {
	registry
	spare func(incoming bool) bool
}

func (s sparing) Spare(incoming bool) bool { return s.spare(incoming) }

// When all places are taken, a new connection gets one that somebody else gives
// up, or none; and dialling pauses.
func TestTotal(t *testing.T) {
	joined := make(chan *peer, 10)
	var asked []bool
	r := sparing{registry: registry{testHash, planeFunc(func(c *Conn) Peer {
		p := newPeer(c)
		joined <- p
		return p
	})}}
	r.spare = func(incoming bool) bool {
		if asked = append(asked, incoming); len(asked) > 1 {
			return false
		}
		p := <-joined
		p.c.Close(nil)
		return true
	}
	us := newEnd(t, Config{Registry: r, Caps: Caps{Total: 1}})
	them := newEnd(t, Config{})
	come := func() net.Conn {
		_, in, err := connect(t, them, us)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = in.Write(frame(HaveNone)) // it may be closed already
		return in
	}
	come()
	for len(joined) == 0 {
		time.Sleep(time.Millisecond)
	}
	come() // in place of the first
	for len(joined) == 0 {
		time.Sleep(time.Millisecond)
	}
	if in := come(); in.(*control).c.ctx.Err() == nil {
		t.Error("one too many was let in")
	}
	if _, _, err := connect(t, us, them); err == nil {
		t.Error("one too many was dialled")
	}
	if !slices.Equal(asked, []bool{true, true, false}) {
		t.Errorf("for a place it was asked %v", asked)
	}
	addr := "127.0.0.1:" + strconv.Itoa(them.Port())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := us.Dialers()[0].Dial(ctx, addr); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it goes on dialling: %v", err)
	}
	(<-joined).c.Close(nil)
	if _, err := us.Dialers()[0].Dial(t.Context(), addr); err != nil {
		t.Errorf("now that there is room: %v", err)
	}
}

// Whoever breaks the rules is refused for a while; a failed handshake or two are
// no reason.
func TestOffenders(t *testing.T) {
	e := newEnd(t, Config{Timeouts: Timeouts{Handshake: 200 * time.Millisecond}})
	refused := func(from string) bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.refuses(netip.MustParseAddrPort(from+":1")) != nil
	}
	for i := range strikesOut {
		if refused("127.0.0.2") {
			t.Fatalf("refused after %d failures", i)
		}
		c := knock(t, e, "127.0.0.2")
		c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		ended(t, c)
		awaitOpen(t, e, 0)
	}
	if !refused("127.0.0.2") {
		t.Error("one who never shakes hands is let in again and again")
	}
	ended(t, knock(t, e, "127.0.0.2"))

	bad := newEnd(t, Config{Listen: netip.MustParseAddrPort("127.0.0.3:0")})
	_, in, err := connect(t, bad, e)
	if err != nil {
		t.Fatal(err)
	}
	write(t, in, frame(HaveNone))
	p := e.peer(t)
	e.resent(netip.MustParseAddrPort("127.0.0.4:1"), 1)
	socket := *bad.peerConn(t).socket.Load()
	socket.Write([]byte{255, 0, 0, 0, 7, 0, 0, 0, 0})
	<-p.left
	if !refused("127.0.0.3") || refused("127.0.0.4") {
		t.Error("not who broke the rules is refused")
	}
	e.mu.Lock()
	bad3 := Culprit(netip.MustParseAddrPort("127.0.0.3:1"))
	e.strikes[bad3] = strikes{strikesOut, time.Now().Add(-time.Second)}
	e.mu.Unlock()
	if refused("127.0.0.3") {
		t.Error("it is never forgotten")
	}
	for i := range 2 * MaxBans {
		e.resent(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), 1)
	}
	if n := len(e.strikes); n > MaxBans {
		t.Errorf("%d are remembered", n)
	}
}

// peerConn returns the connection that an end has.
func (e *end) peerConn(t *testing.T) *Conn {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for c := range e.conns {
		return c
	}
	t.Fatal("there is none")
	return nil
}

// Nobody is dialled while all places are taken, until backOff after the last who was
// in vain; then the next may try.
func TestBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &door{caps: Caps{Total: 1}}
		dial := func() (*slot, time.Duration) {
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			s, err := d.dial(ctx, netip.MustParseAddr("127.0.0.2"))
			if err != nil {
				t.Fatal(err)
			}
			return s, time.Since(start)
		}
		nobody := func() bool { return false }
		first, _ := dial()
		if !first.settle(nobody) {
			t.Fatal("there was room")
		}
		second, took := dial()
		if took != 0 || second.settle(nobody) {
			t.Fatalf("one too many, after %v", took)
		}
		second.release()
		if third, took := dial(); took < backOff || took > backOff+time.Second || third.settle(nobody) {
			t.Errorf("the next was dialled after %v, want %v", took, backOff)
		}
	})
}
