package engine

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/store"
)

// The filter of a file and of what was typed holds, is read again when the file
// changes, and what was read holds on when the file is gone.
func TestFilter(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.p2p")
	write := func(text string) {
		t.Helper()
		ok(t, os.WriteFile(list, []byte(text), 0o600))
	}
	write("a:1.2.3.0-1.2.3.255\nnonsense\n")
	cfg := loopbackConfig(t.TempDir(), t.TempDir())
	b := launch(t, cfg)
	b.await("a snapshot", func(s *Snapshot) bool { return s.Port != 0 })
	v := b.snap.Settings
	v.IPFilter, v.FilterFile, v.FilterRanges = true, list, "10.0.0.0/8\n1.2.3.4"
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the filter", func(s *Snapshot) bool { return s.Filter.On && !s.Filter.Loading })
	if f := b.snap.Filter; f.Rules != 3 || f.Ranges != 2 || f.Bad != 1 || !strings.HasPrefix(f.FirstBad, "line 2, “nonsense”") || f.Err != "" || f.Loaded.IsZero() {
		t.Errorf("%+v", f)
	}
	b.stop()

	b = launch(t, cfg) // it is read at the start
	b.await("the filter again", func(s *Snapshot) bool { return s.Filter.On && !s.Filter.Loading && s.Filter.Rules == 3 })
	write("a:1.2.3.0-1.2.3.255\nb:5.6.7.8-5.6.7.8\n")
	ok(t, b.ReloadFilter(t.Context()))
	b.await("the new file", func(s *Snapshot) bool { return s.Filter.Rules == 4 && s.Filter.Bad == 0 })
	ok(t, os.Remove(list))
	ok(t, b.ReloadFilter(t.Context()))
	b.await("the file to be missed", func(s *Snapshot) bool { return s.Filter.Err != "" })
	if f := b.snap.Filter; f.Rules != 4 || f.Loading || !strings.Contains(f.Err, "no such file") {
		t.Errorf("%+v", f)
	}
	v = b.snap.Settings
	v.IPFilter = false
	ok(t, b.SetSettings(t.Context(), v))
	b.await("the end of the filter", func(s *Snapshot) bool { return !s.Filter.On && s.Filter.Rules == 0 })
	if err := b.ReloadFilter(t.Context()); err == nil {
		t.Error("a filter that is off is read")
	}
}

// A file that changes is noticed without being asked.
func TestFilterFileChanges(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list.dat")
	ok(t, os.WriteFile(list, []byte("1.2.3.4"), 0o600))
	s := newState(New(Config{}))
	s.settings.IPFilter, s.settings.FilterFile = true, list
	work := func() {
		for len(s.tasks.todo) > 0 {
			j := s.tasks.todo[0]
			s.tasks.todo = s.tasks.todo[1:]
			if f := j(); f != nil {
				f(s)
			}
		}
	}
	s.control = &fakeControl{}
	s.loadFilter()
	work()
	gate := s.filter.gate
	if s.filter.told.Rules != 1 || !gate.Refuses(netip.MustParseAddr("1.2.3.4")) || gate.Refuses(netip.MustParseAddr("1.2.3.5")) {
		t.Fatalf("%+v", s.filter.told)
	}
	s.ticks = 0
	s.watchFilter()
	work()
	if s.filter.loads != 1 || s.filter.told.Refused != 1 {
		t.Errorf("read %d times, %d refused", s.filter.loads, s.filter.told.Refused)
	}
	ok(t, os.WriteFile(list, []byte("1.2.3.4\n1.2.3.5"), 0o600))
	ok(t, os.Chtimes(list, time.Time{}, time.Now().Add(time.Hour)))
	s.watchFilter()
	work()
	if s.filter.told.Rules != 2 || !gate.Refuses(netip.MustParseAddr("1.2.3.5")) {
		t.Errorf("%+v", s.filter.told)
	}
	ok(t, os.Remove(list))
	s.watchFilter()
	work()
	s.watchFilter() // it is missed once only
	work()
	if s.filter.loads != 3 || len(s.next.Events) != 1 || !gate.Refuses(netip.MustParseAddr("1.2.3.5")) {
		t.Errorf("read %d times, events %v", s.filter.loads, s.next.Events)
	}
	s.loadFilter() // the user asks for it, in vain again
	work()
	if s.filter.loads != 4 || !gate.Refuses(netip.MustParseAddr("1.2.3.5")) || s.filter.told.Rules != 2 {
		t.Errorf("missed twice: %+v", s.filter.told)
	}
}

