package announce

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// observed is the nth torrent that is observed only.
func observed(n int, tiers string) Torrent {
	t := Torrent{Tiers: urls(tiers)}
	for _, tier := range t.Tiers {
		for i := range tier {
			tier[i] += "/announce"
		}
	}
	binary.BigEndian.PutUint32(t.ID[:], uint32(n))
	return t
}

func tellAll(_ string, ids [][20]byte) (map[[20]byte]counts, error) {
	found := make(map[[20]byte]counts)
	for _, id := range ids {
		found[id] = counts{int(binary.BigEndian.Uint32(id[:])), 2, 3}
	}
	return found, nil
}

// tally returns how often f was scraped, and for how many info hashes in all.
func (f *fake) tally() (times, ids int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.scrapes {
		ids += len(s.ids)
	}
	times = len(f.scrapes)
	f.scrapes = nil
	return times, ids
}

func TestObserved(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.tell = tellAll
		for n := range 1000 {
			a.Observe(observed(n, "a"))
		}
		synctest.Wait()
		if n, _ := f.tally(); n != 0 {
			t.Error("scraped at once")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n, ids := f.tally(); n != 20 || ids != 1000 {
			t.Error(n, "scrapes for", ids)
		}
		if st := a.Status(observed(7, "a").ID)[0]; st.State != Resting || st.Seeds != 7 || st.Leeches != 2 || st.Downloads != 3 || !st.Last.IsZero() || !st.Next.IsZero() {
			t.Errorf("%+v", st)
		}
		if got := f.log(); got != "" {
			t.Error("announced", got)
		}
		for n := range 999 {
			a.Stop(observed(n, "a").ID)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if n, ids := f.tally(); n != 2 || ids != 2 {
			t.Error(n, "scrapes for", ids)
		}
		tor := torrentOf(urls("a")...)
		tor.ID = observed(999, "a").ID
		a.Start(tor)
		expect(t, f, "a:started")
		a.Observe(tor)
		a.Stop(tor.ID)
		expect(t, f, "a:stopped")
	})
}

func TestScrapeGoesOnInTheTier(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.tell = func(url string, ids [][20]byte) (map[[20]byte]counts, error) {
			if url == "http://a/announce" {
				return nil, &refusedError{"no", 0}
			}
			return tellAll(url, ids)
		}
		a.Observe(observed(5, "ab"))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		st := a.Status(observed(5, "").ID)
		if st[0].Message != "no" || st[0].Seeds != -1 || st[1].Seeds != 5 || st[1].Message != "" {
			t.Errorf("%+v", st)
		}
	})
}

// TestScrapeAlone has a tracker that takes one info hash at a time.
func TestScrapeAlone(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.tell = func(url string, ids [][20]byte) (map[[20]byte]counts, error) {
			if len(ids) > 1 {
				return nil, &refusedError{"one at a time", 0}
			}
			return tellAll(url, ids)
		}
		for n := range 5 {
			a.Observe(observed(n, "a"))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n, ids := f.tally(); n != 6 || ids != 10 {
			t.Error(n, "scrapes for", ids)
		}
		if st := a.Status(observed(4, "").ID)[0]; st.Seeds != 4 {
			t.Errorf("%+v", st)
		}
		time.Sleep(31 * time.Minute)
		synctest.Wait()
		if n, ids := f.tally(); n != 5 || ids != 5 {
			t.Error(n, "more scrapes for", ids)
		}
	})
}

func TestLook(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.tell = tellAll
		f.set(func(context.Context, request) (reply, error) { return reply{counts: counts{1, 1, -1}}, nil })
		tor := torrentOf([]string{"http://a/announce", "http://b/announce"}, []string{"http://c/odd"})
		tor.ID = observed(4, "").ID
		a.Start(tor)
		synctest.Wait()
		a.Look(tor.ID)
		a.Look(tor.ID)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n, _ := f.tally(); n != 2 { // a has told no downloads, b was not asked, c cannot be
			t.Error(n, "scrapes")
		}
		st := a.Status(tor.ID)
		if st[0].Downloads != 3 || st[1].Seeds != 4 || st[1].State != Reserve || st[2].Seeds != 1 {
			t.Errorf("%+v", st)
		}
		a.Look(tor.ID)
		a.Look([20]byte{9})
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n, _ := f.tally(); n != 0 {
			t.Error(n, "more scrapes")
		}
	})
}

func TestHybridScrape(t *testing.T) {
	run(t, nil, func(a *Announcer, f *fake) {
		f.tell = tellAll
		tor := observed(4, "a")
		tor.Twin = observed(9, "").ID
		a.Observe(tor)
		time.Sleep(time.Minute)
		synctest.Wait()
		if st := a.Status(tor.ID)[0]; st.Seeds != 9 || fmt.Sprint(len(f.scrapes[0].ids)) != "2" {
			t.Errorf("%+v", st)
		}
	})
}
