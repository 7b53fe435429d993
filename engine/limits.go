package engine

import (
	"encoding/json"
	"time"

	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/swarm"
)

// keptSettings is what the profile has: the settings, and what was chosen by hand.
type keptSettings struct {
	Settings
	Hand *hand     `json:"turtle_by_hand,omitempty"`
	Bans []keptBan `json:"bans,omitempty"` // those by hand
}

// hand is a choice of the turtle by hand.
type hand struct {
	On    bool      `json:"on"`
	Until time.Time `json:"until"` // zero is for good
}

// loadSettings reads the settings; with an error they are the default ones. What
// they do not name, as those of an older version, is at its default.
func (s *state) loadSettings(st *store.Store) error {
	kept := keptSettings{Settings: DefaultSettings()}
	err := st.Settings(&kept)
	if err != nil {
		kept = keptSettings{Settings: DefaultSettings()}
	}
	s.kept = kept.Settings.repaired()
	s.settings = standIn(s.kept, s.cfg)
	if h := kept.Hand; h != nil {
		s.turtle.Manual, s.turtle.Until, s.turtle.Forever = h.On, h.Until, h.Until.IsZero()
	}
	s.bans = revived(kept.Bans)
	s.limit(s.clock())
	s.route, s.anonymous = newRoute(s.cfg, s.settings, err != nil), s.settings.Privacy.Anonymous
	s.way = s.wayNow()
	return err
}

func (s *state) setSettings(v Settings) error {
	if v.Dir == "" {
		v.Dir = s.settings.Dir
	}
	v = v.repaired()
	lost := s.route.Policy().Closed != ""
	s.route.SetPolicy(v.Privacy.routePolicy())
	if v.Equal(s.settings) && !lost {
		return nil
	}
	port, was := v.Port != s.settings.Port, s.settings
	hosting := v.TrackerOn != s.settings.TrackerOn || v.TrackerPort != s.settings.TrackerPort || v.Privacy != s.settings.Privacy
	timetable := !(Settings{Timetable: v.Timetable}).Equal(Settings{Timetable: s.settings.Timetable})
	s.kept = keep(s.kept, s.settings, v)
	s.settings, s.changed = v, true
	now := s.clock()
	if timetable {
		s.reschedule(now)
	}
	s.limit(now)
	if port {
		s.rebind()
	}
	if v.PortMapping != was.PortMapping {
		s.mapPort()
		s.mapHost()
	}
	if v.IPFilter != was.IPFilter || v.IPFilter && (v.FilterFile != was.FilterFile || v.FilterRanges != was.FilterRanges) {
		s.refilter()
	}
	s.hosting.listed = false
	if hosting {
		s.hosting.failed = false
		s.steerHosting()
	}
	s.control.SetDiscovery(s.discovery())
	for _, t := range s.order {
		s.retune(t)
		if r := t.run; r != nil && r.disk != nil {
			r.disk.SetPolicy(s.policy())
		}
	}
	s.announcer.SetOneTier(v.OneTier)
	s.saveSettings()
	s.measureFree()
	return nil
}

func (s *state) saveSettings() {
	st, kept := s.store, keptSettings{Settings: s.kept, Bans: toKeep(s.bans)}
	if t := s.turtle; t.Forever || !t.Until.IsZero() {
		kept.Hand = &hand{On: t.Manual, Until: t.Until}
	}
	text, err := json.Marshal(kept) // here, since the keeper shares no memory with the loop
	s.keeper.push(func() func(*state) {
		if err == nil {
			err = st.PutSettings(json.RawMessage(text))
		}
		if err != nil {
			return func(s *state) { s.emit(Notice, nil, because("The settings could not be saved", err)) }
		}
		return nil
	})
}

func (s *state) chooseTurtle(on bool) error {
	now := s.clock()
	s.turtle.Choose(on, now)
	s.limit(now)
	s.saveSettings()
	return nil
}

// reschedule takes over a new timetable: what was chosen by hand holds until its
// next change.
func (s *state) reschedule(now time.Time) {
	byHand := s.turtle.ByHand(now)
	s.turtle.Timetable, s.asked = s.settings.Timetable, time.Time{}
	if byHand {
		s.turtle.Choose(s.turtle.Manual, now)
	}
}

// limit has the limits of this moment hold, if they changed.
func (s *state) limit(now time.Time) {
	v := &s.settings
	s.turtle.Normal, s.turtle.Slow, s.turtle.Timetable = limit.Rates(v.Limits), limit.Rates(v.TurtleLimits), v.Timetable
	rules := swarm.Session{
		Limits: Limits(s.turtle.Rates(now)), ExemptLocal: v.ExemptLocal, MaxSlots: v.MaxSlots,
		SeedFastest: v.SeedFastest, Connections: v.Connections,
		Encryption: swarm.Encryption(v.Encryption - EncryptionAllow), // which has the same order
	}
	if rules != s.session {
		s.session, s.changed = rules, true
		if s.control != nil { // else it is not made yet
			s.control.SetSession(rules)
		}
	}
	s.tellTurtle(now)
}

// tellTurtle works out what the snapshot says of the turtle. When the timetable
// changes next is asked for rarely, since that looks at every minute of a week.
func (s *state) tellTurtle(now time.Time) {
	told := Turtle{On: s.turtle.Active(now), ByHand: s.turtle.ByHand(now), Until: s.slow.Until}
	switch {
	case told.ByHand:
		told.Until = s.turtle.Until
	case len(s.turtle.Timetable) == 0:
		told.Until = time.Time{}
	case told.On != s.slow.On || s.slow.ByHand || now.Sub(s.asked) > askEvery || now.Before(s.asked):
		told.Until, _ = s.turtle.Timetable.Next(now)
		s.asked = now
	}
	if told != s.slow {
		s.slow, s.changed = told, true
	}
}

// askEvery is how long the answer holds when nothing happens: the clock or the time
// zone may be changed.
const askEvery = time.Minute
