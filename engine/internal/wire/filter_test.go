package wire

import (
	"errors"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"
)

// Who is refused can neither connect nor be dialled, and is thrown out when that
// begins while he is connected.
func TestRefuses(t *testing.T) {
	var on atomic.Bool
	us := newEnd(t, Config{Refuses: func(ip netip.Addr) bool { return on.Load() && ip.IsLoopback() }})
	them := newEnd(t, Config{})
	_, in, err := connect(t, them, us)
	if err != nil {
		t.Fatal(err)
	}
	write(t, in, frame(HaveNone))
	p := us.peer(t)
	on.Store(true)
	us.Refilter()
	select {
	case err := <-p.left:
		if !errors.Is(err, ErrFiltered) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it is still connected")
	}
	if _, err := us.Dialers()[0].Dial(t.Context(), them.Listeners()[0].Addr().String()); !errors.Is(err, ErrFiltered) {
		t.Errorf("dial: %v", err)
	}
	if _, _, err := connect(t, them, us); err == nil {
		t.Error("it may connect")
	}
}

func TestPublic(t *testing.T) {
	for ip, want := range map[string]bool{
		"8.8.8.8": true, "2a00::1": true, "::ffff:8.8.8.8": true, "127.0.0.1": false, "::1": false, "10.1.2.3": false, "192.168.1.1": false,
		"172.16.0.1": false, "100.64.0.1": false, "100.128.0.1": true, "169.254.1.1": false, "fe80::1": false, "fd00::1": false, "0.0.0.0": false,
		"224.0.0.1": false, "::ffff:10.0.0.1": false,
	} {
		if got := public(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s is public: %t", ip, got)
		}
	}
	var n Net
	n.reach(netip.MustParseAddr("127.0.0.1"))
	if v4, v6 := n.Reached(); !v4.IsZero() || !v6.IsZero() {
		t.Errorf("reached at %v and %v", v4, v6)
	}
	n.reach(netip.MustParseAddr("2a00::1"))
	if v4, v6 := n.Reached(); !v4.IsZero() || time.Since(v6) > time.Minute {
		t.Errorf("reached at %v and %v", v4, v6)
	}
}
