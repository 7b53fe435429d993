package portmap

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/route"
)

var home = netip.MustParseAddr("127.0.0.1")

// router is a fake one that speaks PCP, NAT-PMP or UPnP. Its fields are set before it
// is asked, or under mu.
type router struct {
	mu       sync.Mutex
	maps     map[string]uint16 // "TCP 600" → external port
	asked    []string          // what it was asked for
	life     uint32            // of leases, s
	external string
	begun    time.Time // its epoch

	pcp, pmp bool
	code     byte                  // refuses with this
	mangle   func(b []byte) []byte // of datagrams that answer
	shift    uint16                // external ports are so much higher

	page     func() string // instead of the description
	location string        // instead of where the description is
	fault    int           // instead of AddPortMapping
	faults   int           // so many times; 0 for always
	soap     func(w http.ResponseWriter, action string) bool
}

func (r *router) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, what)
}

func (r *router) did(what string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.asked {
		if strings.HasPrefix(a, what) {
			n++
		}
	}
	return n
}

func (r *router) log() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *router) mapped() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.maps)
}

func (r *router) set(key string, port uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if port == 0 {
		delete(r.maps, key)
		return
	}
	r.maps[key] = port
}

// start returns a configuration with which a Mapper asks the fake.
func (r *router) start(t *testing.T) Config {
	t.Helper()
	r.maps, r.begun = map[string]uint16{}, time.Now().Add(-time.Hour)
	if r.life == 0 {
		r.life = 3600
	}
	if r.external == "" {
		r.external = "198.51.100.7"
	}
	cfg := Config{Gateway: home, Route: route.New(route.Config{Loopback: true}), every: 20 * time.Millisecond}
	cfg.PMPPort, cfg.SSDPPort = nobody(t), nobody(t)
	if r.pcp || r.pmp {
		cfg.PMPPort = r.serveDatagrams(t)
	} else if r.fault >= 0 {
		cfg.SSDPPort = r.serveUPnP(t)
	}
	return cfg
}

// nobody returns a port on which nobody listens.
func nobody(t *testing.T) uint16 {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	return uint16(pc.LocalAddr().(*net.UDPAddr).Port)
}

func (r *router) serveDatagrams(t *testing.T) uint16 {
	return serveUDP(t, func(b []byte) []byte {
		answer := r.datagram(b)
		if answer != nil && r.mangle != nil {
			answer = r.mangle(answer)
		}
		return answer
	})
}

func (r *router) serveUPnP(t *testing.T) uint16 {
	web := httptest.NewServer(http.HandlerFunc(r.http))
	t.Cleanup(web.Close)
	return serveUDP(t, func([]byte) []byte {
		at := r.location
		if at == "" {
			at = web.URL + "/desc.xml"
		}
		return fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: %s\r\n\r\n", at)
	})
}

func serveUDP(t *testing.T, answer func([]byte) []byte) uint16 {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { pc.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if out := answer(buf[:n]); out != nil {
				_, _ = pc.WriteTo(out, from)
			}
		}
	}()
	return uint16(pc.LocalAddr().(*net.UDPAddr).Port)
}

func (r *router) seconds() uint32 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return uint32(time.Since(r.begun) / time.Second)
}

func (r *router) datagram(b []byte) []byte {
	switch {
	case len(b) > 0 && b[0] == 2 && r.pcp:
		return r.answerPCP(b)
	case len(b) > 0 && b[0] == 2 && r.pmp:
		return []byte{0, 0x80, 0, 1, 0, 0, 0, 0}
	case len(b) >= 2 && b[0] == 0 && r.pmp:
		return r.answerPMP(b)
	}
	return nil
}

func (r *router) answerPCP(b []byte) []byte {
	out := append([]byte(nil), b...)
	out[1] |= 0x80
	out[2], out[3] = 0, r.code
	binary.BigEndian.PutUint32(out[8:], r.seconds())
	if b[1] == pcpAnnounce || r.code != 0 {
		r.note("announce")
		return out
	}
	life, port := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint16(b[40:])
	key := fmt.Sprintf("%d %d", b[36], port)
	r.note(fmt.Sprintf("map %s for %d", key, life))
	if life == 0 {
		r.set(key, 0)
		return out
	}
	wish := binary.BigEndian.Uint16(b[42:]) + r.shift
	r.set(key, wish)
	binary.BigEndian.PutUint32(out[4:], r.life)
	binary.BigEndian.PutUint16(out[42:], wish)
	ip := netip.MustParseAddr(r.external).As16()
	copy(out[44:60], ip[:])
	return out
}

