package wire

import (
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"piecewise/engine/internal/route"
)

// When the port changes, connections go on, the old port is closed, the same
// Listener hands out who comes to the new one, and the same Dialer dials.
func TestRebind(t *testing.T) {
	us, them := newEnd(t, Config{}), newEnd(t, Config{})
	join := func() *peer {
		_, in, err := connect(t, them, us)
		if err != nil {
			t.Fatal(err)
		}
		write(t, in, frame(HaveNone))
		return us.peer(t)
	}
	before, old := us.Port(), join()
	l := us.Listeners()[0]
	if err := us.Rebind(netip.MustParseAddrPort("127.0.0.1:0")); err != nil {
		t.Fatal(err)
	}
	if us.Port() == before || l.Addr().(*net.TCPAddr).Port != us.Port() || us.Listeners()[0] != l {
		t.Errorf("port %d, then %d and %v", before, us.Port(), l.Addr())
	}
	if c, err := net.DialTimeout("tcp4", "127.0.0.1:"+strconv.Itoa(before), time.Second); err == nil {
		c.Close()
		t.Error("the old port is open")
	}
	join() // at the new port
	if old.c.ctx.Err() != nil {
		t.Error("the old connection was closed")
	}
	if err := us.Rebind(netip.MustParseAddrPort("10.0.0.1:0")); err == nil {
		t.Error("it may leave this machine")
	}
	if err := us.Rebind(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(them.Port()))); err == nil {
		t.Error("it took a port that is taken")
	}
	now := us.Port()
	if join(); us.Port() != now {
		t.Errorf("port %d, then %d, though nothing was changed", now, us.Port())
	}
	if _, _, err := connect(t, us, them); err != nil {
		t.Errorf("dial: %v", err)
	}
}

// When another address is to be used, what is open is closed, and peers see us come from
// there.
func TestPolicyDials(t *testing.T) {
	way := route.New(route.Config{Loopback: true})
	us, them := newEnd(t, Config{Route: way}), newEnd(t, Config{})
	_, in, err := connect(t, us, them)
	if err != nil {
		t.Fatal(err)
	}
	write(t, in, frame(HaveNone))
	before := them.peer(t)
	way.SetPolicy(route.Policy{Address: netip.MustParseAddr("127.0.0.5")})
	select {
	case <-before.left:
	case <-time.After(time.Minute):
		t.Error("the old connection goes on")
	}
	_, in, err = connect(t, us, them)
	if err != nil {
		t.Fatal(err)
	}
	if from := in.RemoteAddr().(*net.TCPAddr).IP.String(); from != "127.0.0.5" {
		t.Errorf("dialled from %v", from)
	}
}
