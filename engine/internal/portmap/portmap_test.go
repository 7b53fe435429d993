package portmap

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/route"
)

// Each protocol maps both ports, tells the external address, renews, and takes back
// what it was given when the port changes and at the end.
func TestProtocols(t *testing.T) {
	for _, tt := range []struct {
		name string
		r    *router
		map1 string // what the router is asked for
		drop string
	}{
		{"PCP", &router{pcp: true}, "map 6 600 for 3600", "map 6 600 for 0"},
		{"NAT-PMP", &router{pmp: true}, "map 2 600 for 3600", "map 2 600 for 0"},
		{"UPnP", &router{page: plainPage}, "AddPortMapping TCP 600 3600", "DeletePortMapping TCP 600"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := run(t, tt.r.start(t), 600)
			s := m.settles(t)
			want := Status{State: Mapped, Method: tt.name, TCP: 600, UDP: 600, External: netip.MustParseAddr("198.51.100.7")}
			if s != want || tt.r.mapped() != 2 || tt.r.did(tt.map1) != 1 {
				t.Errorf("%+v, %d mapped, asked %v", s, tt.r.mapped(), tt.r.log())
			}
			if tt.name == "UPnP" {
				m.stop() // the fake knows one internal port
				if tt.r.mapped() != 0 || tt.r.did(tt.drop) != 1 {
					t.Errorf("%d are left, asked %v", tt.r.mapped(), tt.r.log())
				}
				return
			}
			m.Set(700)
			m.await(t, "the other port", func(s Status) bool { return s.TCP == 700 && s.UDP == 700 })
			if tt.r.mapped() != 2 || tt.r.did(tt.drop) != 1 {
				t.Errorf("%d are mapped, asked %v", tt.r.mapped(), tt.r.log())
			}
			m.Set(0)
			m.await(t, "the end", func(s Status) bool { return s.State == Off })
			if tt.r.mapped() != 0 {
				t.Errorf("%d are left", tt.r.mapped())
			}
			m.Set(800)
			m.settles(t)
			if m.stop(); tt.r.mapped() != 0 {
				t.Errorf("at the end %d are left", tt.r.mapped())
			}
		})
	}
}

// A router that was started anew has forgotten its mappings, and is asked again; so is
// one whose lease comes to its end.
func TestRenews(t *testing.T) {
	for name, r := range map[string]*router{"PCP": {pcp: true}, "NAT-PMP": {pmp: true}, "UPnP": {page: plainPage}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := run(t, r.start(t), 600)
			m.settles(t)
			r.mu.Lock()
			clear(r.maps)
			r.begun = time.Now()
			r.mu.Unlock()
			m.await(t, "the mapping again", func(Status) bool { return r.mapped() == 2 })
			n := r.did("map") + r.did("AddPort")
			time.Sleep(100 * time.Millisecond) // five looks: it is not asked again and again
			if now := r.did("map") + r.did("AddPort"); now != n {
				t.Errorf("asked %d times more", now-n)
			}
		})
	}
}

func TestForgot(t *testing.T) {
	at := time.Unix(1000, 0)
	e := epoch{5000, at}
	for _, tt := range []struct {
		passed  time.Duration
		seconds uint32
		want    bool
	}{
		{time.Minute, 5060, false},
		{time.Minute, 5058, false},
		{time.Hour, 5000 + 3150, false}, // its clock is slow by an eighth
		{time.Minute, 0, true},
		{time.Minute, 4990, true},
		{time.Hour, 5000 + 3000, true},
		{time.Minute, 1 << 31, true},
		{-time.Hour, 5000, false}, // our clock was set
	} {
		if got := e.forgot(tt.seconds, at.Add(tt.passed)); got != tt.want {
			t.Errorf("after %v it says %d: %t", tt.passed, tt.seconds, got)
		}
	}
}

// An external port that is not ours is told, and a conflict is avoided.
func TestOtherPort(t *testing.T) {
	r := &router{pmp: true, shift: 5}
	if s := run(t, r.start(t), 600).settles(t); s.TCP != 605 {
		t.Errorf("%+v", s)
	}
	r = &router{page: plainPage, fault: 718, faults: 2}
	if s := run(t, r.start(t), 600).settles(t); s.State != Mapped || s.TCP < 49152 {
		t.Errorf("%+v, asked %v", s, r.log())
	}
}

