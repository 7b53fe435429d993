package route

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"
)

var here = netip.MustParseAddr("127.0.0.1")

// machine is a machine whose interfaces the test has.
type machine struct {
	mu    sync.Mutex
	links []link
}

func (m *machine) set(links ...link) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.links = links
}

func (m *machine) list() ([]link, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.links, nil
}

var tunnel = link{name: "wg0", index: 7, up: true, loopback: true, addrs: []netip.Addr{here}}

// bound returns a Route that is bound to the interface of a machine.
func bound(t *testing.T) (*Route, *machine) {
	t.Helper()
	m := &machine{links: []link{tunnel}}
	r := New(Config{Loopback: true})
	r.links = m.list
	r.SetPolicy(Policy{Interface: "wg0"})
	return r, m
}

// echo answers on a port with what it gets, over TCP and UDP.
func echo(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr).AddrPort()
	pc, err := net.ListenPacket("udp4", at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); pc.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { io.Copy(c, c); c.Close() }()
		}
	}()
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(b)
			if err != nil {
				return
			}
			pc.WriteTo(b[:n], from)
		}
	}()
	return at
}

func say(c net.Conn, text string) (string, error) {
	b := make([]byte, 100)
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := c.Write([]byte(text)); err != nil {
		return "", err
	}
	n, err := c.Read(b)
	return string(b[:n]), err
}

// While the interface is gone nothing is dialled, what was open is closed, and the
// reason is told; when it is back, so is the way, and sockets that listen are as well.
func TestKillSwitch(t *testing.T) {
	r, m := bound(t)
	told := make(chan State, 100)
	defer r.Notify(func() { told <- r.State() })()
	at := echo(t)
	peer, err := r.DialPeer(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	tracker, err := r.Dial(t.Context(), "udp", at.String(), Tracker)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{peer, tracker} {
		if got, err := say(c, "hello"); got != "hello" || err != nil {
			t.Errorf("answer %q, %v", got, err)
		}
	}
	l, err := r.ListenTCP(netip.AddrPortFrom(here, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	accepted := make(chan net.Conn, 10)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()

	for _, gone := range []struct {
		links []link
		why   string
	}{
		{nil, "wg0 is gone: nothing leaves"},
		{[]link{{name: "wg0", index: 7, addrs: tunnel.addrs}}, "wg0 is down: nothing leaves"},
		{[]link{{name: "wg0", index: 7, up: true}}, "wg0 has no address: nothing leaves"},
	} {
		m.set(gone.links...)
		r.refresh()
		if s := r.State(); s.Closed != gone.why || s.Bound != "wg0" {
			t.Errorf("the state is %+v, want %q", s, gone.why)
		}
		if s := <-told; s.Closed != gone.why {
			t.Errorf("told of %+v", s)
		}
		var closed *ClosedError
		if _, err := r.DialPeer(t.Context(), at); !errors.As(err, &closed) || closed.Reason != gone.why {
			t.Errorf("dial: %v", err)
		}
		if _, err := r.Resolve(t.Context(), "localhost", Tracker); !errors.As(err, &closed) {
			t.Errorf("resolve: %v", err)
		}
		if _, err := net.DialTimeout("tcp4", l.Addr().String(), time.Second); err == nil {
			t.Error("it listens")
		}
	}
	for _, c := range []net.Conn{peer, tracker} {
		if _, err := say(c, "hello"); !errors.Is(err, net.ErrClosed) {
			t.Errorf("what was open is not closed: %v", err)
		}
	}

	m.set(tunnel)
	r.refresh()
	if s := <-told; s.Closed != "" {
		t.Errorf("told of %+v", s)
	}
	if peer, err = r.DialPeer(t.Context(), at); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	var in net.Conn
	await(t, "it listens again", func() bool {
		in, err = net.DialTimeout("tcp4", l.Addr().String(), time.Second)
		return err == nil
	})
	defer in.Close()
	c := <-accepted
	again := tunnel
	again.index = 8 // another one by that name
	m.set(again)
	r.refresh()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("what was accepted on the old interface: %v", err)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for: %s", what)
		}
	}
}

// A dial that is under way ends when the way is not allowed any more.
func TestChangeEndsDials(t *testing.T) {
	r, m := bound(t)
	silent, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(netip.AddrPortFrom(here, 0)))
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	at := silent.Addr().(*net.TCPAddr).AddrPort()
	r.SetPolicy(Policy{Interface: "wg0", Proxy: Proxy{Kind: SOCKS5, Address: at.String(), Peers: true}})
	failed := make(chan error)
	go func() {
		_, err := r.DialPeer(context.Background(), netip.MustParseAddrPort("127.0.0.9:9"))
		failed <- err
	}()
	c, err := silent.Accept() // the proxy says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	m.set()
	r.refresh()
	select {
	case err := <-failed:
		if err == nil {
			t.Error("it was dialled")
		}
	case <-time.After(time.Minute):
		t.Error("the dial goes on")
	}
}

