package engine

import (
	"context"
	"encoding/json"
	"net/netip"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/internal/announce"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/swarm"
)

// now returns the newest snapshot, once all that is under way is done.
func now(e *Engine) *Snapshot {
	// So that there is an update even if nothing else has changed.
	_ = e.do(context.Background(), func(s *state) error { s.changed = true; return nil })
	time.Sleep(2 * time.Second) // of fake time: the ticks and the updates that follow
	synctest.Wait()
	return (<-e.Updates()).Snapshot
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// magnetAt adds the n-th magnet and returns it as it runs.
func magnetAt(t *testing.T, e *Engine, control *fakeControl, n int, opts AddOptions) (ID, *fakeCarrier) {
	t.Helper()
	id, err := e.Add(t.Context(), magnetSource(n), opts)
	ok(t, err)
	synctest.Wait()
	return id, control.carriers[len(control.carriers)-1]
}

func TestSettingsHoldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		control := &fakeControl{}
		e, stop := serve(t, control)
		defer stop()
		_, c := magnetAt(t, e, control, 0, AddOptions{})
		if c.options.Slots != Automatic || c.options.Connections != DefaultSettings().TorrentConnections || c.options.Limits != NoLimits {
			t.Errorf("a torrent begins with %+v", c.options)
		}
		v := now(e).Settings
		v.Limits, v.ExemptLocal, v.MaxSlots, v.SeedFastest = Limits{Down: 5000, Up: 0}, true, 20, true
		v.Connections, v.TorrentConnections, v.Slots, v.Encryption = 50, 30, 3, EncryptionRequire
		ok(t, e.SetSettings(t.Context(), v))
		want := swarm.Session{
			Limits: plane.Limits{Down: 5000, Up: 0}, ExemptLocal: true, MaxSlots: 20, SeedFastest: true, Connections: 50, Encryption: 3,
		}
		if control.session != want {
			t.Errorf("%+v, want %+v", control.session, want)
		}
		if c.options.Slots != 3 || c.options.Connections != 30 {
			t.Errorf("the torrent has %+v", c.options)
		}
		s := now(e)
		if !s.Settings.Equal(v) || s.Limits != v.Limits || s.Turtle != (Turtle{}) {
			t.Errorf("told: %+v, %+v, %+v", s.Settings, s.Limits, s.Turtle)
		}
		set := control.sessions
		ok(t, e.SetSettings(t.Context(), v))
		if now(e); control.sessions != set {
			t.Error("the same settings are set again")
		}
	})
}

// TestSettingsAreRepaired sets what makes no sense.
func TestSettingsAreRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, stop := serve(t, &fakeControl{})
		defer stop()
		table := Timetable{{Days: EveryDay, From: -1, To: 5}, {Days: 0, From: 1, To: 2}, {Days: 0xff, From: 60, To: 1440}}
		ok(t, e.SetSettings(t.Context(), Settings{
			Limits: Limits{Down: -7, Up: 1 << 60}, Slots: -9, MaxSlots: 1 << 40, Connections: -2, Timetable: table, Encryption: 99, Port: 600,
		}))
		table[2].Days = 1 // the caller's slice is its own
		got := now(e).Settings
		want := Settings{
			Dir: got.Dir, Limits: NoLimits, Slots: Automatic, MaxSlots: Unlimited, Connections: Unlimited,
			Timetable: Timetable{{Days: EveryDay, From: 60, To: 1440}}, Encryption: EncryptionAllow, Port: 600,
		}
		if got.Dir == "" || !got.Equal(want) {
			t.Errorf("%+v", got)
		}
	})
}