func TestPermanentLease(t *testing.T) {
	first := true
	r := &router{page: plainPage}
	r.soap = func(w http.ResponseWriter, action string) bool {
		if action == "AddPortMapping" && first {
			first = false
			sendFault(w, 725)
			return true
		}
		return false
	}
	if s := run(t, r.start(t), 600).settles(t); s.State != Mapped || r.did("AddPortMapping TCP 600 0") != 1 {
		t.Errorf("%+v, asked %v", s, r.log())
	}
}

// Whatever a router does wrong, the Mapper says so in words, and does not hang, read
// without end, or go where it was not to go.
func TestMisbehaviour(t *testing.T) {
	service := func(base, kind, control string) func() string {
		return func() string { return fmt.Sprintf(descriptionPage, base, kind, control) }
	}
	for _, tt := range []struct {
		name string
		r    *router
		want string // in Why
	}{
		{"PCP refuses", &router{pcp: true, code: 2}, "turned off"},
		{"PCP, an unknown code", &router{pcp: true, code: 200}, "code 200"},
		{"PCP, the lifetime is nothing", &router{pcp: true, mangle: func(b []byte) []byte { copy(b[4:8], make([]byte, 4)); return b }}, "something else"},
		{"PCP, port 0", &router{pcp: true, mangle: func(b []byte) []byte { copy(b[42:44], make([]byte, 2)); return b }}, "something else"},
		{"PCP, another nonce", &router{pcp: true, mangle: func(b []byte) []byte { b[24]++; return b }}, "no router answers"},
		{"PCP, cut short", &router{pcp: true, mangle: func(b []byte) []byte { return b[:30] }}, "no router answers"},
		{"PCP, garbage", &router{pcp: true, mangle: func(b []byte) []byte { return []byte(strings.Repeat("x", 1400)) }}, "no router answers"},
		{"NAT-PMP refuses", &router{pmp: true, code: 3}, "no connection to the Internet"},
		{"NAT-PMP, another port", &router{pmp: true, mangle: func(b []byte) []byte {
			if len(b) == 16 {
				binary.BigEndian.PutUint16(b[8:], 9)
			}
			return b
		}}, "something else"},
		{"NAT-PMP, cut short", &router{pmp: true, mangle: func(b []byte) []byte { return b[:min(len(b), 9)] }}, "no router answers"},
		{"nobody", &router{fault: -1}, "no router answers"},
		{"UPnP, garbage for XML", &router{page: func() string { return "<root><device>&&&" }}, "description cannot be read"},
		{"UPnP, not XML", &router{page: func() string { return "hello" }}, "description cannot be read"},
		{"UPnP, a huge description", &router{page: func() string { return "<root>" + strings.Repeat("<a></a>", 1<<17) + "</root>" }}, "description cannot be read"},
		{"UPnP, deep nesting", &router{page: func() string { return "<root>" + strings.Repeat("<device>", 20000) }}, "description cannot be read"},
		{"UPnP, no service", &router{page: service("", "Layer3Forwarding:1", "/control")}, "no service that maps ports"},
		{"UPnP leads elsewhere", &router{page: service("", "WANIPConnection:2", "http://127.0.0.2:9/control")}, "no service that maps ports"},
		{"UPnP is based elsewhere", &router{page: service("<URLBase>http://127.0.0.2:9</URLBase>", "Nothing:1", "/control")}, "no service that maps ports"},
		{"UPnP, located elsewhere", &router{location: "http://127.0.0.2:9/desc.xml"}, "no router answers"},
		{"UPnP, located by a name", &router{location: "http://localhost:9/desc.xml"}, "no router answers"},
		{"UPnP, located in a file", &router{location: "file:///etc/passwd"}, "no router answers"},
		{"UPnP forbids", &router{page: plainPage, fault: 606}, "does not allow this machine"},
		{"UPnP, always a conflict", &router{page: plainPage, fault: 718}, "given the port to another machine"},
		{"UPnP, an unknown code", &router{page: plainPage, fault: 999}, "code 999"},
		{"UPnP, a redirect", &router{page: plainPage, soap: func(w http.ResponseWriter, _ string) bool {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusFound)
			return true
		}}, ""},
		{"UPnP, garbage for SOAP", &router{page: plainPage, soap: func(w http.ResponseWriter, _ string) bool {
			_, _ = w.Write([]byte("<<<"))
			return true
		}}, ""},
		{"UPnP, a huge answer", &router{page: plainPage, soap: func(w http.ResponseWriter, _ string) bool {
			for range 64 {
				_, _ = w.Write([]byte(strings.Repeat("<x>", 4096)))
			}
			return true
		}}, ""},
		{"UPnP maps to another", &router{page: plainPage, soap: func(w http.ResponseWriter, action string) bool {
			if action != "GetSpecificPortMappingEntry" {
				return false
			}
			fmt.Fprint(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="x"><s:Body><u:R xmlns:u="x"><NewInternalPort>600</NewInternalPort>`+
				`<NewInternalClient>10.9.9.9</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription/><NewLeaseDuration>0</NewLeaseDuration></u:R></s:Body></s:Envelope>`)
			return true
		}}, "and then that it does not"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := run(t, tt.r.start(t), 600).settles(t)
			if s.State != Failed || s.Why == "" || !strings.Contains(s.Why, tt.want) {
				t.Errorf("%+v, asked %v", s, tt.r.log())
			}
		})
	}
}

// A router that lies about the outside is only quoted; one whose answers never end
// costs a few seconds and little memory.
func TestLies(t *testing.T) {
	for _, external := range []string{"0.0.0.0", "127.0.0.1", "224.0.0.1", "10.0.0.1"} {
		r := &router{pmp: true, external: external}
		if s := run(t, r.start(t), 600).settles(t); s.State != Mapped || s.External.String() != external {
			t.Errorf("%+v", s)
		}
	}
	r := &router{page: plainPage, external: "<script>"}
	if s := run(t, r.start(t), 600).settles(t); s.External.IsValid() {
		t.Errorf("%+v", s)
	}
}

// A slow router does not hold up the end.
func TestSlow(t *testing.T) {
	hang := make(chan struct{})
	r := &router{page: plainPage, soap: func(http.ResponseWriter, string) bool { <-hang; return true }}
	m := run(t, r.start(t), 600)
	t.Cleanup(func() { close(hang) })
	m.await(t, "the request", func(Status) bool { return r.did("AddPortMapping") > 0 })
	begun := time.Now()
	if m.stop(); time.Since(begun) > 4*time.Second {
		t.Errorf("it took %v to end", time.Since(begun))
	}
}

// On loopback nobody is asked unless the gateway is there, too; and through a proxy the
// router is left alone.
func TestOff(t *testing.T) {
	for name, cfg := range map[string]Config{
		"loopback":        {Route: route.New(route.Config{Loopback: true})},
		"another gateway": {Route: route.New(route.Config{Loopback: true}), Gateway: netip.MustParseAddr("10.0.0.1")},
		"a proxy":         {Gateway: home, Route: route.New(route.Config{Policy: route.Policy{Proxy: route.Proxy{Kind: route.SOCKS5, Address: "127.0.0.1:9", Peers: true}}})},
	} {
		m := run(t, cfg, 600)
		if s := m.await(t, "why not", func(s Status) bool { return s.Why != "" }); s.State != Off {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// When the way out changes, the mapping is made again.
func TestWayChanges(t *testing.T) {
	r := &router{pcp: true}
	cfg := r.start(t)
	m := run(t, cfg, 600)
	m.settles(t)
	cfg.Route.SetPolicy(route.Policy{Interface: "no such thing"})
	if s := m.await(t, "the closed way", func(s Status) bool { return s.State == Off }); !strings.Contains(s.Why, "gone") {
		t.Errorf("%+v", s)
	}
	cfg.Route.SetPolicy(route.Policy{})
	m.await(t, "the open way", func(s Status) bool { return s.State == Mapped })
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nLOCATION: http://127.0.0.1:5/x\r\n\r\n"))
	f.Add([]byte{2, 0x81, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if u := location(data, home); u != nil && u.Hostname() != "127.0.0.1" {
			t.Fatalf("leads to %v", u)
		}
		_ = pcpCode(data, pcpMap)
	})
}
