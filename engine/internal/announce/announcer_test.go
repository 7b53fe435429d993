package announce

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a transport whose answers a test writes. Its lock makes it usable from
// all requests; the announcer is not synchronised by it.
type fake struct {
	mu     sync.Mutex
	begin  time.Time
	sent   []sent
	answer func(ctx context.Context, r request) (reply, error)

	scrapes []asked
	tell    func(url string, ids [][20]byte) (map[[20]byte]counts, error)
}

// asked is one scrape.
type asked struct {
	url   string
	ids   [][20]byte
	after time.Duration
}

type sent struct {
	request
	after time.Duration
}

func (f *fake) announce(ctx context.Context, r request) (reply, error) {
	f.mu.Lock()
	f.sent = append(f.sent, sent{r, time.Since(f.begin)})
	answer := f.answer
	f.mu.Unlock()
	if answer == nil {
		return reply{interval: 30 * time.Minute}, nil
	}
	return answer(ctx, r)
}

func (f *fake) scrape(ctx context.Context, url string, ids [][20]byte) (map[[20]byte]counts, error) {
	f.mu.Lock()
	f.scrapes = append(f.scrapes, asked{url, ids, time.Since(f.begin)})
	tell := f.tell
	f.mu.Unlock()
	if tell == nil {
		return nil, errors.New("down")
	}
	return tell(url, ids)
}

func (f *fake) changed() {}
func (f *fake) close()   {}

// log returns what was announced, like "a:started b:", and forgets it.
func (f *fake) log() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var words []string
	for _, r := range f.sent {
		words = append(words, strings.TrimPrefix(r.url, "http://")+":"+r.event.String())
	}
	f.sent = nil
	return strings.Join(words, " ")
}

func (f *fake) set(answer func(context.Context, request) (reply, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func down(context.Context, request) (reply, error) { return reply{}, errors.New("down") }

func hang(ctx context.Context, _ request) (reply, error) {
	<-ctx.Done()
	return reply{}, ctx.Err()
}

// run runs test with a running announcer in a synctest bubble and returns after
// Run has.
func run(t *testing.T, change func(*Config), test func(a *Announcer, f *fake)) {
	synctest.Test(t, func(t *testing.T) {
		cfg := testConfig
		cfg.Loopback = false
		if change != nil {
			change(&cfg)
		}
		a, f := New(cfg), &fake{begin: time.Now()}
		a.via, a.shuffle = f, func([]*tracker) {}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- a.Run(ctx) }()
		test(a, f)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func torrentOf(tiers ...[]string) Torrent {
	return Torrent{ID: [20]byte{1}, Tiers: tiers, Stats: func() Stats { return Stats{Left: 1} }, Peers: func([]netip.AddrPort) {}}
}

func expect(t *testing.T, f *fake, want string) {
	t.Helper()
	synctest.Wait()
	if got := f.log(); got != want {
		t.Errorf("announced %q, want %q", got, want)
	}
}

func TestEvents(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		tor := torrentOf([]string{"http://a"})
		a.Start(tor)
		a.Start(tor)
		expect(t, f, "a:started")
		time.Sleep(31 * time.Minute)
		expect(t, f, "a:")
		a.Completed(tor.ID)
		a.Completed(tor.ID)
		expect(t, f, "a:completed")
		time.Sleep(61 * time.Minute)
		expect(t, f, "a: a:")
		a.Stop(tor.ID)
		a.Stop(tor.ID)
		expect(t, f, "a:stopped")
		a.Completed(tor.ID)
		a.Force(tor.ID)
		time.Sleep(time.Hour)
		expect(t, f, "")
		a.Start(tor)
		expect(t, f, "a:started")
	})
}

func TestNoCompletedForSeed(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		tor := torrentOf([]string{"http://a"})
		tor.Stats = func() Stats { return Stats{} }
		a.Start(tor)
		a.Completed(tor.ID)
		expect(t, f, "a:started")
	})
}

func TestCompletedBeforeStartedIsAnswered(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(down)
		a.Start(torrentOf([]string{"http://a"}))
		a.Completed([20]byte{1})
		expect(t, f, "a:started")
		f.set(nil)
		time.Sleep(5 * time.Second)
		expect(t, f, "a:started a:completed")
	})
}

