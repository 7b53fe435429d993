package swarm

import (
	"bytes"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

// freePort returns a port of 127.0.0.1 that is free for TCP and UDP.
func freePort(t *testing.T) uint16 {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		at := l.Addr().(*net.TCPAddr).AddrPort()
		l.Close()
		if pc, err := net.ListenPacket("udp4", at.String()); err == nil {
			pc.Close()
			return at.Port()
		}
	}
	t.Fatal("no port is free")
	return 0
}

// When the port changes, TCP and UDP go there, the old one is free again, and uTP and
// the DHT, which know nothing of it, go on.
func TestRebind(t *testing.T) {
	c, err := New(Config{Loopback: true, UTP: true, Listen: netip.MustParseAddrPort("127.0.0.1:0")})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	before := uint16(c.Port())
	port := freePort(t)
	if err := c.Rebind(port); err != nil {
		t.Fatal(err)
	}
	for _, pc := range c.udp {
		if got := pc.LocalAddr().(*net.UDPAddr).Port; got != int(port) {
			t.Errorf("UDP is on port %d, want %d", got, port)
		}
	}
	for _, l := range c.net.Listeners() {
		if at, _ := netip.ParseAddrPort(l.Addr().String()); at.Port() != port {
			t.Errorf("a listener is at %v, want port %d", at, port)
		}
	}
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), before).String()
	if l, err := net.Listen("tcp4", at); err != nil {
		t.Errorf("the old port is held for TCP: %v", err)
	} else {
		l.Close()
	}
	if pc, err := net.ListenPacket("udp4", at); err != nil {
		t.Errorf("the old port is held for UDP: %v", err)
	} else {
		pc.Close()
	}
	taken, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if err := c.Rebind(uint16(taken.LocalAddr().(*net.UDPAddr).Port)); err == nil || c.Port() != int(port) {
		t.Errorf("port %d, error %v", c.Port(), err)
	}
}

// A leech that dials over uTP gets its torrent from a seed after both ports have
// changed.
func TestRebindUTP(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	raw, data := sample(t, from, 9, testLength)
	seed, leech := newSide(t, Config{UTP: true}), newSide(t, Config{UTP: true, DialUTPOnly: true})
	seed.run(t, from, raw, true)
	for _, s := range []*side{seed, leech} {
		if err := s.Rebind(freePort(t)); err != nil {
			t.Fatal(err)
		}
	}
	leech.run(t, to, raw, false, seed.at("127.0.0.1"))
	await(t, func() bool { return leech.disk.Have().All() })
	if got, err := os.ReadFile(filepath.Join(to, "data")); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the data differs: %v", err)
	}
}