// TestTurtle goes by the timetable and by hand. The fake clock begins on Saturday,
// 1 January 2000, at midnight UTC.
func TestTurtle(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	defer func() { time.Local = local }()
	synctest.Test(t, func(t *testing.T) {
		control, profile := &fakeControl{}, filepath.Join(t.TempDir(), "p")
		start := time.Now()
		at := func(clock time.Duration) time.Time { return start.Add(clock).Local() }
		until := func(clock time.Duration) { time.Sleep(time.Until(at(clock))) }
		e, stop := serveAs(t, control, Config{Profile: profile})
		check := func(when string, want Turtle) {
			t.Helper()
			s := now(e)
			limits := s.Settings.Limits
			if want.On {
				limits = s.Settings.TurtleLimits
			}
			until := s.Turtle.Until
			s.Turtle.Until = want.Until
			if s.Turtle != want || !until.Equal(want.Until) || s.Limits != limits || control.session.Limits != limits {
				t.Errorf("%s: %+v until %v, %+v; want %+v, %+v", when, s.Turtle, until, s.Limits, want, limits)
			}
		}
		check("at first", Turtle{})
		ok(t, e.Turtle(t.Context(), true))
		check("for good", Turtle{On: true, ByHand: true})
		v := now(e).Settings
		v.Timetable = Timetable{{Days: EveryDay, From: 60, To: 120}}
		ok(t, e.SetSettings(t.Context(), v))
		check("with a timetable", Turtle{On: true, ByHand: true, Until: at(time.Hour)})
		until(time.Hour)
		check("in the period", Turtle{On: true, Until: at(2 * time.Hour)})
		ok(t, e.Turtle(t.Context(), false))
		check("off by hand", Turtle{ByHand: true, Until: at(2 * time.Hour)})
		until(2 * time.Hour)
		check("after the period", Turtle{Until: at(25 * time.Hour)})
		ok(t, e.Turtle(t.Context(), true))
		now(e)
		stop()
		e, stop = serveAs(t, control, Config{Profile: profile})
		check("after a restart", Turtle{On: true, ByHand: true, Until: at(25 * time.Hour)})
		until(25 * time.Hour)
		check("on the next day", Turtle{On: true, Until: at(26 * time.Hour)})
		stop()
		until(26 * time.Hour)
		e, stop = serveAs(t, control, Config{Profile: profile})
		defer func() { stop() }()
		check("a choice that has ended", Turtle{Until: at(49 * time.Hour)})
	})
}

// TestStandIns puts other values in the place of saved ones, this time only.
func TestStandIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := filepath.Join(t.TempDir(), "p")
		start := func(cfg Config) (*Engine, *fakeControl, Settings, func()) {
			cfg.Profile = profile
			control := &fakeControl{}
			e, stop := serveAs(t, control, cfg)
			return e, control, now(e).Settings, func() { now(e); stop() }
		}
		e, _, saved, stop := start(Config{})
		saved.Limits, saved.Encryption, saved.Dir = Limits{Down: 1000, Up: 2000}, EncryptionPrefer, "/saved"
		ok(t, e.SetSettings(t.Context(), saved))
		stop()

		flags := Config{UpLimit: 7000, DownLimit: 8000, NoUpload: true, SuperSeed: true, Encryption: EncryptionOff, Dir: "/other", Preallocate: true}
		e, control, v, stop := start(flags)
		want := saved
		want.Limits, want.MaxSlots, want.Encryption, want.Dir, want.Preallocate = Limits{Down: 8000, Up: 7000}, 0, EncryptionOff, "/other", true
		if !v.Equal(want) {
			t.Errorf("%+v, want %+v", v, want)
		}
		_, c := magnetAt(t, e, control, 0, AddOptions{})
		if c.superSeed != always {
			t.Errorf("super-seeds from %d peers on", c.superSeed)
		}
		v.AddPaused, v.Limits.Up = true, 9000 // the one is of no flag, the other overrules it
		ok(t, e.SetSettings(t.Context(), v))
		if now(e); control.session.Limits != (plane.Limits{Down: 8000, Up: 9000}) {
			t.Errorf("%+v", control.session)
		}
		id := magnetSource(0).ID
		o := now(e).Torrent(id).Options
		if o.SuperSeed != SuperSeedOn {
			t.Errorf("told: %+v", o)
		}
		o.Sequential = true
		ok(t, e.SetOptions(t.Context(), id, o))
		stop()

		e, _, v, stop = start(Config{})
		defer func() { stop() }()
		saved.AddPaused, saved.Limits.Up = true, 9000
		if !v.Equal(saved) {
			t.Errorf("saved: %+v, want %+v", v, saved)
		}
		if o := now(e).Torrent(id).Options; o.SuperSeed != SuperSeedAutomatic || !o.Sequential {
			t.Errorf("saved: %+v", o)
		}
	})
}

func TestOptionsHoldAtOnceAndAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile, control := filepath.Join(t.TempDir(), "p"), &fakeControl{}
		e, stop := serveAs(t, control, Config{Profile: profile})
		o := DefaultOptions()
		o.Limits.Up = 1000
		id, c := magnetAt(t, e, control, 0, AddOptions{Options: &o})
		if c.options.Limits != o.Limits || now(e).Torrent(id).Options != o {
			t.Errorf("added with %+v", c.options)
		}
		o = Options{
			Limits: Limits{Down: 0, Up: 5}, Weight: WeightHigh, Slots: 2, Connections: Unlimited, SuperSeed: SuperSeedOff, EndsFirst: true,
		}
		ok(t, e.SetOptions(t.Context(), id, o))
		if c.options != o || c.superSeed != never {
			t.Errorf("%+v, super-seeds from %d", c.options, c.superSeed)
		}
		odd := o
		odd.Limits.Down, odd.Slots, odd.Connections, odd.Weight, odd.SuperSeed = -5, -7, 1<<30, 77, 88
		ok(t, e.SetOptions(t.Context(), id, odd))
		repaired := o
		repaired.Limits.Down, repaired.Slots, repaired.Weight, repaired.SuperSeed = Unlimited, Automatic, WeightNormal, SuperSeedAutomatic
		if got := now(e).Torrent(id).Options; got != repaired {
			t.Errorf("%+v, want %+v", got, repaired)
		}
		ok(t, e.SetOptions(t.Context(), id, o))
		if err := e.SetOptions(t.Context(), magnetSource(9).ID, o); err != ErrNotFound {
			t.Errorf("a torrent that is not there: %v", err)
		}
		time.Sleep(saveEvery)
		now(e)
		stop()
		e, stop = serveAs(t, control, Config{Profile: profile})
		defer stop()
		if got := now(e).Torrent(id).Options; got != o {
			t.Errorf("kept: %+v, want %+v", got, o)
		}
		if c := control.carriers[len(control.carriers)-1]; c.options != o {
			t.Errorf("started again with %+v", c.options)
		}
	})
}

func TestPeerLimitOutlivesAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		control := &fakeControl{}
		e, stop := serve(t, control)
		defer stop()
		id, c := magnetAt(t, e, control, 0, AddOptions{})
		addr, l := netip.MustParseAddrPort("127.0.0.3:9"), Limits{Down: 5, Up: Unlimited}
		mapped := netip.MustParseAddrPort("[::ffff:127.0.0.3]:9")
		ok(t, e.SetPeerLimit(t.Context(), id, mapped, l))
		if c.peers[addr] != l {
			t.Errorf("%v", c.peers)
		}
		ok(t, e.Pause(t.Context(), id))
		now(e)
		ok(t, e.Resume(t.Context(), id))
		now(e)
		again := control.carriers[len(control.carriers)-1]
		if again == c || again.peers[addr] != l {
			t.Errorf("after a pause: %v", again.peers)
		}
		ok(t, e.SetPeerLimit(t.Context(), id, addr, NoLimits))
		if again.peers[addr] != NoLimits {
			t.Errorf("ended: %v", again.peers)
		}
	})
}

// TestOldProfile reads settings and a record from before there were limits.
func TestOldProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := filepath.Join(t.TempDir(), "p")
		st, _, err := store.Open(profile)
		ok(t, err)
		ok(t, st.PutSettings(json.RawMessage(`{"dir":"/d","ask_on_add":false,"add_paused":true}`)))
		magnet := "magnet:?xt=urn:btih:0100000000000000000000000000000000000000"
		ok(t, st.Put([]store.Record{{ID: ID{1}, Magnet: magnet}}, nil))
		ok(t, st.Close())
		e, stop := serveAs(t, &fakeControl{}, Config{Profile: profile})
		defer stop()
		want := DefaultSettings()
		want.Dir, want.AskOnAdd, want.AddPaused, want.Port = "/d", false, true, 1 // which is listened on
		s := now(e)
		if !s.Settings.Equal(want) || s.Torrents[0].Options != DefaultOptions() {
			t.Errorf("%+v, %+v", s.Settings, s.Torrents[0].Options)
		}
	})
}

func TestUnreadableSettings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := filepath.Join(t.TempDir(), "p")
		st, _, err := store.Open(profile)
		ok(t, err)
		ok(t, st.PutSettings(json.RawMessage(`{"limits":{"down":7},"encryption":"rot13"}`)))
		ok(t, st.Close())
		e, stop := serveAs(t, &fakeControl{}, Config{Profile: profile})
		defer stop()
		u := <-e.Updates()
		want := DefaultSettings()
		want.Dir, want.Port = u.Snapshot.Settings.Dir, 1
		if !u.Snapshot.Settings.Equal(want) || len(u.Events) != 1 || u.Events[0].Kind != Notice {
			t.Errorf("%+v, %+v", u.Snapshot.Settings, u.Events)
		}
	})
}

