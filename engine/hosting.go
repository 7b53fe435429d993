package engine

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"

	"piecewise/engine/internal/portmap"
	"piecewise/engine/tracker"
)

// Hosting is how our own tracker is doing.
type Hosting struct {
	On     bool    // it answers
	Err    string  // why it does not, though it should; one sentence
	Port   int     // that it listens on, for HTTP and UDP
	Places []Place // where others may reach it, the best first; while it is on

	TrackerStats // since it was turned on
}

// TrackerStats are what our own tracker has done and holds.
type TrackerStats = tracker.Stats

// sameHosting reports whether nothing is new.
func sameHosting(a, b Hosting) bool {
	return a.On == b.On && a.Err == b.Err && a.Port == b.Port && a.TrackerStats == b.TrackerStats && slices.Equal(a.Places, b.Places)
}

// hosting is our own tracker, as the loop has it.
type hosting struct {
	shown   Hosting
	host    *host // nil while it is off
	busy    bool  // it is being turned on or off
	failed  bool  // it could not be turned on, and nothing has changed since
	listed  bool  // it knows which torrents there are
	moved   bool  // places may not be true any more
	places  []Place
	mapper  *portmap.Mapper // of its port
	waiting []chan Hosting
	all     sync.WaitGroup // its goroutines, each added by a lane
}

// host is a tracker that runs.
type host struct {
	*tracker.Server
	at    netip.AddrPort // what was asked for
	stop  context.CancelFunc
	ended bool
}

// Host turns our own tracker on, if it is off, and waits until it answers. The
// error is one sentence, such as that its port is taken.
func (e *Engine) Host(ctx context.Context) (Hosting, error) {
	settled := make(chan Hosting, 1)
	err := e.do(ctx, func(s *state) error {
		s.hosting.waiting = append(s.hosting.waiting, settled)
		s.hosting.failed = false // it is tried again
		if v := s.settings; !v.TrackerOn {
			v.TrackerOn = true
			return s.setSettings(v)
		}
		s.steerHosting()
		return nil
	})
	if err != nil {
		return Hosting{}, err
	}
	select {
	case h := <-settled:
		if !h.On {
			return h, errors.New(h.Err)
		}
		return h, nil
	case <-ctx.Done():
		return Hosting{}, ctx.Err()
	case <-e.stopped:
		return Hosting{}, ErrStopped
	}
}

// showHosting puts what is new into the snapshot.
func (s *state) showHosting() {
	h := &s.hosting
	now := Hosting{Err: h.shown.Err}
	if x := h.host; x != nil && s.way.Closed != "" {
		now.Err = s.way.Closed + "." // it answers again once there is a way
	} else if x != nil {
		now = Hosting{On: true, Port: int(x.Addr().Port()), Places: h.places, TrackerStats: x.Stats()}
	} else if !s.settings.TrackerOn {
		now.Err = ""
	}
	if !sameHosting(now, h.shown) {
		h.shown, s.changed = now, true
	}
}
