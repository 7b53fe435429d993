package announce

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// urls are addresses of trackers by one letter, in tiers: "ab c" is [[a b] [c]].
func urls(text string) [][]string {
	var tiers [][]string
	for _, word := range strings.Fields(text) {
		var tier []string
		for _, c := range word {
			tier = append(tier, "http://"+string(c))
		}
		tiers = append(tiers, tier)
	}
	return tiers
}

// named returns the trackers of a torrent by one letter, in tiers.
func named(a *Announcer) string {
	text, last := "", 0
	for _, st := range a.Status([20]byte{1}) {
		if st.Tier != last {
			text += " "
		}
		text, last = text+st.URL[7:], st.Tier
	}
	return text
}

// downExcept has all trackers but some fail.
func downExcept(letters string) func(context.Context, request) (reply, error) {
	return func(_ context.Context, r request) (reply, error) {
		if strings.Contains(letters, r.url[7:]) {
			return reply{interval: time.Hour}, nil
		}
		return reply{}, errors.New("down")
	}
}

// expectAny is expect where the order does not matter.
func expectAny(t *testing.T, f *fake, want string) {
	t.Helper()
	synctest.Wait()
	got, words := strings.Fields(f.log()), strings.Fields(want)
	slices.Sort(got)
	slices.Sort(words)
	if !slices.Equal(got, words) {
		t.Errorf("announced %q, want %q", got, words)
	}
}

func TestOneTier(t *testing.T) {
	run(t, func(c *Config) { c.OneTier = true }, func(a *Announcer, f *fake) {
		id := [20]byte{1}
		f.set(downExcept("bcd"))
		a.Start(torrentOf(urls("a b c")...))
		expect(t, f, "a:started b:started")
		if st := a.Status(id); st[2].State != Reserve || !st[2].Next.IsZero() {
			t.Errorf("%+v", st[2])
		}
		f.set(downExcept("ab"))
		time.Sleep(4 * time.Second) // the first tier is tried again, answers, and the second is left alone
		expect(t, f, "a:started")
		time.Sleep(61 * time.Minute)
		expect(t, f, "a:")
		a.SetOneTier(false)
		expectAny(t, f, "b: c:started")
		a.SetOneTier(true)
		time.Sleep(61 * time.Minute)
		expect(t, f, "a:")
	})
}

func TestShuffled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := map[string]int{}
		a := New(testConfig)
		a.via = &fake{}
		s := newState(t.Context(), a)
		for i := range 200 {
			tor := torrentOf(urls("abcde")...)
			tor.ID[3] = byte(i)
			s.start(tor)
			u := s.torrents[tor.ID].tiers[0].trackers[0].url
			first[u]++
			if got := s.status(tor.ID)[0].URL; got != "http://a" {
				t.Fatal("the list is shown in another order:", got)
			}
		}
		for u, n := range first {
			if n < 10 {
				t.Errorf("%s is first %d times of 200", u, n)
			}
		}
		if len(first) != 5 {
			t.Error(first)
		}
		s.quiet()
	})
}

func TestSetTrackers(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		id := [20]byte{1}
		a.Start(torrentOf(urls("a b")...))
		synctest.Wait()
		f.log()
		next := a.Status(id)[0].Next
		a.SetTrackers(id, urls("a c"))
		expectAny(t, f, "b:stopped c:started")
		if st := a.Status(id); named(a) != "a c" || st[0].State != Working || st[0].Next != next {
			t.Errorf("%s %+v", named(a), st)
		}
		a.SetTrackers(id, urls("c a")) // another order is no news for trackers
		expect(t, f, "")
		a.SetTrackers(id, urls("xca")) // nor is one tier instead of two, of which the first that works is asked
		expect(t, f, "")
		time.Sleep(31 * time.Minute)
		expect(t, f, "c:")
		if named(a) != "xca" {
			t.Error(named(a))
		}
		a.SetTrackers(id, nil)
		expectAny(t, f, "a:stopped c:stopped")
		a.SetTrackers(id, urls("a"))
		expect(t, f, "a:started")
		a.SetTrackers([20]byte{9}, urls("z"))
		expect(t, f, "")
	})
}

