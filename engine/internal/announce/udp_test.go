package announce

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/route"
)

// udpTracker answers each packet on a socket of its own with what answer returns,
// until the test ends.
func udpTracker(t *testing.T, addr string, answer func(packet []byte) [][]byte) string {
	conn, err := net.ListenPacket("udp", addr)
	if err != nil {
		t.Skip("no such address here:", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		packet := make([]byte, 2048)
		for {
			n, from, err := conn.ReadFrom(packet)
			if err != nil {
				return
			}
			for _, out := range answer(packet[:n]) {
				_, _ = conn.WriteTo(out, from) // a lost packet is part of the game
			}
		}
	}()
	t.Cleanup(func() { conn.Close(); <-ended })
	return "udp://" + conn.LocalAddr().String()
}

// words packs 32-bit numbers.
func words(ns ...uint32) []byte {
	var b []byte
	for _, n := range ns {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

func action(packet []byte) uint32 { return binary.BigEndian.Uint32(packet[8:]) }
func serial(packet []byte) uint32 { return binary.BigEndian.Uint32(packet[12:]) }

// wellBehaved answers connects, and announces with peers.
func wellBehaved(packet, peers []byte) [][]byte {
	if action(packet) == 0 {
		return [][]byte{words(0, serial(packet), 0xc0ffee, 7)}
	}
	return [][]byte{append(words(1, serial(packet), 1800, 4, 3), peers...)}
}

func TestUDP(t *testing.T) {
	packets := make(chan []byte, 2)
	tracker := udpTracker(t, "127.0.0.1:0", func(p []byte) [][]byte {
		packets <- bytes.Clone(p)
		return wellBehaved(p, []byte("\x7f\x00\x00\x02\x1a\xe1\x7f\x00\x00\x03\x00\x00rest"))
	})
	rep, err := testNetwork(t, nil).announce(t.Context(), request{
		url: tracker + "/announce?key=1", id: oddID, event: stopped, stats: Stats{Downloaded: 1, Uploaded: 2, Left: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	connect, got := <-packets, <-packets
	if want := words(0x417, 0x27101980, 0, serial(connect)); !bytes.Equal(connect, want) {
		t.Errorf("sent %x\nwant %x", connect, want)
	}
	want := words(0xc0ffee, 7, 1, serial(got))
	want = append(append(want, oddID[:]...), "-PW0100-abcdefghijkl"...)
	want = append(want, words(0, 1, 0, 3, 0, 2, 3, 0, 0xdeadbeef, 0)...)
	want = append(append(want, 42069>>8, 42069&0xff), "\x02\x0f/announce?key=1"...)
	if !bytes.Equal(got, want) {
		t.Errorf("sent %x\nwant %x", got, want)
	}
	if len(rep.peers) != 1 || rep.peers[0] != netip.MustParseAddrPort("127.0.0.2:6881") || rep.interval != 30*time.Minute || rep.seeds != 3 || rep.leeches != 4 {
		t.Errorf("%+v", rep)
	}
}

func TestUDPOverIPv6(t *testing.T) {
	tracker := udpTracker(t, "[::1]:0", func(p []byte) [][]byte { return wellBehaved(p, []byte("\xfd\x00aaaaaaaaaaaaaa\x1a\xe1")) })
	rep, err := testNetwork(t, nil).announce(t.Context(), request{url: tracker})
	if err != nil || len(rep.peers) != 1 || !rep.peers[0].Addr().Is6() {
		t.Error(rep, err)
	}
	n := testNetwork(t, func(c *Config) {
		c.Route = route.New(route.Config{Loopback: true, Policy: route.Policy{Address: netip.MustParseAddr("127.0.0.1")}})
	})
	if _, err := n.announce(t.Context(), request{url: tracker}); err == nil {
		t.Error("bound to IPv4:", err)
	}
}

func TestUDPLossAndNoise(t *testing.T) {
	var mu sync.Mutex
	seen := make(map[uint32]int)
	tracker := udpTracker(t, "127.0.0.1:0", func(p []byte) [][]byte {
		mu.Lock()
		defer mu.Unlock()
		if seen[serial(p)]++; seen[serial(p)] < 3 {
			return [][]byte{{}, {1, 2, 3}, words(0, serial(p)+1, 1, 1), words(1, serial(p)+1, 1, 1, 1), words(77, serial(p)), words(3, serial(p)+1)}
		}
		out := wellBehaved(p, nil)
		return [][]byte{out[0], out[0], out[0], out[0]}
	})
	n := testNetwork(t, nil)
	n.resend = 10 * time.Millisecond
	rep, err := n.announce(t.Context(), request{url: tracker})
	if err != nil || rep.seeds != 3 {
		t.Error(rep, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 2 {
		t.Error(len(seen), "transactions")
	}
}

func TestUDPFailures(t *testing.T) {
	for name, test := range map[string]struct {
		answer func(p []byte) [][]byte
		want   string
	}{
		"refused at connect":  {func(p []byte) [][]byte { return [][]byte{append(words(3, serial(p)), "go\x00away\xff"...)} }, "goaway\ufffd"},
		"refused at announce": {refuseAnnounce, "Connection ID missmatch."},
		"short connect":       {func(p []byte) [][]byte { return [][]byte{words(0, serial(p), 1)} }, "too short"},
		"short announce":      {shortAnnounce, "too short"},
		"silence":             {func([]byte) [][]byte { return nil }, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			n := testNetwork(t, nil)
			n.resend = 10 * time.Millisecond
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := n.announce(ctx, request{url: udpTracker(t, "127.0.0.1:0", test.answer)})
			if err == nil || !strings.Contains(explain(err), test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func refuseAnnounce(p []byte) [][]byte {
	if action(p) == 0 {
		return wellBehaved(p, nil)
	}
	return [][]byte{append(words(3, serial(p)), "Connection ID missmatch.\x00"...)}
}

func shortAnnounce(p []byte) [][]byte {
	if action(p) == 0 {
		return wellBehaved(p, nil)
	}
	return [][]byte{words(1, serial(p), 1800, 4)}
}

func TestUDPNobodyThere(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := conn.LocalAddr().String()
	conn.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := testNetwork(t, nil).announce(ctx, request{url: "udp://" + addr}); err == nil || !strings.Contains(explain(err), "nothing listens") {
		t.Error(err)
	}
	for _, bad := range []string{"udp://127.0.0.1", "udp://127.0.0.1:0", "wss://127.0.0.1:1", "://", "udp://127.0.0.1:99999"} {
		if _, err := testNetwork(t, nil).announce(ctx, request{url: bad}); err == nil {
			t.Error(bad, "works")
		}
	}
}

func TestUDPOtherAddressFamily(t *testing.T) {
	tracker := udpTracker(t, "127.0.0.1:0", func(p []byte) [][]byte { return wellBehaved(p, nil) })
	port := tracker[strings.LastIndex(tracker, ":"):]
	if _, err := testNetwork(t, nil).announce(t.Context(), request{url: "udp://localhost" + port}); err != nil {
		t.Error("localhost is ::1 and 127.0.0.1 as well:", err)
	}
}
