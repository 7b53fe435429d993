package swarm

import (
	"net/netip"
	"testing"

	"piecewise/engine/internal/plane"
)

func TestOrigins(t *testing.T) {
	at := netip.MustParseAddrPort
	var o origins
	o.fill(make([]plane.Peer, 1)) // before anything was learned
	o.learn([]netip.AddrPort{at("127.0.0.2:1"), at("[::ffff:127.0.0.3]:1")}, plane.OriginTracker)
	o.learn([]netip.AddrPort{at("127.0.0.4:1"), at("127.0.0.2:1")}, plane.OriginManual)
	o.learn([]netip.AddrPort{at("127.0.0.4:1")}, plane.OriginTracker)
	tests := []struct {
		addr        string
		known, want plane.Origin
	}{
		{"127.0.0.2:1", plane.OriginUnknown, plane.OriginManual},
		{"127.0.0.3:1", plane.OriginUnknown, plane.OriginTracker},
		{"[::ffff:127.0.0.3]:1", plane.OriginUnknown, plane.OriginTracker},
		{"127.0.0.4:1", plane.OriginUnknown, plane.OriginManual},
		{"127.0.0.4:2", plane.OriginUnknown, plane.OriginUnknown},
		{"127.0.0.2:1", plane.OriginIncoming, plane.OriginIncoming},
	}
	for _, tt := range tests {
		peers := []plane.Peer{{Addr: at(tt.addr), Origin: tt.known}}
		if o.fill(peers); peers[0].Origin != tt.want {
			t.Errorf("%s, known as %v: %v, want %v", tt.addr, tt.known, peers[0].Origin, tt.want)
		}
	}
}

func TestOriginsAreBounded(t *testing.T) {
	var o origins
	for port := range uint16(maxOrigins + 500) {
		a := netip.AddrPortFrom(netip.IPv6Loopback(), port+1)
		o.learn([]netip.AddrPort{a}, plane.OriginTracker)
		if o.of[a] != plane.OriginTracker {
			t.Fatalf("the newest, %v, is forgotten", a)
		}
	}
	if len(o.of) != maxOrigins {
		t.Errorf("%d are remembered, want %d", len(o.of), maxOrigins)
	}
}