func TestCompletedIsRepeated(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		a.Start(torrentOf([]string{"http://a"}))
		expect(t, f, "a:started")
		f.set(down)
		a.Completed([20]byte{1})
		expect(t, f, "a:completed")
		f.set(nil)
		time.Sleep(20 * time.Second)
		expect(t, f, "a:completed")
		time.Sleep(31 * time.Minute)
		expect(t, f, "a:")
	})
}

func TestTiers(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(func(_ context.Context, r request) (reply, error) {
			if r.url == "http://a" {
				return reply{}, errors.New("down")
			}
			return reply{interval: time.Hour, counts: counts{2, 3, -1}}, nil
		})
		a.Start(torrentOf([]string{"http://a", "http://b", "http://c"}, []string{"http://d", "http://a"}))
		synctest.Wait()
		list := a.Status([20]byte{1})
		urls := ""
		for _, s := range list {
			urls += s.URL[7:]
		}
		if urls != "abcd" || list[0].State != Failing || list[0].Message != "down" || list[1].State != Working || list[1].Seeds != 2 ||
			list[1].Leeches != 3 || list[2].State != Reserve || list[2].Seeds != -1 || list[3].Tier != 1 || !list[0].Next.IsZero() ||
			list[1].Next.Sub(list[1].Last) != time.Hour {
			t.Errorf("%+v", list)
		}
		got := strings.Fields(f.log())
		slices.Sort(got)
		if want := []string{"a:started", "b:started", "d:started"}; !slices.Equal(got, want) {
			t.Errorf("announced %q", got)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := f.log(); got != "b: d:" && got != "d: b:" {
			t.Error("the working tracker is not asked first:", got)
		}
		time.Sleep(2 * time.Minute)
		f.set(down)
		a.Force([20]byte{1})
		synctest.Wait()
		if got := strings.ReplaceAll(f.log(), "d: ", ""); got != "b: a:started c:started" && got != "b: a:started c:started d:" {
			t.Error("not the working tracker first, then the others in order:", got)
		}
	})
}

func TestBackoff(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(down)
		a.Start(torrentOf([]string{"http://a"}))
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		want := []float64{0, 3, 15, 30, 60, 120, 240, 480, 960, 1800, 1800, 1800, 1800}
		for i, s := range f.sent[:len(want)] {
			var gap float64
			if i > 0 {
				gap = (s.after - f.sent[i-1].after).Seconds()
			}
			if gap < 0.79*want[i] || gap > 1.21*want[i] || s.event != started {
				t.Errorf("announce %d %v after %.1f s, want %.0f s", i, s.event, gap, want[i])
			}
		}
	})
}

func TestRetryIn(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(func(context.Context, request) (reply, error) { return reply{}, &refusedError{"no", time.Hour} })
		a.Start(torrentOf([]string{"http://a"}))
		time.Sleep(59 * time.Minute)
		expect(t, f, "a:started")
		time.Sleep(2 * time.Minute)
		expect(t, f, "a:started")
	})
}

func TestIntervals(t *testing.T) {
	for _, test := range []struct {
		loopback          bool
		told, least, want time.Duration
	}{
		{false, 0, 0, 30 * time.Minute},
		{false, time.Second, 0, time.Minute},
		{false, time.Hour, 0, time.Hour},
		{false, time.Minute, 2 * time.Minute, 2 * time.Minute},
		{false, longInterval, 0, 24 * time.Hour},
		{true, 10 * time.Second, 0, 10 * time.Second},
		{true, time.Millisecond, 0, time.Second},
	} {
		run(t, func(c *Config) { c.Loopback = test.loopback }, func(a *Announcer, f *fake) {
			f.set(func(context.Context, request) (reply, error) {
				return reply{interval: test.told, minInterval: test.least}, nil
			})
			a.Start(torrentOf([]string{"http://a"}))
			synctest.Wait()
			s := a.Status([20]byte{1})[0]
			if got := s.Next.Sub(s.Last); got != test.want {
				t.Errorf("%+v: %v", test, got)
			}
		})
	}
}

func TestForce(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		id := [20]byte{1}
		a.Start(torrentOf([]string{"http://a"}))
		expect(t, f, "a:started")
		time.Sleep(50 * time.Second)
		a.Force(id)
		a.Force(id)
		expect(t, f, "")
		time.Sleep(10 * time.Second)
		expect(t, f, "a:")
		time.Sleep(10 * time.Minute)
		f.set(down)
		a.Force(id)
		expect(t, f, "a:")
		a.Force(id)
		expect(t, f, "a:")
	})
}

