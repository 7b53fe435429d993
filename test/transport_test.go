package test

import (
	"net"
	"net/netip"
	"testing"
	"time"
)

// route is a way to another client, which has no other one.
type route struct {
	client   string
	utp, ip6 bool
	short    bool // in the short set too
}

func (r route) String() string {
	name := r.client + " over "
	if r.utp {
		name += "uTP"
	} else {
		name += "TCP"
	}
	if r.ip6 {
		name += " and IPv6"
	}
	return name
}

// Over uTP (BEP 29) and IPv6 peers serve and are served as over TCP and IPv4.
func TestTransports(t *testing.T) {
	d := Make(t, "carried", 32<<10, File{Length: 1_500_000})
	for _, r := range []route{
		{"libtorrent", true, true, true},
		{"libtorrent", false, true, true},
		{"libtorrent", true, false, false},
		{"qbittorrent", true, false, true},
		{"qbittorrent", true, true, false},
		{"qbittorrent", false, true, false},
		{"transmission", true, false, false},
	} {
		t.Run(r.String(), func(t *testing.T) {
			if !r.short && !Full() {
				t.Skip("in the full matrix: PIECEWISE_E2E=full")
			}
			t.Parallel()
			if r.ip6 {
				needIPv6(t)
			}
			torrent := d.Torrent(t, "")
			r.serves(t, d, torrent)
			if r.client != "transmission" { // see TestTransmissionDials
				r.isServed(t, d, torrent)
			}
		})
	}
}

func needIPv6(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6: %v", err)
	}
	l.Close()
}

// options are those of the client at one end.
func (r route) options(t *testing.T, dir, torrent string) PeerOptions {
	o := PeerOptions{Dir: dir, Sources: []string{torrent}, UTP: r.utp}
	if r.ip6 {
		o.Listen = netip.AddrPortFrom(netip.IPv6Loopback(), freePort(t))
	}
	return o
}

func (r route) serves(t *testing.T, d *Data, torrent string) {
	o := r.options(t, d.Dir, torrent)
	o.UpLimit = encryptedRate
	seed := Clients[r.client](t, o)
	seed.Await(t, d, 30*time.Second)
	dir := t.TempDir()
	get := StartGetOnBoth(t, torrent, "--dir", dir, "--peer", seed.Addr().String())
	r.check(t, d, seed)
	get.Finish(t, time.Minute, d)
	d.Compare(t, dir)
	seed.Kill()
}

func (r route) isServed(t *testing.T, d *Data, torrent string) {
	get := StartGetOnBoth(t, torrent, "--dir", d.Dir, "--seed", "--up-limit", "500kB")
	get.Await(t, d, 30*time.Second, func(l Line) bool { return l.Done })
	o := r.options(t, t.TempDir(), torrent)
	if o.Connect = get.Addr; r.ip6 {
		o.Connect = netip.AddrPortFrom(netip.IPv6Loopback(), get.Addr.Port())
	}
	leech := Clients[r.client](t, o)
	r.check(t, d, leech)
	leech.Await(t, d, time.Minute)
	d.Compare(t, o.Dir)
}

// check waits until the other client has a connection, and looks over what.
func (r route) check(t *testing.T, d *Data, p Peer) {
	t.Helper()
	var all []Connection
	Poll(t, time.Minute, r.client+" has a connection", func() bool {
		all = p.Connections(d)
		return len(all) > 0
	})
	for _, c := range all {
		if c.UTP != r.utp {
			t.Errorf("over uTP is %v, want %v", c.UTP, r.utp)
		}
	}
}
