package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"piecewise/engine/internal/announce"
	"piecewise/engine/internal/store"
	"piecewise/engine/internal/swarm"
)

const (
	tickEvery   = 250 * time.Millisecond // the picture of the watched torrent
	publishSoon = 20 * time.Millisecond  // after a command, so that many make one update
	shutdownMax = 5 * time.Second
	taskLanes   = 4
)

// Run owns all state until ctx ends, then stops everything in order, at most 5 s.
// It returns nil after an orderly end, ErrProfileInUse, or why it could not
// start. It is called once.
func (e *Engine) Run(ctx context.Context) error {
	defer close(e.stopped)
	defer close(e.updates)
	st, notice, err := store.Open(e.cfg.Profile)
	if errors.Is(err, store.ErrInUse) {
		return ErrProfileInUse
	}
	if err != nil {
		return fmt.Errorf("open profile: %w", err)
	}
	s, err := load(e, st)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	s.store = st
	client, err := swarm.New(e.swarmConfig(s))
	if err != nil {
		return errors.Join(err, st.Close())
	}
	s.control = control{client}
	if notice != "" {
		s.emit(Notice, nil, notice)
	}
	return e.serve(ctx, s)
}

func (e *Engine) swarmConfig(s *state) swarm.Config {
	session := s.session
	at, otherwise := s.listenAt()
	return swarm.Config{
		Listen:    at,
		Otherwise: otherwise,
		Loopback:  e.cfg.Loopback,
		Discovery: s.discovery(),
		DHTState:  s.store.DHT(),
		Route:     s.route,
		Anonymous: s.anonymous,
		UTP:       !e.cfg.NoUTP,
		Filter:    s.filter.gate,
		Session:   &session,
	}
}

func (e *Engine) announceConfig(s *state) announce.Config {
	id := s.control.PeerID()
	return announce.Config{
		PeerID:    id,
		Key:       uint32(id[16])<<24 | uint32(id[17])<<16 | uint32(id[18])<<8 | uint32(id[19]),
		Port:      outerPort(s.reach.mapper, s.control.Port),
		UserAgent: swarm.Agent(s.anonymous),
		Loopback:  e.cfg.Loopback,
		Route:     s.route,
		OneTier:   s.settings.OneTier,
		Logger:    e.cfg.Logger,
	}
}

// serve starts what may wait, runs the loop, and ends all of it.
func (e *Engine) serve(ctx context.Context, s *state) error {
	var lanes sync.WaitGroup
	ended := make(chan struct{})
	for l, n := range map[*lane]int{s.library: 1, s.keeper: 1, s.tasks: taskLanes, s.movers: moverLanes, s.looks: 1, s.checks: checkLanes} {
		l.work(n, s.results, ended, &lanes)
	}
	s.reach.mapper, s.hosting.mapper = s.newMapper((*state).mappingChanged), s.newMapper((*state).hostMoved)
	s.announcer = announce.New(e.announceConfig(s))
	announcing, stopAnnouncing := context.WithCancel(context.Background())
	var announcer sync.WaitGroup
	announcer.Go(func() { _ = s.announcer.Run(announcing) }) // it ends only by its context

	routing, stopRouting := context.WithCancel(context.Background())
	var router sync.WaitGroup
	router.Go(func() { _ = s.route.Run(routing) }) // likewise
	defer s.followRoute()()
	s.way = s.wayNow() // sockets were made before anybody listened

	var mapper sync.WaitGroup
	mapper.Go(func() { _ = s.reach.mapper.Run(announcing) })   // likewise
	mapper.Go(func() { _ = s.hosting.mapper.Run(announcing) }) // likewise
	s.listening(s.control.Port())
	for _, b := range s.bans {
		s.control.Ban(b.Addr)
	}
	if s.settings.IPFilter {
		s.filter.gate.Shut()
		s.loadFilter()
	}
	s.steerHosting()
	for _, t := range s.order {
		s.steer(t)
		if t.resigned() {
			s.quiet = append(s.quiet, t)
		}
	}
	e.loop(ctx, s)

	done := make(chan struct{})
	var shutdown sync.WaitGroup
	shutdown.Go(func() {
		defer close(done)
		close(ended)
		s.cancel()
		stopAnnouncing()
		for _, l := range []*lane{s.library, s.keeper, s.tasks, s.movers, s.looks, s.checks} {
			close(l.in)
		}
		lanes.Wait()
		mapper.Wait() // it takes back what it was given, over the route
		stopRouting()
		router.Wait()
		s.flush()
		s.hosting.all.Wait()
		announcer.Wait()
		s.close()
	})
	select {
	case <-done:
		return nil
	case <-time.After(shutdownMax):
		s.log.Warn("left behind at the end: the library or a disk did not answer in time")
		return nil
	}
}

// loop is the only place where state changes.
func (e *Engine) loop(ctx context.Context, s *state) {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	var soon <-chan time.Time
	for {
		var toReader chan<- Update // nil, so never ready, while there is no news
		if s.next.Snapshot != nil {
			toReader = e.updates
		}
		if s.changed && soon == nil {
			soon = time.After(publishSoon)
		}
		toLibrary, libraryJob := s.library.next()
		toKeeper, keeperJob := s.keeper.next()
		toTasks, taskJob := s.tasks.next()
		toMovers, moverJob := s.movers.next()
		toLooks, look := s.looks.next()
		toChecks, checkJob := s.checks.next()
		select {
		case <-ctx.Done():
			return
		case f := <-e.cmds: // the user
			f(s)
		case f := <-s.results: // the lanes
			f(s)
		case <-s.mail.signal: // callbacks
			for _, f := range s.mail.take() {
				f(s)
			}
		case <-tick.C:
			s.tick()
		case <-soon:
			soon = nil
			s.publish()
		case toLibrary <- libraryJob:
			s.library.sent()
		case toKeeper <- keeperJob:
			s.keeper.sent()
		case toTasks <- taskJob:
			s.tasks.sent()
		case toMovers <- moverJob:
			s.movers.sent()
		case toLooks <- look:
			s.looks.sent()
		case toChecks <- checkJob:
			s.checks.sent()
		case toReader <- s.next:
			s.next = Update{}
		}
	}
}
