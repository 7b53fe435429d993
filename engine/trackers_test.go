package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"piecewise/engine/internal/admit"
	"piecewise/engine/internal/store"
)

// tiersOf reads "ab c" as [[a b] [c]].
func tiersOf(text string) [][]string {
	var tiers [][]string
	for _, word := range strings.Fields(text) {
		var tier []string
		for _, c := range word {
			tier = append(tier, "http://"+string(c)+"/announce")
		}
		tiers = append(tiers, tier)
	}
	return tiers
}

func lettersOf(tiers [][]string) string {
	var words []string
	for _, tier := range tiers {
		word := ""
		for _, u := range tier {
			word += u[7:8]
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestMovedTracker(t *testing.T) {
	for _, test := range []struct{ list, url, up, down string }{
		{"a b c", "b", "ab c", "a bc"},
		{"a b c", "a", "a b c", "ab c"},
		{"a b c", "c", "a bc", "a b c"},
		{"ab c", "a", "a b c", "b a c"},
		{"ab c", "b", "b a c", "a b c"},
		{"ab", "b", "b a", "a b"},
		{"a", "a", "a", "a"},
		{"a", "x", "a", "a"},
	} {
		list, u := tiersOf(test.list), "http://"+test.url+"/announce"
		up, down := lettersOf(movedTracker(list, u, true)), lettersOf(movedTracker(list, u, false))
		if up != test.up || down != test.down || lettersOf(list) != test.list {
			t.Errorf("%s of %q: up %q, down %q, and the list is %q", test.url, test.list, up, down, lettersOf(list))
		}
	}
}

func TestTrackerLists(t *testing.T) {
	list := tiersOf("ab c")
	added, err := withTrackers(list, tiersOf("cd e"))
	if err != nil || lettersOf(added) != "ab c d e" {
		t.Error(lettersOf(added), err)
	}
	if _, err := withTrackers(list, [][]string{{"ftp://x/"}}); err == nil || !strings.Contains(err.Error(), "only http") {
		t.Error(err)
	}
	edited, err := editedTracker(list, "http://b/announce", " HTTP://X/announce ")
	if err != nil || lettersOf(edited) != "ax c" {
		t.Error(lettersOf(edited), err)
	}
	for _, bad := range [][2]string{{"http://b/announce", "http://c/announce"}, {"http://z/announce", "http://y/announce"}, {"http://b/announce", ""}, {"http://b/announce", "x"}} {
		if _, err := editedTracker(list, bad[0], bad[1]); err == nil {
			t.Error(bad, "works")
		}
	}
	if got := lettersOf(withoutTrackers(list, []string{"http://c/announce", "http://a/announce"})); got != "b" || lettersOf(list) != "ab c" {
		t.Error(got, lettersOf(list))
	}
}

// aTracker answers as its path says, and notes what it is asked.
type aTracker struct {
	*httptest.Server
	mu    sync.Mutex
	asked []url.Values // each with its path as "path"
}

func newTracker(t *testing.T) *aTracker {
	k := &aTracker{}
	k.Server = httptest.NewServer(k)
	t.Cleanup(k.Close)
	return k
}

func (k *aTracker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	q.Set("path", r.URL.Path)
	k.mu.Lock()
	k.asked = append(k.asked, q)
	k.mu.Unlock()
	switch {
	case strings.HasSuffix(r.URL.Path, "/scrape"):
		id := q.Get("info_hash")
		fmt.Fprintf(w, "d5:filesd20:%sd8:completei7e10:downloadedi9e10:incompletei3eeee", id)
	case strings.HasPrefix(r.URL.Path, "/refuses/"):
		fmt.Fprint(w, "d14:failure reason20:unregistered torrente")
	case strings.HasPrefix(r.URL.Path, "/broken/"):
		w.WriteHeader(http.StatusBadGateway)
	default:
		fmt.Fprint(w, "d8:completei4e10:incompletei5e8:intervali1800e11:external ip4:\x01\x02\x03\x045:peers0:e")
	}
}

// requests returns those to a path.
func (k *aTracker) requests(path string) []url.Values {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.asked), func(q url.Values) bool { return q.Get("path") != path })
}

func (b *bench) awaitTrackers(id ID, what string, ok func([]Tracker) bool) []Tracker {
	b.t.Helper()
	if err := b.Watch(b.t.Context(), id); err != nil {
		b.t.Fatal(err)
	}
	b.await(what, func(s *Snapshot) bool { return s.Detail != nil && s.Detail.ID == id && ok(s.Detail.Trackers) })
	return b.snap.Detail.Trackers
}

// TestTrackersAreKept edits the list of a torrent's trackers: each change reaches the
// trackers, is shown, and is there after a restart.
func TestTrackersAreKept(t *testing.T) {
	k := newTracker(t)
	profile, dir := t.TempDir(), t.TempDir()
	b := launch(t, loopbackConfig(profile, dir))
	id := b.add(sample(t, t.TempDir(), threeFiles), AddOptions{})
	good, refuses, broken := k.URL+"/good/announce", k.URL+"/refuses/announce", k.URL+"/broken/announce"
	ctx := t.Context()
	if err := b.AddTrackers(ctx, id, [][]string{{good}, {refuses}, {broken}}); err != nil {
		t.Fatal(err)
	}
	all := b.awaitTrackers(id, "answers", func(all []Tracker) bool {
		return len(all) == 3 && all[0].Downloads == 9 && all[1].State == TrackerRefusing && all[2].State == TrackerFailing
	})
	if x := all[0]; x.State != TrackerWorking || x.Seeds != 7 || x.Over != "IPv4" || x.Seen != "1.2.3.4" || x.Last.IsZero() || x.Next.IsZero() {
		t.Errorf("%+v", x)
	}
	b.await("a row", func(s *Snapshot) bool { r := s.Torrent(id); return r.TrackerRefused && r.TrackersWorking == 1 })
	if r := b.snap.Torrent(id); r.TrackerErr != "unregistered torrent" || r.Trackers != 3 {
		t.Errorf("%+v", r)
	}
	if err := b.AnnounceTo(ctx, id, good); err != nil {
		t.Error(err)
	}
	if err := b.MoveTracker(ctx, id, refuses, true); err != nil {
		t.Error(err)
	}
	if err := b.EditTracker(ctx, id, broken, k.URL+"/other/announce"); err != nil {
		t.Error(err)
	}
	if err := b.RemoveTrackers(ctx, id, good); err != nil {
		t.Error(err)
	}
	b.awaitTrackers(id, "the new list", func(all []Tracker) bool {
		return len(all) == 2 && all[0].URL == refuses && all[1].State == TrackerWorking && all[1].Tier == 1
	})
	b.await("stopped", func(*Snapshot) bool {
		told := k.requests("/good/announce")
		return told[len(told)-1].Get("event") == "stopped"
	})
	b.stop()
	b = launch(t, loopbackConfig(profile, dir))
	b.awaitTrackers(id, "the list after a restart", func(all []Tracker) bool {
		return len(all) == 2 && all[0].URL == refuses && all[1].URL == k.URL+"/other/announce"
	})
}

// TestPausedTorrentsAreScraped has the counts of a paused torrent asked for, and nothing
// announced.
func TestPausedTorrentsAreScraped(t *testing.T) {
	k := newTracker(t)
	profile, dir := t.TempDir(), t.TempDir()
	b := launch(t, loopbackConfig(profile, dir))
	id := b.add(sample(t, t.TempDir(), threeFiles), AddOptions{Paused: true})
	if err := b.AddTrackers(t.Context(), id, [][]string{{k.URL + "/good/announce"}}); err != nil {
		t.Fatal(err)
	}
	check := func(b *bench) {
		t.Helper()
		b.await("counts", func(s *Snapshot) bool { r := s.Torrent(id); return r != nil && r.SwarmSeeds == 7 && r.SwarmPeers == 10 })
		all := b.awaitTrackers(id, "details", func(all []Tracker) bool { return len(all) == 1 && all[0].Downloads == 9 })
		if all[0].State != TrackerResting || b.AnnounceTo(t.Context(), id, all[0].URL) == nil {
			t.Errorf("%+v", all[0])
		}
	}
	check(b)
	b.stop()
	check(launch(t, loopbackConfig(profile, dir)))
	if n := len(k.requests("/good/announce")); n > 0 {
		t.Error(n, "announces")
	}
}

// TestPartialSeed says so to trackers, and what is left of the whole torrent (BEP 21).
func TestPartialSeed(t *testing.T) {
	k := newTracker(t)
	dir := t.TempDir()
	path := sample(t, dir, threeFiles)
	b := launch(t, loopbackConfig(t.TempDir(), dir))
	skip := map[int]Priority{}
	for i, f := range must[*Source](t)(Open(t.Context(), path, true)).Meta.Files {
		if f.Path[len(f.Path)-1] == "ü.bin" {
			skip[i] = Skip
			// Its first piece is also of the file before it.
			if err := os.Truncate(filepath.Join(append([]string{dir}, f.Path...)...), 90_000); err != nil {
				t.Fatal(err)
			}
		}
	}
	id := b.add(path, AddOptions{Priorities: skip, Paused: true})
	if err := b.AddTrackers(t.Context(), id, [][]string{{k.URL + "/good/announce"}}); err != nil {
		t.Fatal(err)
	}
	if err := b.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	b.awaitState(id, Seeding)
	b.await("an announce of a partial seed", func(*Snapshot) bool {
		_ = b.Announce(t.Context(), id) // it is not announced yet
		return slices.ContainsFunc(k.requests("/good/announce"), func(q url.Values) bool { return q.Get("event") == "paused" && q.Get("left") != "0" })
	})
}

// TestHybridIsAnnouncedTwice finds both info hashes at the tracker, also of a magnet that
// names one of them.
func TestHybridIsAnnouncedTwice(t *testing.T) {
	k := newTracker(t)
	b := launch(t, loopbackConfig(t.TempDir(), t.TempDir()))
	made := makeOf(t, someContent(t, "empty", "a"), FormatHybrid)
	src, _, err := made.Source()
	if err != nil {
		t.Fatal(err)
	}
	id, err := b.Add(t.Context(), src, AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddTrackers(t.Context(), id, [][]string{{k.URL + "/good/announce"}}); err != nil {
		t.Fatal(err)
	}
	short := ID(made.HashV2[:20])
	b.await("both", func(*Snapshot) bool {
		var v1, v2 bool
		for _, q := range k.requests("/good/announce") {
			v1 = v1 || q.Get("info_hash") == string(id[:])
			v2 = v2 || q.Get("info_hash") == string(short[:])
		}
		return v1 && v2
	})
	for _, q := range k.requests("/good/announce") {
		if h := q.Get("info_hash"); h != string(id[:]) && h != string(short[:]) {
			t.Errorf("%x was announced", h)
		}
	}
}

// TestTrackersOfTheSettings are added to what comes, but never to what is private.
func TestTrackersOfTheSettings(t *testing.T) {
	given := tiersOf("xy z")
	public, private := &Meta{Pieces: 1}, &Meta{Pieces: 1, Private: true}
	link := func(trackers string) string { return (&admit.Link{ID: ID{1}, Trackers: tiersOf(trackers)}).String() }
	for _, test := range []struct {
		name, own, want string
		meta            *Meta
		magnet          bool
	}{
		{"public", "a", "a xy z", public, false},
		{"public with one of them", "y", "y x z", public, false},
		{"public without", "", "xy z", public, false},
		{"private", "a", "a", private, false},
		{"magnet", "a", "a", nil, true},
		{"magnet without", "", "xy z", nil, true},
		{"magnet that is public", "a", "a xy z", public, true},
	} {
		s := newState(New(Config{}))
		s.settings.Trackers = given
		tor := &torrent{meta: test.meta, rec: store.Record{Trackers: tiersOf(test.own)}}
		if test.magnet {
			tor.rec.Magnet = link(test.own)
		}
		s.lend(tor)
		if got := lettersOf(tor.rec.Trackers); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	s := newState(New(Config{}))
	s.settings.Trackers = given
	lent := &torrent{rec: store.Record{Magnet: link("")}}
	s.lend(lent)
	lent.meta = private
	if s.lend(lent); len(lent.rec.Trackers) > 0 {
		t.Error("a magnet that turned out to be private keeps", lettersOf(lent.rec.Trackers))
	}
}