func TestAddTrackers(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		a.Start(torrentOf())
		synctest.Wait()
		a.SetTrackers([20]byte{1}, [][]string{{"http://a"}, {}, {"http://b"}})
		a.SetTrackers([20]byte{1}, [][]string{{"http://a"}, {"http://b"}, {"http://b", "http://c"}})
		a.SetTrackers([20]byte{2}, [][]string{{"http://x"}})
		synctest.Wait()
		got := strings.Fields(f.log())
		slices.Sort(got)
		if want := []string{"a:started", "b:started", "c:started"}; !slices.Equal(got, want) {
			t.Errorf("announced %q", got)
		}
		if list := a.Status([20]byte{1}); len(list) != 3 || list[2].Tier != 2 {
			t.Errorf("%+v", list)
		}
	})
}

// slow answers after a second, even if the request was given up.
func slow(context.Context, request) (reply, error) {
	time.Sleep(time.Second)
	return reply{interval: time.Hour, peers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")}}, nil
}

func TestQuickRestartKeepsOrder(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		tor := torrentOf([]string{"http://a"})
		tor.Peers = func([]netip.AddrPort) { t.Error("peers after Stop") }
		f.set(slow)
		a.Start(tor)
		expect(t, f, "a:started")
		a.Stop(tor.ID)
		tor.Peers = func([]netip.AddrPort) {}
		a.Start(tor)
		expect(t, f, "")
		time.Sleep(time.Second)
		expect(t, f, "a:stopped")
		time.Sleep(time.Second)
		expect(t, f, "a:started")
	})
}

func TestStopBeforeAnswer(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(hang)
		a.Start(torrentOf([]string{"http://a"}))
		expect(t, f, "a:started")
		f.set(nil)
		a.Stop([20]byte{1})
		expect(t, f, "a:stopped")

		f.set(down)
		a.Start(torrentOf([]string{"http://b"}))
		expect(t, f, "b:started")
		a.Stop([20]byte{1})
		expect(t, f, "")

		f.set(func(context.Context, request) (reply, error) {
			time.Sleep(time.Second)
			return reply{}, errors.New("down")
		})
		a.Start(torrentOf([]string{"http://c"}))
		a.Completed([20]byte{1})
		a.Stop([20]byte{1})
		time.Sleep(time.Minute)
		expect(t, f, "c:started")
		f.set(nil)
		a.Start(torrentOf([]string{"http://c"}))
		expect(t, f, "c:started")
	})
}

func TestCompletedBeforeStopped(t *testing.T) {
	for _, wait := range []bool{false, true} {
		run(t, nil, func(a *Announcer, f *fake) {
			f.set(func(ctx context.Context, r request) (reply, error) {
				select {
				case <-ctx.Done():
					t.Error("given up:", r.event)
				case <-time.After(time.Second):
				}
				return slow(ctx, r)
			})
			a.Start(torrentOf([]string{"http://a"}))
			if wait {
				time.Sleep(3 * time.Second)
			}
			a.Completed([20]byte{1})
			synctest.Wait()
			a.Stop([20]byte{1})
			time.Sleep(time.Minute)
			expect(t, f, "a:started a:completed a:stopped")
		})
	}
}

func TestStoppedStats(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		up := int64(1)
		tor := torrentOf([]string{"http://a"})
		tor.Stats = func() Stats { return Stats{Uploaded: up} }
		a.Start(tor)
		synctest.Wait()
		up = 2
		a.Stop(tor.ID)
		up = 3
		synctest.Wait()
		if got := f.sent[1]; got.stats.Uploaded != 2 || got.want() != 0 || got.event != stopped {
			t.Errorf("%+v", got)
		}
	})
}

func TestShutdown(t *testing.T) {
	for _, dead := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			a, f := New(testConfig), &fake{begin: time.Now()}
			a.via = f
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- a.Run(ctx) }()
			for i := range 200 {
				tor := torrentOf([]string{"http://a"}, []string{"http://b"})
				tor.ID[1] = byte(i)
				a.Start(tor)
			}
			synctest.Wait()
			f.log()
			f.set(func(ctx context.Context, r request) (reply, error) {
				if dead && r.url == "http://a" {
					return hang(ctx, r)
				}
				return slow(ctx, r)
			})
			begin := time.Now()
			cancel()
			synctest.Wait()
			a.Start(torrentOf([]string{"http://late"})) // must not block
			if a.Status([20]byte{1}) != nil {
				t.Error("a status while it ends")
			}
			<-ended
			if took := time.Since(begin); took > 3*time.Second {
				t.Error("took", took)
			}
			// b is asked 100 at a time, and no third time once a is late.
			if got := strings.Count(f.log(), "b:stopped"); got != 200 {
				t.Error(got, "stopped")
			}
		})
	}
}

