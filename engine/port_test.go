package engine

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// portOf waits until the snapshot has a port, and returns what was told meanwhile.
func portOf(t *testing.T, e *Engine, port int) (said string) {
	t.Helper()
	for u := range e.Updates() {
		for _, ev := range u.Events {
			said += ev.Text
		}
		if u.Snapshot.Port == port {
			return said
		}
	}
	t.Fatalf("the port is never %d; it says %q", port, said)
	return ""
}

func TestPortChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		control := &fakeControl{taken: 700}
		e, stop := serve(t, control)
		defer stop()
		u := <-e.Updates()
		v := u.Snapshot.Settings
		set := func(port int) {
			v.Port = port
			if err := e.SetSettings(t.Context(), v); err != nil {
				t.Fatal(err)
			}
		}
		set(600)
		set(601) // at once: the last one counts
		portOf(t, e, 601)
		set(700)
		time.Sleep(time.Second)
		if u = <-e.Updates(); u.Snapshot.Port != 601 || len(u.Events) != 1 || !strings.Contains(u.Events[0].Text, "go on connecting at port 601: the port is taken") {
			t.Errorf("port %d, events %v", u.Snapshot.Port, u.Events)
		}
		set(0)
		time.Sleep(time.Second)
		u = <-e.Updates()
		if p := u.Snapshot.Port; p < firstPort || p != u.Snapshot.Settings.Port {
			t.Errorf("the chosen port is %d, the settings have %d", p, u.Snapshot.Settings.Port)
		}
	})
}

func TestListenAt(t *testing.T) {
	at := netip.MustParseAddrPort
	tests := []struct {
		name  string
		cfg   Config
		saved int
		want  string // "" for a port that is chosen
		more  int
	}{
		{"a new profile", Config{}, 0, "", portTries - 1},
		{"saved", Config{}, 6881, "0.0.0.0:6881", portTries},
		{"any", Config{Listen: at("127.0.0.5:0")}, 6881, "127.0.0.5:0", 0},
		{"this time", Config{Port: 700}, 6881, "0.0.0.0:700", 0},
		{"this time, at an address", Config{Port: 700, Listen: at("127.0.0.5:0")}, 6881, "127.0.0.5:700", 0},
		{"an address and a port", Config{Listen: at("127.0.0.5:9")}, 6881, "127.0.0.5:9", 0},
	}
	for _, tt := range tests {
		s := newState(New(tt.cfg))
		s.kept = DefaultSettings()
		s.kept.Port = tt.saved
		s.settings = standIn(s.kept, s.cfg)
		got, otherwise := s.listenAt()
		if tt.want == "" && (got.Port() < firstPort || got.Addr() != netip.IPv4Unspecified()) || tt.want != "" && got.String() != tt.want || len(otherwise) != tt.more {
			t.Errorf("%s: at %v, otherwise at %d ports", tt.name, got, len(otherwise))
		}
	}
}

// The port of the first start is that of the second, and changes at run time.
func TestPortIsKept(t *testing.T) {
	profile := t.TempDir()
	cfg := Config{Profile: profile, Dir: t.TempDir(), Loopback: true}
	listens := func(s *Snapshot) bool { return s.Port != 0 }
	b := launch(t, cfg)
	b.await("a port", listens)
	first := b.snap.Port
	if first < firstPort || b.snap.Settings.Port != first {
		t.Errorf("at first port %d, the settings have %d", first, b.snap.Settings.Port)
	}
	b.stop()
	b = launch(t, cfg)
	b.await("a port", listens)
	if v := b.snap.Settings; v.Port != first || b.snap.Port != first && len(b.events) == 0 {
		t.Errorf("then port %d, the settings have %d, at first it was %d", b.snap.Port, v.Port, first)
	}
	v := b.snap.Settings
	v.Port = 0
	if err := b.SetSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	b.await("another port", func(s *Snapshot) bool { return s.Port != first && s.Settings.Port == s.Port })
	at := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(b.snap.Port)).String()
	c, err := net.Dial("tcp4", at)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}
