package tracker

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/route"
)

// aServer runs for the time of the test; stop ends it and waits.
func aServer(t testing.TB, at string, change func(*Server)) (s *Server, stop func()) {
	s, err := Listen(at)
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, s, change)
}

func serve(t testing.TB, s *Server, change func(*Server)) (_ *Server, stop func()) {
	if change != nil {
		change(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	over := false
	stop = func() {
		if over {
			return
		}
		over = true
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("it does not end")
		}
	}
	t.Cleanup(stop)
	return s, stop
}

func dial(t testing.TB, network string, from string, s *Server) net.Conn {
	t.Helper()
	d := net.Dialer{Timeout: 10 * time.Second}
	if from != "" {
		d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c, err := d.Dial(network, s.reached().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	t.Cleanup(func() { c.Close() })
	return c
}

func announceLine(n int) string {
	return fmt.Sprintf("GET /announce?info_hash=%s&peer_id=%020d&port=%d&left=1 HTTP/1.1\r\nHost: a\r\n\r\n", strings.Repeat("a", 20), n, n)
}

// TestPipelined: requests may come in any pieces, several at once, and each is
// answered in turn.
func TestPipelined(t *testing.T) {
	s, _ := aServer(t, "127.0.0.1:0", nil)
	c := dial(t, "tcp", "", s)
	all := announceLine(1) + announceLine(2) + "HEAD /x HTTP/1.1\r\n\r\n" + strings.Replace(announceLine(3), "Host: a", "Connection: close", 1)
	for _, part := range []string{all[:50], all[50:200], all[200:]} {
		if _, err := io.WriteString(c, part); err != nil {
			t.Fatal(err)
		}
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(b), "HTTP/1.1 200 OK\r\n"); n != 3 || !strings.Contains(string(b), "404 Not Found") || !strings.HasSuffix(string(b), "e") {
		t.Errorf("%d answers in %q", n, b)
	}
}

// TestRudeHTTP: what is no request we serve ends the connection.
func TestRudeHTTP(t *testing.T) {
	s, _ := aServer(t, "127.0.0.1:0", nil)
	for request, want := range map[string]string{
		"POST /announce HTTP/1.1\r\n\r\n":                                     "405",
		"GET /announce HTTP/2.0\r\n\r\n":                                      "400",
		"GET /a b HTTP/1.1\r\n\r\n":                                           "400",
		"GET /scrape HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc":                "413",
		"GET /scrape HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n":          "413",
		"GET /scrape HTTP/1.1\r\nnonsense\r\n\r\n":                            "400",
		"GET /" + strings.Repeat("x", maxRequest) + " HTTP/1.1\r\n":           "431",
		"GET /scrape HTTP/1.1\r\n" + strings.Repeat("A: b\r\n", maxRequest/6): "431",
	} {
		c := dial(t, "tcp", "", s)
		_, _ = io.WriteString(c, request) // it may be refused before its end
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+want+" ") {
			t.Errorf("%.40q: %q, %v", request, line, err)
		}
		c.Close()
	}
}

// TestConnectionsOfOneSource: of one address no more than perSource are answered at a time,
// which is no matter to another.
func TestConnectionsOfOneSource(t *testing.T) {
	s, _ := aServer(t, "127.0.0.1:0", func(s *Server) { s.Connections = 8 * perSource })
	answered := func(from string) bool {
		c := dial(t, "tcp", from, s) // stays open
		_, _ = io.WriteString(c, announceLine(1))
		line, _ := bufio.NewReader(c).ReadString('\n')
		return strings.Contains(line, "200")
	}
	for i := range perSource {
		if !answered("127.0.0.7") {
			t.Fatalf("connection %d is not answered", i)
		}
	}
	if answered("127.0.0.7") {
		t.Error("one too many is answered")
	}
	if !answered("127.0.0.8") {
		t.Error("another is not answered")
	}
}

// TestPerSource: those that are too many are not opened, until others have ended.
func TestPerSource(t *testing.T) {
	w := newWeb(aService(nil), 2*perSource)
	ip, conns := netip.MustParseAddr("192.0.2.1"), make([]net.Conn, perSource+1)
	for i := range conns {
		conns[i] = &net.TCPConn{}
		if got := w.open(conns[i], ip); got != (i < perSource) {
			t.Fatalf("connection %d is opened: %v", i, got)
		}
	}
	if !w.open(&net.TCPConn{}, ip.Next()) {
		t.Error("another source is not let in")
	}
	w.forget(conns[0], ip)
	if !w.open(conns[perSource], ip) {
		t.Error("it is not let in after another has ended")
	}
}

// TestRate: an address that asks too often is told so; others are not.
func TestRate(t *testing.T) {
	s, _ := aServer(t, "127.0.0.1:0", func(s *Server) { s.Rate = 0.2 })
	ask := func(from string) string {
		c := dial(t, "tcp", from, s)
		_, _ = io.WriteString(c, announceLine(1))
		line, _ := bufio.NewReader(c).ReadString('\n')
		return line
	}
	good := 0
	for range 20 {
		if strings.Contains(ask("127.0.0.7"), "200") {
			good++
		}
	}
	if good < 4 || good > 10 {
		t.Errorf("%d of 20 are answered", good)
	}
	if line := ask("127.0.0.8"); !strings.Contains(line, "200") || s.Stats().Limited != int64(20-good) {
		t.Errorf("another is answered %q; %+v", line, s.Stats())
	}
}

func TestMeter(t *testing.T) {
	m := newMeter(10)
	ip, now, n := netip.MustParseAddr("192.0.2.1"), m.start, 0
	for range 1000 {
		if m.allow(ip, now) {
			n++
		}
	}
	if n != 200 || m.allow(ip, now.Add(50*time.Millisecond)) || !m.allow(ip, now.Add(101*time.Millisecond)) || m.allow(ip, now.Add(102*time.Millisecond)) {
		t.Errorf("%d at once", n)
	}
	if !m.allow(ip, now.Add(time.Hour)) || !newMeter(0).allow(ip, now) {
		t.Error("not after an hour")
	}
}

// TestEndsAtOnce: connections that wait for a request do not hold up the end.
func TestEndsAtOnce(t *testing.T) {
	s, stop := aServer(t, "127.0.0.1:0", nil)
	kept := dial(t, "tcp", "", s)
	_, _ = io.WriteString(kept, announceLine(1))
	if _, err := bufio.NewReader(kept).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	half := dial(t, "tcp", "", s)
	_, _ = io.WriteString(half, "GET /ann")
	began := time.Now()
	stop()
	if d := time.Since(began); d > idleTime/2 {
		t.Errorf("it took %v", d)
	}
	if again, err := Listen(s.Addr().String()); err != nil {
		t.Error("the port is not free:", err)
	} else {
		again.Close()
	}
}

func TestPortTaken(t *testing.T) {
	s, _ := aServer(t, "127.0.0.1:0", nil)
	if _, err := Listen(s.Addr().String()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	if _, err := Listen(udp.LocalAddr().String()); err == nil {
		t.Error("it does without UDP")
	}
}

// client speaks BEP 15.
type client struct {
	net.Conn
	t  testing.TB
	id uint64
}

func newClient(t testing.TB, s *Server) *client {
	c := &client{Conn: dial(t, "udp", "", s), t: t}
	answer := c.ask(0, nil)
	if len(answer) != 16 {
		t.Fatalf("connect: %x", answer)
	}
	c.id = binary.BigEndian.Uint64(answer[8:])
	return c
}

// ask sends a packet until it is answered, as the net loses some.
func (c *client) ask(action uint32, rest []byte) []byte {
	c.t.Helper()
	p := binary.BigEndian.AppendUint64(nil, c.id)
	if action == 0 {
		p = binary.BigEndian.AppendUint64(nil, udpMagic)
	}
	p = append(binary.BigEndian.AppendUint32(p, action), 1, 2, 3, 4)
	if _, err := c.Write(append(p, rest...)); err != nil {
		c.t.Fatal(err)
	}
	b := make([]byte, maxPacket)
	n, err := c.Read(b)
	if err != nil || n < 8 || string(b[4:8]) != "\x01\x02\x03\x04" {
		c.t.Fatalf("%x, %v", b[:n], err)
	}
	return b[:n]
}

func packet(hash string, id byte, event, port int, left uint64) []byte {
	b := append([]byte(hash), strings.Repeat(string(rune(id)), 20)...)
	b = append(b, make([]byte, 8)...)
	b = binary.BigEndian.AppendUint64(b, left)
	b = append(b, make([]byte, 8)...)
	b = binary.BigEndian.AppendUint32(b, uint32(event))
	b = append(b, 1, 2, 3, 4) // an address of somebody else
	b = append(b, 0, 0, 0, id, 255, 255, 255, 255)
	return binary.BigEndian.AppendUint16(b, uint16(port))
}

func TestUDP(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		s, _ := aServer(t, at, func(s *Server) { s.Interval = 10 * time.Second })
		c := newClient(t, s)
		a, b := strings.Repeat("a", 20), strings.Repeat("b", 20)
		own := string(s.Addr().Addr().AsSlice())
		for _, step := range []struct {
			packet []byte
			want   string
		}{
			{packet(a, 'x', 2, 1000, 0), "\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01"},
			{packet(a, 'y', 0, 1001, 5), "\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x00\x01" + own + "\x03\xe8"},
			{packet(a, 'y', 1, 1001, 0), "\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x02"},
			{packet(a, 'z', 3, 1000, 0), "\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x02"}, // a stranger
			{packet(a, 'x', 3, 1000, 0), "\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x01"},
			{packet(a, 'w', 4, 1002, 5), "\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x00\x01"},
			{append(packet(b, 'w', 2, 1002, 5), 2, 3, 'a', 'b', 'c', 0), "\x00\x00\x00\x0a\x00\x00\x00\x01\x00\x00\x00\x00"}, // BEP 41
		} {
			if got := string(c.ask(udpAnnounce, step.packet)[8:]); got != step.want {
				t.Errorf("%s: got %x, want %x", at, got, step.want)
			}
		}
		want := "\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01" + strings.Repeat("\x00", 12)
		if got := string(c.ask(udpScrape, []byte(a+strings.Repeat("c", 20)))[8:]); got != want {
			t.Errorf("scrape: %x", got)
		}
		for what, rest := range map[string][]byte{"port": packet(a, 'x', 0, 0, 1), "short": packet(a, 'x', 0, 1, 1)[:60]} {
			if got := c.ask(udpAnnounce, rest); got[3] != udpError || !strings.Contains(string(got), what) {
				t.Errorf("%s: %q", what, got)
			}
		}
		if got := c.ask(udpScrape, []byte("abc")); got[3] != udpError {
			t.Errorf("%q", got)
		}
		c.id++
		if got := c.ask(udpAnnounce, packet(a, 'x', 0, 1, 1)); got[3] != udpError || !strings.Contains(string(got), "connection ID") {
			t.Errorf("%q", got)
		}
	}
}

// TestTickets: a connection ID is good for its address only, and for a minute or two.
func TestTickets(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	now := time.Unix(6000, 0)
	mine := newTickets([]byte("a key of 32 bytes, as it should b"))
	id := mine.issue(a, now)
	for _, test := range []struct {
		ip    netip.Addr
		after time.Duration
		id    uint64
		good  bool
	}{
		{a, 0, id, true},
		{a, time.Minute, id, true},
		{a, 119 * time.Second, id, true},
		{a, 2 * time.Minute, id, false},
		{a, -time.Second, id, false},
		{b, 0, id, false},
		{a, 0, id ^ 1, false},
		{a, 0, 0, false},
		{a, 0, udpMagic, false},
	} {
		if got := mine.holds(test.ip, now.Add(test.after), test.id); got != test.good {
			t.Errorf("%+v: %v", test, got)
		}
	}
	if newTickets([]byte("another")).holds(a, now, id) {
		t.Error("it is good for another server")
	}
}

func TestSender(t *testing.T) {
	for _, test := range []struct{ from, told, want string }{
		{"127.0.0.1", "", "127.0.0.1"},
		{"127.0.0.1", "127.0.0.9", "127.0.0.9"},
		{"::1", "::ffff:127.0.0.9", "127.0.0.9"},
		{"127.0.0.1", "10.1.2.3", "127.0.0.1"},
		{"127.0.0.1", "192.0.2.1", "127.0.0.1"},
		{"127.0.0.1", "tracker.example", "127.0.0.1"},
		{"192.0.2.1", "127.0.0.9", "192.0.2.1"},
		{"192.0.2.1", "10.1.2.3", "192.0.2.1"},
	} {
		if got := sender(netip.MustParseAddr(test.from), []byte(test.told)); got.String() != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// TestView: addresses of this machine and of its network are told as they are
// reached by who asks, or not at all.
func TestView(t *testing.T) {
	here := []netip.Addr{netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("192.168.1.2"), netip.MustParseAddr("2001:db8::5")}
	for _, test := range []struct{ from, at, peer, want string }{
		{"127.0.0.1", "127.0.0.1", "127.0.0.3", "127.0.0.3"},
		{"127.0.0.1", "127.0.0.1", "192.168.1.9", "192.168.1.9"},
		{"192.168.1.7", "192.168.1.2", "127.0.0.1", "192.168.1.2"},
		{"192.168.1.7", "", "127.0.0.1", "192.168.1.2"},
		{"192.168.1.7", "192.168.1.3", "127.0.0.1", "192.168.1.3"},
		{"192.168.1.7", "192.168.1.2", "192.168.1.9", "192.168.1.9"},
		{"192.168.1.7", "192.168.1.2", "198.51.100.1", "198.51.100.1"},
		{"198.51.100.1", "192.168.1.2", "127.0.0.1", "203.0.113.5"},
		{"198.51.100.1", "192.168.1.2", "192.168.1.2", "203.0.113.5"},
		{"198.51.100.1", "203.0.113.6", "127.0.0.1", "203.0.113.6"},
		{"198.51.100.1", "0.0.0.0", "100.64.0.1", "203.0.113.5"},
		{"198.51.100.1", "", "198.51.100.2", "198.51.100.2"},
		{"2001:db8:1::1", "", "::1", "2001:db8::5"},
		{"2001:db8:1::1", "", "fe80::1", "2001:db8::5"},
		{"2001:db8:1::1", "", "fd00::1", "2001:db8::5"},
	} {
		var at netip.Addr
		if test.at != "" {
			at = netip.MustParseAddr(test.at)
		}
		v := viewOf(netip.MustParseAddr(test.from), at, here)
		var peer, buf [v6Width]byte
		addr := put(&peer, netip.AddrPortFrom(netip.MustParseAddr(test.peer), 7))
		if !v.plain {
			addr = v.see(&buf, addr)
		}
		if got := ipOf(addr); got.String() != test.want || addr[len(addr)-1] != 7 {
			t.Errorf("%+v: %v", test, got)
		}
	}
	v := viewOf(netip.MustParseAddr("198.51.100.1"), netip.Addr{}, nil)
	var peer, buf [v6Width]byte
	if got := v.see(&buf, put(&peer, netip.MustParseAddrPort("127.0.0.1:7"))); got != nil {
		t.Errorf("told outside: %v", ipOf(got))
	}
}

// TestOwn: the peer on this machine is told and counted without an announce, and
// what it announces changes nothing.
func TestOwn(t *testing.T) {
	hash, id := [20]byte([]byte(strings.Repeat("a", 20))), [20]byte{'m', 'e'}
	s := aService(&List{Torrents: map[[20]byte]Own{hash: {Port: 9, Seed: true}}, ID: id, Here: []netip.Addr{netip.MustParseAddr("203.0.113.5")}})
	ask := func(from string, k kind, id [20]byte) (*found, error) {
		a := &announcement{hash: hash, id: id, addr: netip.AddrPortFrom(netip.MustParseAddr(from), 5), want: 50, kind: k}
		f := &found{}
		return f, s.announce(a, netip.Addr{}, time.Now(), f)
	}
	if f, _ := ask("192.168.1.2", seed, id); f.seeds != 1 || len(f.told()) != 0 {
		t.Errorf("we are told %v, %+v", f.told(), f.counts)
	}
	if f, _ := ask("198.51.100.1", leech, [20]byte{1}); fmt.Sprint(f.told()) != "[203.0.113.5:9]" || f.seeds != 1 || f.leeches != 1 {
		t.Errorf("others are told %v, %+v", f.told(), f.counts)
	}
	if f, _ := ask("198.51.100.2", seed, [20]byte{2}); fmt.Sprint(f.told()) != "[198.51.100.1:5]" || f.seeds != 2 {
		t.Errorf("a seed is told %v, %+v", f.told(), f.counts)
	}
	if c, ok := s.counts(&hash); !ok || c.seeds != 2 || c.leeches != 1 {
		t.Errorf("%+v", c)
	}
	if st := s.stats(); st.Outside.IsZero() || st.Inside.IsZero() || st.Peers != 2 {
		t.Errorf("%+v", st)
	}
	other := [20]byte{7}
	server := &Server{service: s}
	if server.Add(other); !s.added(other) {
		t.Error("what was added is not served")
	}
	if server.SetList(s.list.Load()); s.added(other) {
		t.Error("what was added outlives the list")
	}
	s.list.Store(&List{Torrents: map[[20]byte]Own{other: {}}})
	if _, err := ask("198.51.100.1", leech, [20]byte{1}); err == nil {
		t.Error("what is not served any more is answered")
	}
	if _, ok := s.counts(&hash); ok {
		t.Error("it is scraped")
	}
}

// TestAnswersFromWhereItWasAsked: a UDP answer leaves by the address that was asked, on
// all addresses of both IP versions, and with sockets that were made elsewhere.
func TestAnswersFromWhereItWasAsked(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only there can the address be chosen")
	}
	own, _ := aServer(t, ":0", nil)
	way := route.New(route.Config{})
	tcp, err := way.ListenTCP(netip.MustParseAddrPort("0.0.0.0:0"))
	if err != nil {
		t.Fatal(err)
	}
	udp, err := way.ListenUDP(tcp.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		t.Fatal(err)
	}
	routed, stop := serve(t, New([]net.Listener{tcp}, []Packets{udp}), nil)
	for _, s := range []*Server{own, routed} {
		c, err := net.Dial("udp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.5"), s.Addr().Port()).String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		ask := binary.BigEndian.AppendUint64(nil, udpMagic)
		ask = append(ask, 0, 0, 0, udpConnect, 1, 2, 3, 4)
		if _, err := c.Write(ask); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 100)
		if n, err := c.Read(answer); err != nil || n != 16 || string(answer[4:8]) != "\x01\x02\x03\x04" {
			t.Errorf("%d bytes, %v", n, err)
		}
		conn := dial(t, "tcp", "", s)
		_, _ = io.WriteString(conn, announceLine(1))
		if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Errorf("over TCP: %q, %v", line, err)
		}
	}
	stop()
	if _, err := tcp.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the sockets are not closed: %v", err)
	}
}