func TestBounds(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(slow)
		for i := range 20 {
			tor := torrentOf([]string{"http://a"})
			tor.ID[1] = byte(i)
			a.Start(tor)
		}
		expect(t, f, strings.TrimSpace(strings.Repeat("a:started ", 6)))
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if n := strings.Count(f.log(), "a:started"); n != 14 {
			t.Error(n, "more announces")
		}
		tiers := make([][]string, 150)
		for i := range tiers {
			tiers[i] = []string{"http://" + string(rune('b'+i%20)) + strings.Repeat("x", i)}
		}
		a.Start(Torrent{ID: [20]byte{9}, Tiers: tiers, Stats: func() Stats { return Stats{} }, Peers: func([]netip.AddrPort) {}})
		synctest.Wait()
		if n := strings.Count(f.log(), "started"); n != 100 {
			t.Error(n, "announces at the same time")
		}
	})
}

func TestTrackerIDAndUnknownLeft(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(func(context.Context, request) (reply, error) { return reply{trackerID: "id"}, nil })
		tor := torrentOf([]string{"http://a"})
		tor.Stats = func() Stats { return Stats{Left: -1} }
		var changes int
		tor.Changed = func() { changes++ }
		a.Start(tor)
		synctest.Wait()
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		if f.sent[0].trackerID != "" || f.sent[1].trackerID != "id" || f.sent[0].left() != unknownLeft {
			t.Errorf("%+v", f.sent)
		}
		if changes < 5 {
			t.Error(changes, "changes")
		}
	})
}

func TestDeadHostHoldsUpNobody(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(func(ctx context.Context, r request) (reply, error) {
			if r.url == "http://a" {
				return hang(ctx, r)
			}
			return reply{interval: 24 * time.Hour}, nil
		})
		for i := range 200 {
			tor := torrentOf([]string{"http://a", "http://b"})
			tor.ID[1] = byte(i)
			a.Start(tor)
		}
		time.Sleep(2*announceTimeout + time.Second)
		synctest.Wait()
		got := f.log()
		if n := strings.Count(got, "b:started"); n != 200 {
			t.Error(n, "torrents got on to the second tracker")
		}
		if n := strings.Count(got, "a:started"); n > 8 { // six at once, and one for each of the first two that fail
			t.Error(n, "requests to a dead host")
		}
		if s := a.Status([20]byte{1, 199}); s[0].State != Failing || s[0].Message != errSilent.Error() {
			t.Errorf("%+v", s)
		}
		f.set(nil)
		time.Sleep(time.Minute)
		tor := torrentOf([]string{"http://a"})
		tor.ID[2] = 1
		a.Start(tor)
		expect(t, f, "a:started")
	})
}

func TestDeadLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lanes{total: 9, each: 9, hosts: map[string]*lane{"h": {}}}
		end := func(took time.Duration, err error) {
			j := &job{tr: &tracker{host: "h"}, ctx: t.Context(), begin: time.Now()}
			time.Sleep(took)
			l.done(j, err)
		}
		for _, step := range []struct {
			took time.Duration
			err  error
			dead bool
		}{
			{deadWait, errSilent, false},
			{deadWait, errSilent, false},
			{deadWait, nil, false},
			{deadWait, errSilent, false},
			{deadWait, errSilent, false},
			{deadWait, &refusedError{}, false},
			{deadWait, errSilent, false},
			{deadWait, errSilent, false},
			{time.Second, errors.New("connection refused"), false},
			{deadWait, errSilent, false},
			{deadWait, errSilent, false},
			{deadWait, errSilent, true},
		} {
			end(step.took, step.err)
			if got := l.hosts["h"].dead(time.Now()); (got != nil) != step.dead {
				t.Errorf("%+v: %v", step, got)
			}
		}
		time.Sleep(deadPause)
		if l.hosts["h"].dead(time.Now()) != nil {
			t.Error("dead for good")
		}
	})
}
