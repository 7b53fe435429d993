package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"piecewise/engine/internal/route"
	"piecewise/engine/tracker"
)

// steerHosting turns our own tracker on or off, as the settings say.
func (s *state) steerHosting() {
	h := &s.hosting
	barred := s.hostingBarred()
	wanted := s.settings.TrackerOn && barred == ""
	switch {
	case h.busy:
	case h.host != nil && (!wanted || h.host.at != s.hostAt()):
		h.busy = true
		h.host.stop() // hostEnded is next
	case h.host == nil && wanted && !h.failed:
		h.busy = true
		s.startHosting()
	default:
		if barred != "" {
			h.shown.Err = barred
		}
		s.tellHosts()
	}
	s.showHosting()
}

// hostingBarred says why our own tracker may not run, "" if it may: it would answer past
// what the settings say is the only way out, or tell who we are.
func (s *state) hostingBarred() string {
	if s.route == nil {
		return ""
	}
	switch p := s.route.Policy(); {
	case p.Closed != "":
		return p.Closed + "."
	case p.Proxy.Kind != route.NoProxy:
		return "The tracker does not run while there is a proxy: others would see your own address."
	case s.anonymous || s.settings.Privacy.Anonymous: // one holds now, the other from the next start on
		return "The tracker does not run in anonymous mode."
	}
	return ""
}

// tellHosts tells those who wait for the tracker how it is.
func (s *state) tellHosts() {
	s.showHosting()
	h := &s.hosting
	now := h.shown
	if !now.On && now.Err == "" {
		now.Err = "the tracker was turned off"
	}
	for _, c := range h.waiting {
		c <- now
	}
	h.waiting = nil
}

func (s *state) startHosting() {
	at, port, log, way := s.hostAt(), s.settings.TrackerPort, s.log, s.route
	quit, mail, all, find := s.quit, s.mail, &s.hosting.all, s.hostPlaces(at)
	s.tasks.push(func() func(*state) {
		server, err := listenHost(way, at)
		if err != nil {
			return func(s *state) { s.hostFailed(port, err) }
		}
		server.Logger = log
		server.SetList(&tracker.List{}) // nothing is served before it is known what
		serving, stop := context.WithCancel(quit)
		x := &host{Server: server, at: at, stop: stop}
		all.Go(func() {
			err := server.Serve(serving)
			stop()
			mail.post(func(s *state) { s.hostEnded(x, err) })
		})
		places := find()
		return func(s *state) { s.hosts(x, places) }
	})
}

// hosts takes a tracker that has begun to answer.
func (s *state) hosts(x *host, places []Place) {
	h := &s.hosting
	if x.ended {
		return
	}
	h.busy, h.host, h.places, h.listed = false, x, places, false
	h.shown.Err = ""
	s.mapHost()
	s.listHosted()
	s.steerHosting()
}

func (s *state) hostFailed(port int, err error) {
	h := &s.hosting
	h.busy = false
	if port == s.settings.TrackerPort && s.settings.TrackerOn {
		h.failed = true
		h.shown.Err = because(fmt.Sprintf("The tracker cannot use port %d", port), reason(err))
		s.emit(Notice, nil, h.shown.Err)
	}
	s.steerHosting()
}

// reason is the innermost error, without where it happened.
func reason(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// hostEnded takes a tracker that has stopped, of its own accord if err is not nil.
func (s *state) hostEnded(x *host, err error) {
	h := &s.hosting
	x.ended, h.busy, h.host, h.places = true, false, nil, nil
	s.mapHost()
	if err != nil {
		h.failed = true
		h.shown.Err = because("The tracker has stopped", reason(err))
		s.emit(Notice, nil, h.shown.Err)
	}
	s.steerHosting()
}

// hostMoved has its places looked at again, and told.
func (s *state) hostMoved() {
	s.hosting.moved = true
	s.showHosting()
}

// placesEvery is how often, in seconds, our addresses are looked at while the tracker
// is on.
const placesEvery = 30

// tendHosting looks after our own tracker once a second.
func (s *state) tendHosting() {
	h := &s.hosting
	x := h.host
	if x == nil {
		return
	}
	if h.moved || s.ticks%(placesEvery*ticksASecond) == 0 {
		h.moved = false
		find := s.hostPlaces(x.at)
		s.tasks.push(func() func(*state) {
			places := find()
			return func(s *state) {
				if s.hosting.host == x && !slices.Equal(s.hosting.places, places) {
					s.hosting.places, s.hosting.listed = places, false
				}
			}
		})
	}
	if !h.listed {
		s.listHosted()
	}
	s.showHosting()
}