func (r *router) answerPMP(b []byte) []byte {
	out := []byte{0, b[1] | 0x80, 0, r.code}
	out = binary.BigEndian.AppendUint32(out, r.seconds())
	if r.code != 0 {
		return out
	}
	if b[1] == 0 {
		ip := netip.MustParseAddr(r.external).As4()
		return append(out, ip[:]...)
	}
	port, wish, life := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:]), binary.BigEndian.Uint32(b[8:])
	key := fmt.Sprintf("%d %d", b[1], port)
	r.note(fmt.Sprintf("map %s for %d", key, life))
	if life == 0 {
		r.set(key, 0)
	} else {
		wish += r.shift
		r.set(key, wish)
		life = r.life
	}
	out = append(out, b[4:6]...)
	out = binary.BigEndian.AppendUint16(out, wish)
	return binary.BigEndian.AppendUint32(out, life)
}

const descriptionPage = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0">%s<device>
<deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANDevice:1</deviceType><deviceList><device>
<deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:1</deviceType><serviceList>
<service><serviceType>urn:schemas-upnp-org:service:%s</serviceType><controlURL>%s</controlURL></service>
</serviceList></device></deviceList></device></deviceList></device></root>`

func plainPage() string { return fmt.Sprintf(descriptionPage, "", "WANIPConnection:1", "/control") }

func (r *router) http(w http.ResponseWriter, req *http.Request) {
	if req.Method == http.MethodGet {
		_, _ = io.WriteString(w, r.page())
		return
	}
	body, _ := io.ReadAll(io.LimitReader(req.Body, 1<<16))
	_, action, _ := strings.Cut(strings.Trim(req.Header.Get("Soapaction"), `"`), "#")
	r.note(action + " " + arg(body, "NewProtocol") + " " + arg(body, "NewExternalPort") + " " + arg(body, "NewLeaseDuration"))
	if r.soap != nil && r.soap(w, action) {
		return
	}
	key := arg(body, "NewProtocol") + " " + arg(body, "NewExternalPort")
	values := ""
	switch action {
	case "AddPortMapping":
		r.mu.Lock()
		fault := r.fault
		if r.faults--; r.faults == 0 {
			r.fault = 0
		}
		r.mu.Unlock()
		if fault > 0 {
			sendFault(w, fault)
			return
		}
		r.set(key, 1)
	case "DeletePortMapping":
		r.set(key, 0)
	case "GetExternalIPAddress":
		values = "<NewExternalIPAddress>" + r.external + "</NewExternalIPAddress>"
	case "GetSpecificPortMappingEntry":
		r.mu.Lock()
		_, there := r.maps[key]
		r.mu.Unlock()
		if !there {
			sendFault(w, 714)
			return
		}
		values = "<NewInternalPort>600</NewInternalPort><NewInternalClient>127.0.0.1</NewInternalClient><NewEnabled>1</NewEnabled>" +
			"<NewPortMappingDescription>x</NewPortMappingDescription><NewLeaseDuration>9</NewLeaseDuration>"
	}
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="x"><s:Body><u:%sResponse xmlns:u="x">%s</u:%sResponse></s:Body></s:Envelope>`,
		action, values, action)
}

func sendFault(w http.ResponseWriter, code int) {
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="x"><s:Body><s:Fault><faultcode>s:Client</faultcode>`+
		`<faultstring>UPnPError</faultstring><detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>%d</errorCode></UPnPError></detail></s:Fault></s:Body></s:Envelope>`, code)
}

func arg(body []byte, name string) string {
	_, rest, ok := strings.Cut(string(body), "<"+name+">")
	if !ok {
		return ""
	}
	value, _, _ := strings.Cut(rest, "<")
	return value
}

// runs is a Mapper that runs.
type runs struct {
	*Mapper
	stop func()
}

func run(t *testing.T, cfg Config, port uint16) *runs {
	t.Helper()
	m := New(cfg)
	m.Set(port)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = m.Run(ctx)
	}()
	stop := func() { cancel(); <-done }
	t.Cleanup(stop)
	return &runs{m, stop}
}

// await waits until the status is right.
func (r *runs) await(t *testing.T, what string, right func(Status) bool) Status {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if s := r.Status(); right(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited for %s; it is %+v", what, r.Status())
		}
	}
}

func (r *runs) settles(t *testing.T) Status {
	t.Helper()
	return r.await(t, "an answer", func(s Status) bool { return s.State == Mapped || s.State == Failed })
}
