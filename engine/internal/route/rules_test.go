package route

import (
	"net/netip"
	"net/url"
	"testing"
)

// What an address is, whatever it is wrapped in.
func TestSpaceOf(t *testing.T) {
	for ip, want := range map[string]space{
		"8.8.8.8": global, "2606:4700::1": global, "172.32.0.1": global, "100.128.0.1": global,
		"10.0.0.1": private, "172.16.0.1": private, "172.31.255.255": private, "192.168.1.1": private, "100.64.0.1": private,
		"198.18.0.1": private, "fd00::1": private, "fec0::1": private, "64:ff9b:1::1": private,
		"127.0.0.1": local, "127.255.255.254": local, "::1": local, "169.254.169.254": local, "fe80::1": local, "fe80::1%eth0": local,
		"0.0.0.0": nowhere, "0.1.2.3": nowhere, "224.0.0.1": nowhere, "239.1.2.3": nowhere, "240.0.0.1": nowhere, "255.255.255.255": nowhere,
		"::": nowhere, "ff02::1": nowhere, "100::1": nowhere,
		"::ffff:127.0.0.1": local, "::ffff:10.0.0.1": private, "::ffff:8.8.8.8": global, "::ffff:0.0.0.0": nowhere,
		"64:ff9b::7f00:1": local, "64:ff9b::c0a8:101": private, "64:ff9b::808:808": global, "64:ff9b::e000:1": nowhere,
		"2002:7f00:1::": local, "2002:a9fe:a9fe::1": local, "2002:a00:1::1": private, "2002:808:808::1": global,
		"::7f00:1": local, "::a00:1": private,
		"2001:0:1:2:3:4:80ff:fffe": local, "2001:0:1:2:3:4:f7f7:f7f7": global,
	} {
		if got := spaceOf(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s is in space %d, want %d", ip, got, want)
		}
	}
	if spaceOf(netip.Addr{}) != nowhere {
		t.Error("the zero address is somewhere")
	}
}

func TestSpaceNamed(t *testing.T) {
	for host, want := range map[string]space{
		"10.0.0.1": private, "fd00::1": private, "::ffff:192.168.0.1": private, "nas": private, "nas.local": private, "NAS.LAN.": private,
		"x.home.arpa": private, "lan": private, "local.": private,
		"8.8.8.8": global, "tracker.example.org": global, "evil.local.example.org": global,
		"3232235777": global, "0x0a000001": global, "10.1": global,
		"127.0.0.1": local, "::1": local, "localhost": local, "LocalHost.": local, "x.localhost": local,
	} {
		if got := spaceNamed(host); got != want {
			t.Errorf("%q names space %d, want %d", host, got, want)
		}
	}
}

// Which address may be connected to for what, given how it was named.
func TestAddressRules(t *testing.T) {
	for _, c := range []struct {
		to       Purpose
		host, ip string
		ok       bool
	}{
		{Tracker, "tracker.example", "8.8.8.8", true},
		{Tracker, "tracker.example", "127.0.0.1", false},
		{Tracker, "127.0.0.1", "127.0.0.1", false},
		{Tracker, "localhost", "::1", false},
		{Tracker, "tracker.example", "169.254.169.254", false},
		{Tracker, "tracker.example", "10.0.0.1", false},
		{Tracker, "tracker.example", "::ffff:10.0.0.1", false},
		{Tracker, "10.0.0.1", "10.0.0.1", true},
		{WebSeed, "nas.local", "192.168.1.9", true},
		{WebSeed, "nas.local", "127.0.0.1", false},
		{WebSeed, "seed.example", "2002:a00:1::", false},
		{WebSeed, "seed.example", "64:ff9b::7f00:1", false},
		{WebSeed, "seed.example", "224.0.0.1", false},
		{Metainfo, "site.example", "192.168.0.1", false},
		{Metainfo, "site.example", "127.0.0.1", false},
		{Metainfo, "nas", "127.0.0.1", false},
		{Metainfo, "localhost", "127.0.0.1", true},
		{Metainfo, "127.0.0.1", "127.0.0.1", true},
		{Metainfo, "0.0.0.0", "0.0.0.0", false},
		{Peer, "127.0.0.1", "127.0.0.1", true},
		{Peer, "192.168.1.2", "192.168.1.2", true},
		{Peer, "224.0.0.1", "224.0.0.1", false},
		{Peer, "::ffff:255.255.255.255", "::ffff:255.255.255.255", false},
		{DHT, "0.0.0.0", "0.0.0.0", false},
		{Router, "192.168.1.1", "192.168.1.1", true},
		{Router, "fe80::1", "fe80::1", true},
		{Router, "8.8.8.8", "8.8.8.8", false},
		{Router, "127.0.0.1", "127.0.0.1", false},
	} {
		err := rules{}.address(c.to, c.host, netip.MustParseAddr(c.ip))
		if (err == nil) != c.ok {
			t.Errorf("purpose %d, %s at %s: %v", c.to, c.host, c.ip, err)
		}
		on := rules{loopback: true}.address(c.to, c.host, netip.MustParseAddr(c.ip))
		if want := netip.MustParseAddr(c.ip).IsLoopback(); (on == nil) != want {
			t.Errorf("on this machine only, purpose %d, %s at %s: %v", c.to, c.host, c.ip, on)
		}
	}
}

