package swarm

import (
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// TestStandby has a seed woken by a leech, over each transport and encryption.
func TestStandby(t *testing.T) {
	encrypted := &Session{Limits: plane.NoLimits, MaxSlots: plane.Unlimited, Connections: plane.Unlimited, Encryption: 3}
	for _, c := range []struct {
		name string
		cfg  Config
	}{
		{"tcp", Config{}},
		{"tcp, encrypted", Config{Session: encrypted}},
		{"utp", Config{UTP: true, DialUTPOnly: true}},
		{"utp, encrypted", Config{UTP: true, DialUTPOnly: true, Session: encrypted}},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			raw, _ := sample(t, from, 7, testLength)
			seed, leech := newSide(t, c.cfg), newSide(t, c.cfg)
			var woken atomic.Int32
			wake := make(chan struct{}, 10)
			seed.StandBy([][20]byte{metainfo.HashBytes(raw)}, false, func() { woken.Add(1); wake <- struct{}{} }, nil)
			leech.run(t, to, raw, false, seed.at("127.0.0.1"))
			<-wake
			seed.run(t, from, raw, true)
			for deadline := time.Now().Add(20 * time.Second); !leech.disk.Have().All(); time.Sleep(10 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%d of %d pieces; woken %d times", leech.disk.Have().Count(), testPieces, woken.Load())
				}
			}
			if woken.Load() != 1 || len(seed.standby) != 0 {
				t.Errorf("woken %d times, %d stand by", woken.Load(), len(seed.standby))
			}
		})
	}
}

// TestStandbyHashes knocks under both info hashes of a hybrid, and leaves again.
func TestStandbyHashes(t *testing.T) {
	s := newSide(t, Config{})
	ids := [][20]byte{{1}, {2}}
	wake := make(chan struct{}, 10)
	for _, id := range ids {
		s.StandBy(ids, true, func() { wake <- struct{}{} }, nil)
		for _, id := range ids {
			if got, ok := s.knows(wire.Mark(id)); !ok || got != id {
				t.Errorf("the key of %x: %x, %t", id, got, ok)
			}
		}
		c := s.knock(t, id)
		<-wake
		if !s.Awaited(ids[0]) {
			t.Error("nobody waits")
		}
		s.Leave(ids[0])
		if n, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%d bytes of an answer though it did not start", n)
		}
		if _, ok := s.knows(wire.Mark(id)); ok || s.Awaited(ids[0]) {
			t.Error("it stands by still")
		}
	}
	if len(wake) != 0 || len(s.standby)+len(s.marks) != 0 {
		t.Errorf("%d calls too many; %d, %d are left", len(wake), len(s.standby), len(s.marks))
	}
}

func (s *side) knows(mark [20]byte) ([20]byte, bool) { return registry{s.Client}.Key(mark) }

// knock shakes hands up to the answer.
func (s *side) knock(t *testing.T, id [20]byte) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.Port())).String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	hello := "\x13BitTorrent protocol" + string(make([]byte, 8)) + string(id[:]) + "-XX0000-" + strconv.Itoa(100000000000)
	if _, err := c.Write([]byte(hello)); err != nil {
		t.Fatal(err)
	}
	return c
}