// While the first filter is being made nobody is let in.
func TestFilterIsShutAtFirst(t *testing.T) {
	r := readFilter(filepath.Join(t.TempDir(), "missing"), "9.9.9.9")
	if r.err == nil || r.filter.Ranges() != 1 {
		t.Errorf("%+v", r)
	}
	if r := readFilter(t.TempDir(), ""); r.err == nil || !strings.Contains(r.err.Error(), "not a file") {
		t.Errorf("a folder: %v", r.err)
	}
	s := newState(New(Config{}))
	s.control, s.settings.IPFilter = &fakeControl{}, true
	s.filter.gate.Shut()
	if !s.filter.gate.Refuses(netip.MustParseAddr("8.8.8.8")) {
		t.Error("somebody comes in")
	}
	s.filtered(r) // the file is missing: what was typed holds
	if s.filter.gate.Refuses(netip.MustParseAddr("8.8.8.8")) || !s.filter.gate.Refuses(netip.MustParseAddr("9.9.9.9")) {
		t.Error("not what was typed")
	}
}

// An engine that starts with a filter is shut until that is made.
func TestFilterIsShutAtTheStart(t *testing.T) {
	e := New(loopbackConfig(t.TempDir(), t.TempDir()))
	st, _, err := store.Open(e.cfg.Profile)
	ok(t, err)
	s := must[*state](t)(load(e, st))
	s.control, s.store, s.settings.IPFilter, s.settings.FilterRanges = &fakeControl{}, st, true, "9.9.9.9"
	hold := make(chan struct{})
	for range taskLanes { // whoever could make it has something else to do
		s.tasks.push(func() func(*state) { <-hold; return nil })
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.serve(ctx, s) }()
	refuses := func(a string) bool { return s.filter.gate.Refuses(netip.MustParseAddr(a)) }
	ok(t, e.do(t.Context(), func(*state) error { return nil })) // it has started
	if !refuses("8.8.8.8") {
		t.Error("somebody comes in")
	}
	close(hold)
	for late := time.Now().Add(patience); refuses("8.8.8.8") && time.Now().Before(late); {
		time.Sleep(time.Millisecond)
	}
	if refuses("8.8.8.8") || !refuses("9.9.9.9") {
		t.Error("it is not opened to all but who was typed")
	}
	cancel()
	ok(t, <-ended)
}

// Bans by hand hold after a restart, those of wrong blocks do not.
func TestBansAreKept(t *testing.T) {
	cfg := loopbackConfig(t.TempDir(), t.TempDir())
	b := launch(t, cfg)
	for _, a := range []string{"10.0.0.2:2", "[2001:db8::1]:3", "10.0.0.9:1"} {
		ok(t, b.Ban(t.Context(), netip.MustParseAddrPort(a)))
	}
	ok(t, b.do(t.Context(), func(s *state) error {
		s.banned(Ban{Addr: netip.MustParseAddrPort("10.0.0.3:0"), Torrent: ID{1}})
		return nil
	}))
	ok(t, b.Unban(t.Context(), netip.MustParseAddrPort("10.0.0.9:7")))
	b.await("the bans", func(s *Snapshot) bool { return len(s.Bans) == 3 })
	since := b.snap.Bans[0].Since
	b.stop()
	control := &fakeControl{}
	_, stop := serveAs(t, control, cfg)
	stop()
	if want := []string{"ban 10.0.0.2:0", "ban [2001:db8::]:0"}; !slices.Equal(control.bans, want) {
		t.Errorf("the peers are told %q, want %q", control.bans, want)
	}
	b = launch(t, cfg)
	b.await("the bans again", func(s *Snapshot) bool { return len(s.Bans) > 0 })
	if got := b.snap.Bans; len(got) != 2 || got[0].Addr.String() != "10.0.0.2:0" || got[0].Why != byYou || !got[0].Since.Equal(since) || got[1].Addr.String() != "[2001:db8::]:0" {
		t.Errorf("%+v", got)
	}
	ok(t, b.UnbanAll(t.Context()))
	b.stop()
	b = launch(t, cfg)
	b.await("a snapshot", func(s *Snapshot) bool { return s.Port != 0 })
	if len(b.snap.Bans) > 0 {
		t.Errorf("after their end there are %+v", b.snap.Bans)
	}
}