// A URL leads into a local network only from the start, and a tracker's only by its path.
func TestLinkRules(t *testing.T) {
	for _, c := range []struct {
		to     Purpose
		link   string
		before []string
		ok     bool
	}{
		{Tracker, "http://t.example/anything", nil, true},
		{Tracker, "http://10.0.0.1/announce", nil, true},
		{Tracker, "http://10.0.0.1/key/announce.php?x=1", nil, true},
		{Tracker, "http://10.0.0.1/scrape", nil, true},
		{Tracker, "http://10.0.0.1/admin/reboot", nil, false},
		{Tracker, "http://10.0.0.1/announce/../reboot", nil, false},
		{Tracker, "http://nas.local/", nil, false},
		{Tracker, "udp://10.0.0.1:6969", nil, true},
		{Tracker, "udp://10.0.0.1:6969/other", nil, false},
		{Tracker, "http://10.0.0.1/announce", []string{"t.example"}, false},
		{Tracker, "http://10.0.0.1/announce", []string{"10.0.0.2"}, true},
		{Tracker, "http://10.0.0.1/announce", []string{"10.0.0.2", "t.example"}, false},
		{Tracker, "http://t.example/announce", []string{"10.0.0.2"}, true},
		{WebSeed, "http://10.0.0.1/file", nil, true},
		{WebSeed, "http://router/file", []string{"seed.example"}, false},
		{Metainfo, "http:///file", nil, false},
		{Metainfo, "http://localhost/file", nil, true},
		{Metainfo, "http://localhost/file", []string{"site.example"}, false},
		{Metainfo, "http://localhost/file", []string{"nas"}, false},
		{WebSeed, "http://127.0.0.1/file", []string{"seed.example"}, false},
	} {
		u, err := url.Parse(c.link)
		if err != nil {
			t.Fatal(err)
		}
		if err := (rules{}).link(c.to, u, c.before); (err == nil) != c.ok {
			t.Errorf("purpose %d, %s after %q: %v", c.to, c.link, c.before, err)
		}
	}
}

// Through a proxy names are not resolved here, so those are refused that mean the proxy.
func TestUnresolvedRules(t *testing.T) {
	for host, ok := range map[string]bool{
		"tracker.example": true, "localhost": false, "a.localhost.": false, "127.0.0.1": false, "8.8.8.8": true, "10.0.0.1": true, "::1": false,
	} {
		if err := (rules{}).unresolved(Tracker, host); (err == nil) != ok {
			t.Errorf("%s: %v", host, err)
		}
	}
	for host, ok := range map[string]bool{"localhost": true, "127.0.0.1": true, "tracker.example": false, "8.8.8.8": false} {
		if err := (rules{loopback: true}).unresolved(Tracker, host); (err == nil) != ok {
			t.Errorf("on this machine only, %s: %v", host, err)
		}
	}
}
