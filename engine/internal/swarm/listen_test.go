package swarm

import (
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"
)

func TestListenLoopback(t *testing.T) {
	for _, c := range []struct {
		listen string
		ok     bool
	}{
		{"127.0.0.1:0", true},
		{"127.1.2.3:0", true},
		{"0.0.0.0:0", true}, // becomes 127.0.0.1
		{"[::1]:0", true},
		{"10.1.2.3:0", false},
		{"[2001:db8::1]:0", false},
	} {
		s, err := listen(netip.MustParseAddrPort(c.listen), true, false)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.listen, err)
		}
		if err != nil {
			continue
		}
		for _, l := range s.listeners {
			if !loopbackAddr(l.Addr().String()) {
				t.Errorf("%s: listens on %v", c.listen, l.Addr())
			}
		}
		s.close()
	}
}

func TestDialLoopback(t *testing.T) {
	s, err := listen(netip.MustParseAddrPort("127.0.0.1:0"), true, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	d := s.dialers[0]
	for _, addr := range []string{"192.0.2.1:80", "[::1]:80", "no address", "127.0.0.1"} {
		if c, err := d.Dial(t.Context(), addr); err == nil {
			c.Close()
			t.Errorf("dialled %s", addr)
		}
	}
	c, err := d.Dial(t.Context(), s.listeners[0].Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if ip := c.LocalAddr().(*net.TCPAddr).IP.String(); ip != "127.0.0.1" {
		t.Errorf("dialled from %s", ip)
	}
}

// TestAcceptAfterError fails an Accept: the library must not hear of it.
func TestAcceptAfterError(t *testing.T) {
	inner := &failingListener{}
	l := &listener{Listener: inner, closed: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := l.Accept()
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("accept: %v", err)
	case <-time.After(250 * time.Millisecond):
	}
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("after close: %v", err)
	}
}

type failingListener struct{ net.Listener }

func (*failingListener) Accept() (net.Conn, error) { return nil, errors.New("too many open files") }
func (*failingListener) Close() error              { return nil }