// TestSetTrackersWhileAsked edits the list while a request is on its way.
func TestSetTrackersWhileAsked(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		id := [20]byte{1}
		f.set(slow)
		tor := torrentOf(urls("ab")...)
		var got atomic.Int32
		tor.Peers = func([]netip.AddrPort) { got.Add(1) }
		a.Start(tor)
		expect(t, f, "a:started")
		a.SetTrackers(id, urls("c ba")) // its answer still counts, in the tier it is in now
		expect(t, f, "c:started")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if st := a.Status(id); got.Load() != 2 || st[2].State != Working || st[2].Next.IsZero() || !st[1].Next.IsZero() {
			t.Errorf("%d answers, %+v", got.Load(), st)
		}
		a.Force(id)
		time.Sleep(time.Minute)
		f.log()
		a.SetTrackers(id, urls("c"))
		expect(t, f, "a:stopped")

		f.set(hang)
		a.SetTrackers(id, urls("c d"))
		expect(t, f, "d:started")
		f.set(nil)
		a.SetTrackers(id, urls("c")) // it may have heard `started`
		expect(t, f, "d:stopped")
		a.SetTrackers(id, urls("c d"))
		expect(t, f, "d:started")
	})
}

// TestMergedTiers puts the trackers of two tiers that are both being asked into one.
func TestMergedTiers(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.set(slow)
		a.Start(torrentOf(urls("a b")...))
		synctest.Wait()
		a.SetTrackers([20]byte{1}, urls("ab"))
		f.log()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, st := range a.Status([20]byte{1}) {
			if st.State != Working {
				t.Errorf("%+v", st)
			}
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := strings.Fields(f.log()); len(got) < 1 || len(got) > 2 || got[0] != got[len(got)-1] {
			t.Error("not one tracker of the tier:", got)
		}
	})
}

func TestForceOne(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		id := [20]byte{1}
		f.set(func(context.Context, request) (reply, error) {
			return reply{interval: time.Hour, minInterval: 10 * time.Minute}, nil
		})
		a.Start(torrentOf(urls("ab c")...))
		synctest.Wait()
		f.log()
		time.Sleep(2 * time.Minute)
		a.ForceOne(id, "http://b")
		expect(t, f, "b:started")
		a.ForceOne(id, "http://c")
		expect(t, f, "")
		if st := a.Status(id)[2]; st.Next.Sub(st.Last) != 10*time.Minute {
			t.Error("its min interval does not hold:", st.Next.Sub(st.Last))
		}
		time.Sleep(8 * time.Minute)
		expect(t, f, "c:")
		a.ForceOne(id, "http://nowhere")
		expect(t, f, "")
	})
}

func TestPartialSeedSaysPaused(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		tor, partial, full := torrentOf(urls("a")...), false, false
		tor.Stats = func() Stats { return Stats{Left: 5, Partial: partial, Full: full} }
		a.Start(tor)
		expect(t, f, "a:started")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		partial, full = true, true
		a.Finished(tor.ID)
		synctest.Wait()
		if len(f.sent) != 1 || f.sent[0].event != paused || f.sent[0].want() != 0 || f.sent[0].event.code() != 0 {
			t.Errorf("%+v", f.sent)
		}
		expect(t, f, "a:paused")
		a.Stop(tor.ID)
		expect(t, f, "a:stopped")
	})
}

func TestEventWords(t *testing.T) {
	var got []string
	for e := regular; e <= paused; e++ {
		got = append(got, fmt.Sprintf("%s=%d", e, e.code()))
	}
	if fmt.Sprint(got) != "[=0 completed=1 started=2 stopped=3 paused=0]" {
		t.Error(got)
	}
}