func TestIsNew(t *testing.T) {
	const size = 1000
	for _, c := range []struct {
		name                 string
		downloaded, uploaded int64
		missing              bool
		trackers             []int // seeds that they tell of
		want                 bool
		spread               bool
	}{
		{name: "nobody knows of anybody", want: true},
		{name: "the trackers know us only", trackers: []int{-1, 0, 1}, want: true},
		{name: "it was downloaded", downloaded: 1},
		{name: "we lack a piece", missing: true},
		{name: "a tracker knows another seed", trackers: []int{1, 2}},
		{name: "we gave it to others", uploaded: size, trackers: []int{1}, want: true},
		{name: "there is one that got it from us", uploaded: size, trackers: []int{2}, spread: true},
	} {
		to := &torrent{meta: &Meta{Pieces: 8, Size: size}, have: FullBits(8), tuned: tuned{Options: DefaultOptions()}}
		to.rec.Downloaded, to.rec.Uploaded, to.rec.Outline.Size = c.downloaded, c.uploaded, size
		if c.missing {
			to.have = MakeBits(8)
		}
		for _, n := range c.trackers {
			to.trackers = append(to.trackers, announce.Status{Seeds: n})
		}
		if got := to.isNew(); got != c.want || to.tuned.Spread != c.spread {
			t.Errorf("%s: %v, spread %v", c.name, got, to.tuned.Spread)
		}
		to.trackers = nil
		if to.isNew() != c.want {
			t.Errorf("%s: it goes back and forth", c.name)
		}
	}
}

// TestSuperSeedEndsOnce lets the data plane find enough copies.
func TestSuperSeedEndsOnce(t *testing.T) {
	s := newState(New(Config{}))
	c := &fakeCarrier{}
	to := s.newTorrent(magnetSource(1))
	to.meta, to.have, to.run = &Meta{Pieces: 8, Size: 1}, FullBits(8), &run{carrier: c, superSeed: never}
	s.insert(to)
	s.superSeed(to)
	if c.superSeed != withOther {
		t.Fatalf("super-seeds from %d peers on", c.superSeed)
	}
	c.hiding = true
	s.superSeed(to)
	c.hiding = false // it has ended by itself
	s.superSeed(to)
	if c.superSeed != never || !to.tuned.Spread || !tunedOf(to.rec.Options).Spread {
		t.Errorf("from %d peers on, %+v", c.superSeed, to.tuned)
	}
	s.tune(to, Options{Limits: NoLimits, SuperSeed: SuperSeedOn})
	if c.superSeed != always {
		t.Errorf("by hand: from %d peers on", c.superSeed)
	}
	s.tune(to, Options{Limits: NoLimits, SuperSeed: SuperSeedOff})
	if c.superSeed != never {
		t.Errorf("off by hand: from %d peers on", c.superSeed)
	}
}

func TestWantEndsFirst(t *testing.T) {
	m := &Meta{PieceLength: 10, Pieces: 5, length: 50, Files: []File{{Length: 30}, {Length: 20, Offset: 30}}}
	for _, c := range []struct {
		options    Options
		priorities string
		high       string
	}{
		{Options{}, "", "00000"},
		{Options{EndsFirst: true}, "", "10111"},
		{Options{EndsFirst: true}, "\x01", "00011"},
		{Options{EndsFirst: true, Sequential: true}, "\x02", "11111"},
	} {
		w := want(m, []byte(c.priorities), c.options)
		got := ""
		for i := range m.Pieces {
			got += map[bool]string{true: "1", false: "0"}[w.pieces.High.Has(i)]
		}
		if got != c.high || w.pieces.Sequential != c.options.Sequential {
			t.Errorf("%+v %q: %s first, sequential %v", c.options, c.priorities, got, w.pieces.Sequential)
		}
	}
}

// FuzzSettings reads settings and options that something has spoilt: what comes out
// makes sense, and is read the same once it is saved.
func FuzzSettings(f *testing.F) {
	for _, v := range []any{
		keptSettings{Settings: DefaultSettings(), Hand: &hand{On: true, Until: time.Unix(1e9, 0)}},
		tuned{Options: DefaultOptions(), Spread: true},
		map[string]any{"timetable": []any{map[string]any{"days": 255, "from": -3}}, "encryption": "require"},
	} {
		text, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v := keptSettings{Settings: DefaultSettings()}
		if json.Unmarshal(text, &v) == nil {
			first := v.Settings.repaired()
			again := Settings{}
			if saved, err := json.Marshal(first); err != nil || json.Unmarshal(saved, &again) != nil || !again.Equal(first) {
				t.Errorf("%+v is read as %+v, %v", first, again, err)
			}
			if !first.repaired().Equal(first) {
				t.Errorf("%+v is repaired again", first)
			}
			first.Timetable.Next(time.Unix(1e9, 0))
		}
		o := tunedOf(text)
		if repairedOptions(o.Options) != o.Options {
			t.Errorf("%+v is repaired again", o.Options)
		}
		to := torrent{tuned: o}
		to.keepTuned()
		if again := tunedOf(to.rec.Options); again.Options != o.Options || again.Spread != o.Spread {
			t.Errorf("%+v is read as %+v", o, again)
		}
	})
}
