package announce

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/internal/route"
)

var bothDoors = []door{{IPv4, "192.0.2.1:1"}, {IPv6, "[2001:db8::1]:1"}}

var (
	peer4 = netip.MustParseAddrPort("192.0.2.1:1")
	peer6 = netip.MustParseAddrPort("[2001:db8::1]:1")
)

// TestEach has both families and both info hashes of a hybrid announced.
func TestEach(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	var found []netip.AddrPort
	r := request{id: [20]byte{1}, twin: [20]byte{2}, found: func(p []netip.AddrPort) {
		mu.Lock()
		defer mu.Unlock()
		found = append(found, p...)
	}}
	all := each(t.Context(), bothDoors, r, func(_ context.Context, d door, r request) (reply, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, fmt.Sprint(d.family, r.id[0], r.twin[0]))
		if d.family == IPv4 {
			return reply{interval: time.Minute, counts: counts{1, 2, 9}, peers: []netip.AddrPort{peer4}}, nil
		}
		return reply{interval: time.Hour, minInterval: time.Second, counts: counts{3, -1, -1}, warning: "old", peers: []netip.AddrPort{peer6}}, nil
	})
	slices.Sort(asked)
	if fmt.Sprint(asked) != "[IPv4 1 0 IPv4 2 0 IPv6 1 0 IPv6 2 0]" || len(found) != 4 {
		t.Error(asked, found)
	}
	rep, err := merge(all)
	if err != nil || rep.families != IPv4|IPv6 || rep.counts != (counts{3, 2, 9}) || rep.minInterval != time.Second || rep.warning != "old" || len(rep.peers) > 0 {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestMerge(t *testing.T) {
	unreachable := &net.OpError{Err: syscall.ENETUNREACH}
	ok := reply{interval: time.Hour, counts: noCounts}
	for _, test := range []struct {
		name string
		all  []answer
		want string
	}{
		{"one family leads nowhere", []answer{{IPv6, false, reply{}, unreachable}, {IPv4, false, ok, nil}}, "IPv4: "},
		{"no answer tells more than no way", []answer{{IPv6, false, reply{}, unreachable}, {IPv4, false, reply{}, errSilent}}, errSilent.Error()},
		{"no way at all", []answer{{IPv6, false, reply{}, unreachable}, {IPv4, false, reply{}, unreachable}}, "network cannot be reached"},
		{"a reason tells most", []answer{{IPv6, false, reply{}, errSilent}, {IPv4, false, reply{}, &refusedError{"not registered", 0}}}, "not registered"},
		{"half", []answer{{IPv4, false, ok, nil}, {IPv4, true, reply{}, &refusedError{"not registered", 0}}}, "IPv4: the v2 info hash: not registered"},
		{"other half", []answer{{IPv4, false, reply{}, &refusedError{"not registered", 0}}, {IPv4, true, ok, nil}}, "IPv4: the v1 info hash: not registered"},
	} {
		rep, err := merge(test.all)
		got := fmt.Sprintf("%v: %s", rep.families, rep.warning)
		if err != nil {
			got = explain(err)
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

// TestSecondFamilyIsNotWaitedFor has an answer over one family and none over the other.
func TestSecondFamilyIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var early time.Duration
		r := request{found: func([]netip.AddrPort) { early = time.Since(begin) }}
		all := each(t.Context(), bothDoors, r, func(ctx context.Context, d door, _ request) (reply, error) {
			if d.family == IPv6 {
				<-ctx.Done()
				return reply{}, ctx.Err()
			}
			time.Sleep(time.Second)
			return reply{interval: time.Hour, peers: []netip.AddrPort{peer4}}, nil
		})
		rep, err := merge(all)
		if took := time.Since(begin); took != time.Second+secondWait || early != time.Second || err != nil || rep.families != IPv4 {
			t.Error(took, early, rep, err)
		}
	})
}

// TestBothFamilies asks a tracker at a name that has an IPv4 and an IPv6 address.
func TestBothFamilies(t *testing.T) {
	if _, err := net.DefaultResolver.LookupNetIP(t.Context(), "ip6", "localhost"); err != nil {
		t.Skip("localhost has no IPv6 address here")
	}
	var mu sync.Mutex
	var from []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip, _ := netip.ParseAddrPort(r.RemoteAddr)
		mu.Lock()
		from = append(from, familyOf(ip.Addr()).String())
		mu.Unlock()
		fmt.Fprint(w, "d8:intervali1800e11:external ip4:\x01\x02\x03\x045:peers0:e")
	})
	l6, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	port := l6.Addr().(*net.TCPAddr).Port
	l4, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Skip("the port is taken:", err)
	}
	for _, l := range []net.Listener{l4, l6} {
		s := httptest.NewUnstartedServer(handler)
		s.Listener.Close()
		s.Listener = l
		s.Start()
		defer s.Close()
	}
	rep, err := testNetwork(t, nil).announce(t.Context(), request{url: fmt.Sprintf("http://localhost:%d/announce", port)})
	slices.Sort(from)
	if err != nil || rep.families != IPv4|IPv6 || fmt.Sprint(from) != "[IPv4 IPv6]" || rep.external != netip.MustParseAddr("1.2.3.4") {
		t.Errorf("%v %+v %v", from, rep, err)
	}
}

func TestTwinIsAnnounced(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		tor := torrentOf([]string{"http://a"})
		tor.Twin = [20]byte{2}
		a.Start(tor)
		synctest.Wait()
		a.SetTwin(tor.ID, [20]byte{3})
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(f.sent) != 2 || f.sent[0].twin != tor.Twin || f.sent[1].twin[0] != 3 {
			t.Errorf("%+v", f.sent)
		}
	})
}

func TestRuleErrorsDisable(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(func(_ context.Context, r request) (reply, error) {
			switch r.url {
			case "http://a":
				return reply{}, fmt.Errorf("dial: %w", &route.ClosedError{Reason: "no way"})
			case "http://b":
				return reply{}, &refusedError{"not registered", 0}
			}
			return reply{}, errors.New("down")
		})
		a.Start(torrentOf([]string{"http://a"}, []string{"http://b"}, []string{"http://c"}))
		synctest.Wait()
		var got []string
		for _, st := range a.Status([20]byte{1}) {
			got = append(got, fmt.Sprint(st.State, " ", st.Message))
		}
		want := []string{
			fmt.Sprint(Disabled, " ", "no way"),
			fmt.Sprint(Refusing, " not registered"), fmt.Sprint(Failing, " down"),
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
