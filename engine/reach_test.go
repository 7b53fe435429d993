package engine

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/dht"
	"piecewise/engine/internal/portmap"
)

func TestReach(t *testing.T) {
	since := noonUTC
	mapped := portmap.Status{State: portmap.Mapped, Method: "PCP", TCP: 600, UDP: 600, External: netip.MustParseAddr("8.8.8.8")}
	other, nat := mapped, mapped
	other.TCP, nat.External = 700, netip.MustParseAddr("10.0.0.1")
	failed := portmap.Status{State: portmap.Failed, Why: "no router answers"}
	hole := failed
	hole.Pinhole = netip.MustParseAddrPort("[2a00::1]:600")
	later := since.Add(time.Minute)
	for _, tt := range []struct {
		name  string
		in    reachIn
		state ReachState
		why   string
		port  int
	}{
		{"somebody came", reachIn{mapping: failed, came4: later}, ReachOpen, "connect, 12:01", 0},
		{"over IPv6 only", reachIn{mapping: failed, came6: later}, ReachOpen, "over IPv4 nobody has yet", 0},
		{"to the port of before", reachIn{mapping: failed, came4: since.Add(-time.Minute)}, ReachClosed, "no router answers", 0},
		{"mapped", reachIn{mapping: mapped}, ReachMapped, "(PCP)", 0},
		{"mapped to another port", reachIn{mapping: other}, ReachMapped, "(PCP)", 700},
		{"mapped by a router behind another", reachIn{mapping: nat}, ReachMapped, "10.0.0.1, is not public", 0},
		{"failed", reachIn{mapping: failed}, ReachClosed, "no router forwards the port: no router answers.", 0},
		{"failed, but the address is public", reachIn{mapping: failed, direct: true}, ReachUnknown, "public address", 0},
		{"IPv6 only", reachIn{mapping: hole}, ReachMapped, "over IPv6 only", 0},
		{"being asked", reachIn{mapping: portmap.Status{State: portmap.Asking}}, ReachUnknown, "being asked", 0},
		{"not asked", reachIn{}, ReachUnknown, "not asked", 0},
		{"may not ask", reachIn{wanted: true, mapping: portmap.Status{Why: "of a proxy"}}, ReachUnknown, "of a proxy.", 0},
		{"loopback", reachIn{loopback: true}, ReachUnknown, "Only this machine", 0},
		{"nothing leaves", reachIn{mapping: mapped, came4: later, closed: "tun0 is gone: nothing leaves"}, ReachClosed, "tun0 is gone", 0},
	} {
		tt.in.port, tt.in.since = 600, since
		if r := tt.in.reach(); r.State != tt.state || !strings.Contains(r.Why, tt.why) || !strings.HasSuffix(r.Why, ".") || r.Port != tt.port {
			t.Errorf("%s: %+v", tt.name, r)
		}
	}
}

var noonUTC = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// announced returns where a node of the DHT says that the one peer of a torrent is.
func announced(t *testing.T, node string, id ID) netip.AddrPort {
	t.Helper()
	found := make(chan netip.AddrPort, 1)
	socket := must[net.PacketConn](t)(net.ListenPacket("udp4", "127.0.0.1:0"))
	defer socket.Close()
	s := dht.New(dht.Config{
		Loopback: true, Port: func(bool) int { return 0 },
		Resolve: func(context.Context, string) ([]netip.AddrPort, error) {
			return []netip.AddrPort{netip.MustParseAddrPort(node)}, nil
		},
		Found: func(_ [20]byte, peers []netip.AddrPort) {
			select {
			case found <- peers[0]:
			default:
			}
		},
	})
	defer s.Close()
	s.Attach(socket)
	s.Set(true, false, []string{node})
	late := time.After(30 * time.Second)
	for again := time.NewTicker(200 * time.Millisecond); ; {
		s.Drop(id)
		s.Want(id, true)
		select {
		case at := <-found:
			again.Stop()
			return at
		case <-late:
			t.Fatal("nobody is found")
		case <-again.C:
		}
	}
}

// A router that answers by NAT-PMP is asked for the port, told when that changes, and
// gets it back at the end; the snapshot and trackers have the port that it gave.
func TestEngineMapsItsPort(t *testing.T) {
	r := newPMPRouter(t)
	cfg := loopbackConfig(t.TempDir(), t.TempDir())
	cfg.NoPortMapping = false
	cfg.gateway, cfg.pmpPort = netip.MustParseAddr("127.0.0.1"), r.port
	node := lonelyNode(t)
	cfg.NoDHT, cfg.DHTNodes = false, []string{node}
	b := launch(t, cfg)
	b.await("the mapping", func(s *Snapshot) bool { return s.Reach.State == ReachMapped })
	if got := b.snap.Reach; got.Mapping != "NAT-PMP" || got.Port != b.snap.Port+1 || got.Address.String() != "198.51.100.7" || got.Told != "the router" {
		t.Errorf("%+v", got)
	}
	b.await("a node", func(s *Snapshot) bool { return s.DHT.Nodes > 0 })
	id := b.add("magnet:?xt=urn:btih:"+strings.Repeat("5", 40), AddOptions{})
	if at := announced(t, node, id); int(at.Port()) != b.snap.Port+1 {
		t.Errorf("the DHT has %v of port %d", at, b.snap.Port)
	}
	var told int
	ok(t, b.do(t.Context(), func(s *state) error {
		told = outerPort(s.reach.mapper, s.control.Port)()
		return nil
	}))
	if told != b.snap.Port+1 {
		t.Errorf("trackers are told port %d of %d", told, b.snap.Port)
	}
	v, first := b.snap.Settings, b.snap.Port
	l := must[net.Listener](t)(net.Listen("tcp4", "127.0.0.1:0"))
	v.Port = l.Addr().(*net.TCPAddr).Port
	ok(t, l.Close())
	ok(t, b.SetSettings(t.Context(), v))
	b.await("another port", func(s *Snapshot) bool { return s.Port != first && s.Reach.Port == s.Port+1 })
	if open := r.open(); len(open) != 2 {
		t.Errorf("mapped are %v", open)
	}
	v = b.snap.Settings
	v.PortMapping = false
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the end of the mapping", func(s *Snapshot) bool { return s.Reach.State == ReachUnknown })
	if open := r.open(); len(open) > 0 {
		t.Errorf("left are %v", open)
	}
	v.PortMapping = true
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the mapping again", func(s *Snapshot) bool { return s.Reach.State == ReachMapped })
	if b.stop(); len(r.open()) > 0 {
		t.Errorf("at the end are left %v", r.open())
	}
}