// A UDP socket outlives changes of the way, on the same port; in between what is
// written fails.
func TestPacketsOutliveChanges(t *testing.T) {
	r, m := bound(t)
	at := echo(t)
	p, err := r.ListenUDP(netip.AddrPortFrom(here, 0))
	if err != nil {
		t.Fatal(err)
	}
	port := p.LocalAddr().String()
	got := make(chan string, 100)
	ended := make(chan error, 1)
	go func() {
		b := make([]byte, 100)
		for {
			n, _, err := p.ReadFrom(b)
			if err != nil {
				ended <- err
				return
			}
			got <- string(b[:n])
		}
	}()
	to := net.UDPAddrFromAddrPort(at)
	exchange := func(text string) {
		t.Helper()
		await(t, text, func() bool {
			p.WriteTo([]byte(text), to)
			select {
			case s := <-got:
				return s == text
			case <-time.After(50 * time.Millisecond):
				return false
			}
		})
	}
	exchange("before")
	m.set()
	r.refresh()
	if _, err := p.WriteTo([]byte("leak"), to); err == nil {
		t.Error("a packet left while the interface was gone")
	}
	m.set(tunnel)
	r.refresh()
	exchange("after")
	if p.LocalAddr().String() != port {
		t.Errorf("it is on %v, and was on %s", p.LocalAddr(), port)
	}
	if err := p.Rebind(netip.AddrPortFrom(here, 0)); err != nil {
		t.Fatal(err)
	}
	exchange("elsewhere")
	if p.LocalAddr().String() == port {
		t.Error("it did not move")
	}
	if err := p.Rebind(at); err == nil {
		t.Error("it took a port that is taken")
	}
	exchange("still there")
	for _, never := range []string{"8.8.8.8:53", "224.0.0.1:1"} {
		if _, err := p.WriteTo(nil, net.UDPAddrFromAddrPort(netip.MustParseAddrPort(never))); err == nil {
			t.Errorf("sent to %s", never)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// Which way a policy has on a machine.
func TestFind(t *testing.T) {
	a4, a6, other := netip.MustParseAddr("10.8.0.2"), netip.MustParseAddr("2001:db8::2"), netip.MustParseAddr("192.168.1.2")
	ll := netip.MustParseAddr("fe80::1")
	links := []link{
		{name: "eth0", index: 2, up: true, addrs: []netip.Addr{other}},
		{name: "wg0", index: 3, up: true, addrs: []netip.Addr{ll, a4, a6}},
		{name: "wg1", index: 4, up: true, addrs: []netip.Addr{ll}},
		{name: "lo", index: 1, up: true, loopback: true, addrs: []netip.Addr{here}},
	}
	for _, c := range []struct {
		policy  Policy
		capable bool
		device  string
		from    [2]end
		closed  string
	}{
		{Policy{}, true, "", [2]end{}, ""},
		{Policy{Interface: "wg0"}, true, "wg0", [2]end{}, ""},
		{Policy{Interface: "wg0"}, false, "", [2]end{{addr: a4}, {addr: a6}}, ""},
		{Policy{Interface: "eth0"}, true, "eth0", [2]end{{}, {none: true}}, ""},
		{Policy{Address: a4}, true, "wg0", [2]end{{addr: a4}, {addr: a4, none: true}}, ""},
		{Policy{Address: a6}, false, "", [2]end{{addr: a6, none: true}, {addr: a6}}, ""},
		{Policy{Address: here}, true, "", [2]end{{addr: here}, {addr: here, none: true}}, ""},
		{Policy{Interface: "wg0", Address: other}, true, "", [2]end{}, "wg0 has not the address 192.168.1.2: nothing leaves"},
		{Policy{Address: netip.MustParseAddr("10.8.0.3")}, true, "", [2]end{}, "10.8.0.3 is gone: nothing leaves"},
		{Policy{Interface: "wg1"}, true, "", [2]end{{none: true}, {none: true}}, "wg1 has no address: nothing leaves"},
		{Policy{Closed: "it is not known what may"}, true, "", [2]end{}, "it is not known what may"},
		{Policy{Proxy: Proxy{Kind: SOCKS5, Address: "nowhere"}}, true, "", [2]end{}, "the proxy has no valid address"},
	} {
		w := find(c.policy, links, &way{}, c.capable)
		if w.closed == nil && w.device != c.device || w.closed == nil && w.from != c.from || text(w.closed) != c.closed {
			t.Errorf("%+v: on %q from %+v, closed: %v", c.policy, w.device, w.from, w.closed)
		}
	}
}

// Without a policy sockets come from the address on which we listen.
func TestFrom(t *testing.T) {
	at := echo(t)
	r := New(Config{Loopback: true, From: netip.MustParseAddr("127.0.0.8")})
	c, err := r.DialPeer(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if from := c.LocalAddr().(*net.TCPAddr).IP.String(); from != "127.0.0.8" {
		t.Errorf("it comes from %s", from)
	}
	if _, err := r.DialPeer(t.Context(), netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())); err == nil {
		t.Error("it has no IPv6 address, and uses one")
	}
	if _, err := r.DialPeer(t.Context(), netip.MustParseAddrPort("10.0.0.1:1")); err == nil {
		t.Error("it leaves this machine")
	}
}

// Of several addresses the one that answers is connected to.
func TestRace(t *testing.T) {
	at := echo(t)
	r := New(Config{Loopback: true})
	dead := netip.MustParseAddr("127.0.0.77")
	c, err := r.race(t.Context(), r.now.Load(), "tcp", at.Port(), []netip.Addr{dead, dead, here, dead})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got, err := say(c, "hello"); got != "hello" {
		t.Error(got, err)
	}
	if c, err := r.race(t.Context(), r.now.Load(), "tcp", at.Port(), []netip.Addr{dead, dead}); err == nil {
		c.Close()
		t.Error("the dead answer")
	}
	if got, err := r.Resolve(t.Context(), "localhost", Tracker); err != nil || len(got) == 0 {
		t.Error(got, err)
	}
	if _, err := r.Dial(t.Context(), "tcp", net.JoinHostPort("localhost", strconv.Itoa(int(at.Port()))), Tracker); err != nil {
		t.Error(err)
	}
}
