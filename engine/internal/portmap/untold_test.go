package portmap

import (
	"errors"
	"net/netip"
	"testing"
)

// untold is a system that does not tell its router.
func untold(bool, string) (netip.Addr, error) { return netip.Addr{}, errUntold }

// Where the system does not tell the router, UPnP maps the port to the address by which
// the device is reached, keeps it, renews it there, and takes it back.
func TestRouterUntold(t *testing.T) {
	r := &router{page: plainPage}
	cfg := r.start(t)
	cfg.router = untold
	m := run(t, cfg, 600)
	if s := m.settles(t); s.State != Mapped || s.Method != "UPnP" || s.TCP != 600 || s.UDP != 600 {
		t.Fatalf("%+v, asked %v", s, r.log())
	}
	looks := r.did("GetExternalIPAddress")
	m.await(t, "three more looks", func(Status) bool { return r.did("GetExternalIPAddress") >= looks+3 })
	if n := r.did("AddPortMapping"); n != 2 || r.did("DeletePortMapping") != 0 {
		t.Errorf("asked %v", r.log())
	}
	r.set("TCP 600", 0)
	m.await(t, "it to be mapped again", func(Status) bool { return r.did("AddPortMapping") >= 4 })
	looks = r.did("GetExternalIPAddress")
	m.await(t, "another look", func(Status) bool { return r.did("GetExternalIPAddress") > looks })
	m.stop()
	if r.mapped() != 0 || r.did("AddPortMapping") != 4 {
		t.Errorf("%d are left; asked %v", r.mapped(), r.log())
	}
}

// A lease of a device is for the address towards it, and no other.
func TestStillUntold(t *testing.T) {
	r := &router{page: plainPage}
	cfg := r.start(t)
	cfg.router = untold
	m := New(cfg)
	l, err := (&igd{m: m}).ask(t.Context(), place{}, 600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (place{local: home, gateway: home}); l.place != want || !m.still(t.Context(), l, place{}) {
		t.Errorf("mapped for %v", l.place)
	}
	l.place.local = netip.MustParseAddr("127.0.0.2")
	if m.still(t.Context(), l, place{}) {
		t.Error("another address is taken for the same")
	}
	for _, a := range []asker{&pcp{m: m}, &pmp{m: m}} {
		if l, err := a.ask(t.Context(), place{}, 600, nil); !errors.Is(err, errUntold) {
			t.Errorf("%s without a router: %v, %v", a.name(), l, err)
		}
	}
}

// Where nobody answers, or there is no way out at all, that is said.
func TestNobodyUntold(t *testing.T) {
	for _, tt := range []struct {
		router func(bool, string) (netip.Addr, error)
		fault  int
		why    string
	}{
		{untold, -1, errSilent.Error()},
		{func(bool, string) (netip.Addr, error) { return netip.Addr{}, errGateway }, 0, errGateway.Error()},
	} {
		r := &router{page: plainPage, fault: tt.fault}
		cfg := r.start(t)
		cfg.router = tt.router
		if s := run(t, cfg, 600).settles(t); s.State != Failed || s.Why != tt.why || len(r.log()) != 0 {
			t.Errorf("%+v, asked %v; want %q", s, r.log(), tt.why)
		}
	}
}
