package portmap

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// inside is a machine behind a router that filters IPv6; the fake is asked over IPv4.
var inside = place{local: netip.MustParseAddr("2001:db8::5"), gateway: home}

// PCP opens the router's firewall to our address of IPv6, keeps it open and closes it.
func TestPCPOverIPv6(t *testing.T) {
	r := &router{pcp: true, external: "2001:db8::5"}
	p := &pcp{m: New(r.start(t)), v6: true}
	l, err := p.ask(t.Context(), inside, 600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if l.tcp != 600 || l.udp != 600 || l.external != inside.local || r.mapped() != 2 {
		t.Errorf("%+v, %d open", l, r.mapped())
	}
	if err := p.alive(t.Context(), l); err != nil {
		t.Error(err)
	}
	r.mu.Lock()
	r.begun = time.Now()
	r.mu.Unlock()
	if err := p.alive(t.Context(), l); err == nil {
		t.Error("a router that was started anew knows it")
	}
	if p.drop(t.Context(), l); r.mapped() != 0 {
		t.Errorf("%d are left", r.mapped())
	}
}

// firewall is a fake with UPnP's service for IPv6, which refuses to open UDP, or all.
func firewall(refuse string) *router {
	r := &router{page: func() string { return fmt.Sprintf(descriptionPage, "", "WANIPv6FirewallControl:1", "/control") }}
	opened := 0
	r.soap = func(w http.ResponseWriter, action string) bool {
		if opened++; action == "AddPinhole" && (refuse == "all" || refuse == "UDP" && opened == 2) {
			sendFault(w, 606)
			return true
		}
		fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="x"><s:Body><u:%sResponse xmlns:u="x"><UniqueID>%d</UniqueID></u:%sResponse></s:Body></s:Envelope>`,
			action, 40+opened, action)
		return true
	}
	return r
}

// UPnP's firewall service opens a hole each for TCP and UDP, is reminded of both, and
// closes both; one that does not know them any more is noticed.
func TestPinhole(t *testing.T) {
	for _, tt := range []struct {
		refuse      string
		udp         uint16
		adds, holes int
	}{{"", 600, 2, 2}, {"UDP", 0, 2, 1}} {
		r := firewall(tt.refuse)
		p := &pinhole{igd: &igd{m: New(r.start(t))}}
		l, err := p.ask(t.Context(), inside, 600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if l.tcp != 600 || l.udp != tt.udp || l.external != inside.local || r.did("AddPinhole") != tt.adds {
			t.Errorf("%q refused: %+v, asked %v", tt.refuse, l, r.log())
		}
		if err := p.alive(t.Context(), l); err != nil || r.did("UpdatePinhole") != tt.holes {
			t.Errorf("%q refused: %v, asked %v", tt.refuse, err, r.log())
		}
		if again, err := p.ask(t.Context(), inside, 600, l); err != nil || again != l || r.did("AddPinhole") != tt.adds {
			t.Errorf("%q refused: asked anew: %v, %v", tt.refuse, err, r.log())
		}
		if p.drop(t.Context(), l); r.did("DeletePinhole") != tt.holes {
			t.Errorf("%q refused: asked %v", tt.refuse, r.log())
		}
		r.soap = func(w http.ResponseWriter, _ string) bool { sendFault(w, 704); return true }
		if err := p.alive(t.Context(), l); err == nil {
			t.Error("a hole that is gone is alive")
		}
	}
	p := &pinhole{igd: &igd{m: New(firewall("all").start(t))}}
	if l, err := p.ask(t.Context(), inside, 600, nil); err == nil {
		t.Errorf("refused, and yet %+v", l)
	}
	p = &pinhole{igd: &igd{m: New((&router{page: plainPage}).start(t))}}
	if l, err := p.ask(t.Context(), inside, 600, nil); err == nil {
		t.Errorf("without a firewall there is %+v", l)
	}
}
