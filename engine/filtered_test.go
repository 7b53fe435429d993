package engine

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"piecewise/engine/internal/dht"
)

var (
	allowedHost  = netip.MustParseAddr("127.0.0.8")
	filteredHost = netip.MustParseAddr("127.0.0.9")
)

// listeners take connections on one host, and count them.
type listeners struct {
	host   netip.Addr
	dialed [5]atomic.Int32
	ports  [5]uint16
}

func listenOn(t *testing.T, host netip.Addr) *listeners {
	t.Helper()
	l := &listeners{host: host}
	for i := range l.ports {
		at, err := net.Listen("tcp4", netip.AddrPortFrom(host, 0).String())
		if err != nil {
			t.Skip("without other addresses of the loopback interface: ", err)
		}
		t.Cleanup(func() { at.Close() })
		l.ports[i] = uint16(at.Addr().(*net.TCPAddr).Port)
		go func() { // ends with the listener
			for {
				c, err := at.Accept()
				if err != nil {
					return
				}
				l.dialed[i].Add(1)
				c.Close()
			}
		}()
	}
	return l
}

func (l *listeners) at(i int) netip.AddrPort { return netip.AddrPortFrom(l.host, l.ports[i]) }

// compact is the address as trackers and PEX have it.
func (l *listeners) compact(i int) string {
	return string(binary.BigEndian.AppendUint16(l.host.AsSlice(), l.ports[i]))
}

// announcesTo starts a node on a host that announces a torrent to another node, and waits
// until that knows.
func announcesTo(t *testing.T, node string, id ID, at netip.AddrPort) {
	t.Helper()
	socket := must[net.PacketConn](t)(net.ListenPacket("udp4", netip.AddrPortFrom(at.Addr(), 0).String()))
	known := make(chan struct{})
	var once sync.Once
	s := dht.New(dht.Config{
		Loopback: true, Port: func(bool) int { return int(at.Port()) },
		Found: func(_ [20]byte, peers []netip.AddrPort) {
			if slices.Contains(peers, at) {
				once.Do(func() { close(known) })
			}
		},
		Resolve: func(context.Context, string) ([]netip.AddrPort, error) {
			return []netip.AddrPort{netip.MustParseAddrPort(node)}, nil
		},
	})
	t.Cleanup(func() { socket.Close(); s.Close() })
	s.Attach(socket)
	s.Set(true, false, []string{node})
	late := time.After(patience)
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		s.Drop(id)
		s.Want(id, true)
		select {
		case <-known:
			return
		case <-late:
			t.Fatal("the DHT does not know it")
		case <-again.C:
		}
	}
}

// shake connects to a peer from a host, and returns how it greets.
func shake(t *testing.T, from netip.Addr, to netip.AddrPort, id ID) (net.Conn, error) {
	t.Helper()
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), Timeout: 20 * time.Second}
	c := must[net.Conn](t)(d.Dial("tcp4", to.String()))
	t.Cleanup(func() { c.Close() })
	hello := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x00"), id[:]...)
	_, _ = c.Write(append(hello, fmt.Sprintf("-XX0000-%012d", from.As4()[3])...)) // who is refused is told nothing
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, err := io.ReadFull(c, make([]byte, 68))
	return c, err
}

// pexNumber waits for a peer's extension handshake and returns its number for PEX.
func pexNumber(t *testing.T, from io.Reader) string {
	t.Helper()
	for {
		head := make([]byte, 4)
		must[int](t)(io.ReadFull(from, head))
		m := make([]byte, binary.BigEndian.Uint32(head))
		must[int](t)(io.ReadFull(from, m))
		if _, rest, there := bytes.Cut(m, []byte("6:ut_pexi")); there {
			n, _, _ := bytes.Cut(rest, []byte("e"))
			return string([]byte{byte(must[int](t)(strconv.Atoi(string(n))))})
		}
	}
}

// Whom the filter refuses is dialled by nobody's word and is not let in, while another who
// is named beside him is dialled.
func TestFilterHoldsForEverySource(t *testing.T) {
	t.Parallel()
	sources := [5]string{"the user", "a magnet link", "a tracker", "the DHT", "PEX"}
	good, bad := listenOn(t, allowedHost), listenOn(t, filteredHost)
	tracker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "d8:intervali1800e5:peers12:%s%se", bad.compact(2), good.compact(2))
	}))
	t.Cleanup(tracker.Close)
	id := must[ID](t)(ParseID(strings.Repeat("f", 40)))
	node := lonelyNode(t)
	announcesTo(t, node, id, bad.at(3))
	announcesTo(t, node, id, good.at(3))

	cfg := loopbackConfig(t.TempDir(), t.TempDir())
	cfg.NoDHT, cfg.DHTNodes = false, []string{node}
	b := launch(t, cfg)
	at := b.addr()
	b.await("a node", func(s *Snapshot) bool { return s.DHT.Nodes > 0 })
	v := b.snap.Settings
	v.IPFilter, v.FilterRanges = true, filteredHost.String()
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the filter", func(s *Snapshot) bool { return s.Filter.On && !s.Filter.Loading && s.Filter.Rules == 1 })
	b.add(fmt.Sprintf("magnet:?xt=urn:btih:%s&x.pe=%v&x.pe=%v&tr=%s/announce", id, bad.at(1), good.at(1), tracker.URL), AddOptions{})
	ok(t, b.AddPeers(t.Context(), id, []netip.AddrPort{bad.at(0), good.at(0)}))

	if _, err := shake(t, filteredHost, at, id); err == nil {
		t.Error("it is let in")
	}
	friend, err := shake(t, allowedHost, at, id)
	if err != nil {
		t.Fatalf("another is not let in: %v", err)
	}
	told := "d5:added12:" + bad.compact(4) + good.compact(4) + "e"
	for _, m := range []string{"\x14\x00d1:md6:ut_pexi1eee", "\x14" + pexNumber(t, friend) + told} {
		must[int](t)(friend.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(m))), m...)))
	}
	b.await("who is allowed to be dialled", func(*Snapshot) bool {
		for i := range sources {
			if good.dialed[i].Load() == 0 {
				return false
			}
		}
		return true
	})
	for i, source := range sources {
		if n := bad.dialed[i].Load(); n > 0 {
			t.Errorf("it is dialled %d times since %s names it", n, source)
		}
	}
	b.await("the refused", func(s *Snapshot) bool { return s.Filter.Refused == 1 })
}
