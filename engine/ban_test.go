package engine

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"piecewise/engine/internal/swarm"
	"piecewise/engine/internal/wire"
)

// bannedControl keeps what the data plane would call.
type bannedControl struct {
	fakeControl
	banned chan func(netip.AddrPort, int)
}

func (f *bannedControl) Add(spec swarm.Spec) (carrier, error) {
	f.banned <- spec.Open.Banned
	return &fakeCarrier{}, nil
}

func TestBan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		control := &bannedControl{banned: make(chan func(netip.AddrPort, int), 1)}
		e, stop := serve(t, control)
		src := must[*Source](t)(Open(t.Context(), sample(t, t.TempDir(), map[string]int{"a": 5}), true))
		id, err := e.Add(t.Context(), src, AddOptions{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Watch(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		at := func(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
		caught := <-control.banned
		caught(at("10.0.0.1:1"), 7)
		caught(at("10.0.0.1:2"), 8) // the same machine
		synctest.Wait()
		for _, a := range []string{"10.0.0.2:2", "[2001:db8::1]:3"} {
			if err := e.Ban(t.Context(), at(a)); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Unban(t.Context(), at("10.0.0.2:0")); err != nil {
			t.Fatal(err)
		}
		if err := e.Ban(t.Context(), netip.AddrPort{}); err == nil {
			t.Error("nobody was banned")
		}
		var snap *Snapshot
		for range 8 { // two seconds
			snap = (<-e.Updates()).Snapshot
		}
		var got []string
		for _, b := range snap.Bans {
			got = append(got, fmt.Sprintf("%v %v %s", b.Addr, b.Torrent == id, b.Why))
		}
		want := []string{"10.0.0.1:0 true Sent a wrong block of piece 7.", "[2001:db8::]:0 false Banned by you."}
		if !slices.Equal(got, want) {
			t.Errorf("bans are %q, not %q", got, want)
		}
		told := 0
		for _, line := range snap.Detail.Log {
			if strings.Contains(line.Text, "10.0.0.1:1 was banned: it sent a wrong block of piece 7.") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("the log tells of it %d times: %v", told, snap.Detail.Log)
		}
		stop()
		if want := []string{"ban 10.0.0.2:2", "ban [2001:db8::1]:3", "unban 10.0.0.2:0"}; !slices.Equal(control.bans, want) {
			t.Errorf("the control plane heard %q, not %q", control.bans, want)
		}
	})
}

func TestBansAreBounded(t *testing.T) {
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 0)
	}
	s := &state{}
	for i := range wire.MaxBans {
		s.bans = append(s.bans, Ban{Addr: at(i)})
	}
	for i := range 10 {
		s.banned(Ban{Addr: at(wire.MaxBans + i)})
	}
	if n := len(s.bans); n != wire.MaxBans || s.bans[0].Addr.Addr() != netip.MustParseAddr("10.0.0.10") {
		t.Errorf("%d bans, from %v on", n, s.bans[0].Addr)
	}
}
