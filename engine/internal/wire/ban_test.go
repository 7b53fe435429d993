package wire

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

func TestCulprit(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"1.2.3.4:5", "1.2.3.4:0"},
		{"[::ffff:1.2.3.4]:5", "1.2.3.4:0"},
		{"10.0.0.1:5", "10.0.0.1:0"},
		{"127.0.0.1:5", "127.0.0.1:5"},
		{"127.0.0.2:5", "127.0.0.2:0"},
		{"[::1]:5", "[::1]:5"},
		{"[2001:db8:1:2:3:4:5:6]:5", "[2001:db8:1:2::]:0"},
		{"[fe80::1%eth0]:5", "[fe80::1]:0"},
		{"[fd00::1:2]:5", "[fd00::1:2]:0"},
	}
	for _, test := range tests {
		if got := Culprit(netip.MustParseAddrPort(test.addr)); got.String() != test.want {
			t.Errorf("of %s, %s is banned, not %s", test.addr, got, test.want)
		}
	}
}

// Whoever is banned loses all connections, and is refused in both directions
// before any handshake, until the ban ends.
func TestBan(t *testing.T) {
	us, good := newEnd(t, Config{}), newEnd(t, Config{})
	bad := newEnd(t, Config{Listen: netip.MustParseAddrPort("127.0.0.9:0")})
	join := func(from *end) *peer {
		_, in, err := connect(t, from, us)
		if err != nil {
			t.Fatal(err)
		}
		write(t, in, frame(HaveNone))
		return us.peer(t)
	}
	kept, lost := join(good), join(bad)
	half, err := net.DialTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: us.Port()})
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	awaitOpen(t, us, 3)

	us.Ban(lost.c.Info().Addr)
	if err := <-lost.left; !errors.Is(err, ErrBanned) {
		t.Errorf("it left because %v", err)
	}
	ended(t, half)
	if _, err := us.Dialers()[0].Dial(t.Context(), "127.0.0.9:"+strconv.Itoa(bad.Port())); !errors.Is(err, ErrBanned) {
		t.Errorf("dialled it: %v", err)
	}
	if _, _, err := connect(t, bad, us); err == nil {
		t.Error("it connected once more")
	}
	if kept.c.ctx.Err() != nil {
		t.Error("somebody else was closed, too")
	}
	us.Unban(netip.MustParseAddrPort("127.0.0.9:1"))
	if _, _, err := connect(t, bad, us); err != nil {
		t.Errorf("not even without the ban: %v", err)
	}
}

// awaitOpen waits until an end has so many connections, half-open ones included.
func awaitOpen(t *testing.T, e *end, want int) {
	t.Helper()
	late := time.Now().Add(10 * time.Second)
	for tick := time.NewTicker(time.Millisecond); ; <-tick.C {
		e.mu.Lock()
		n := len(e.conns)
		e.mu.Unlock()
		if n == want {
			tick.Stop()
			return
		}
		if time.Now().After(late) {
			t.Fatalf("%d connections are open, not %d", n, want)
		}
	}
}

// ended waits until the other side has closed c.
func ended(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for b := make([]byte, 1024); ; {
		if _, err := c.Read(b); err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				t.Fatal("it is still open")
			}
			return
		}
	}
}

func TestBansAreBounded(t *testing.T) {
	var b bans
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 0)
	}
	for i := range 2 * MaxBans {
		b.add(at(i))
		b.add(at(i))
	}
	if len(b.of) != MaxBans || len(b.order) != MaxBans {
		t.Errorf("%d and %d bans", len(b.of), len(b.order))
	}
	if b.has(at(MaxBans-1)) || !b.has(at(MaxBans)) {
		t.Error("not the oldest were forgotten")
	}
}
