package portmap

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"piecewise/engine/internal/route"
)

const (
	leaseWanted = time.Hour
	leaseLeast  = 2 * time.Minute // shorter ones are renewed as if they were this long
	leaseMost   = 24 * time.Hour
	checkEvery  = 2 * time.Minute
	retryFirst  = 2 * time.Minute
	retryLast   = 30 * time.Minute
	takeBack    = 2 * time.Second
)

// Config is what a Mapper is made with.
type Config struct {
	Route   *route.Route
	Changed func()       // called after Status changed, on Run's goroutine; returns at once. May be nil
	Logger  *slog.Logger // nil logs nothing

	// Gateway is asked instead of the router of the default route, and by UPnP instead
	// of the whole network. On loopback, where nobody else is asked, it must be set.
	Gateway  netip.Addr
	PMPPort  uint16 // of PCP and NAT-PMP; 0 is 5351
	SSDPPort uint16 // of UPnP's search; 0 is 1900

	every  time.Duration                                    // for tests, instead of checkEvery and retryFirst
	router func(v6 bool, device string) (netip.Addr, error) // for tests, instead of Gateway and what the system tells
}

// State is how far it is.
type State uint8

// The states.
const (
	Off    State = iota // nothing is wanted, or nothing may be asked
	Asking              // the first answer is awaited
	Mapped              // the router lets peers in
	Failed              // no router does
)

// Status is what is known.
type Status struct {
	State    State
	Method   string         // "PCP", "NAT-PMP" or "UPnP" once mapped
	TCP, UDP uint16         // the external ports, once mapped; UDP is 0 if only TCP is
	External netip.Addr     // of the router, as it says; invalid if it did not. Not to be believed
	Pinhole  netip.AddrPort // of IPv6, where the router lets peers in; invalid for none
	Why      string         // of Off and Failed, a sentence without its full stop
}

// Mapper maps one port. Its methods return at once.
type Mapper struct {
	cfg    Config
	nudged chan struct{}

	mu     sync.Mutex
	port   uint16
	status Status
}

// New returns a Mapper that does nothing before Run.
func New(cfg Config) *Mapper {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.PMPPort == 0 {
		cfg.PMPPort = 5351
	}
	if cfg.SSDPPort == 0 {
		cfg.SSDPPort = 1900
	}
	if cfg.every == 0 {
		cfg.every = checkEvery
	}
	if cfg.router == nil {
		cfg.router = gateway
		if given := cfg.Gateway; given.IsValid() {
			cfg.router = func(bool, string) (netip.Addr, error) { return given, nil }
		}
	}
	return &Mapper{cfg: cfg, nudged: make(chan struct{}, 1)}
}

// Set says which port peers are to reach; 0 is none.
func (m *Mapper) Set(port uint16) {
	m.mu.Lock()
	changed := m.port != port
	m.port = port
	m.mu.Unlock()
	if changed {
		m.nudge()
	}
}

func (m *Mapper) nudge() {
	select {
	case m.nudged <- struct{}{}:
	default:
	}
}

// Status tells how it is.
func (m *Mapper) Status() Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.status
}

func (m *Mapper) wanted() uint16 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.port
}

func (m *Mapper) tell(s Status) {
	m.mu.Lock()
	changed := m.status != s
	m.status = s
	m.mu.Unlock()
	if !changed {
		return
	}
	m.cfg.Logger.Info("port mapping", "state", s.State, "method", s.Method, "tcp", s.TCP, "udp", s.UDP, "external", s.External, "why", s.Why)
	if m.cfg.Changed != nil {
		m.cfg.Changed()
	}
}

// place is where this machine is: what a mapping is good for.
type place struct{ local, gateway netip.Addr }

// told reports whether the router is known before one answers.
func (p place) told() bool { return p.gateway.IsValid() }

// lease is what a router granted.
type lease struct {
	place    place
	port     uint16 // ours
	tcp, udp uint16 // external
	external netip.Addr
	life     time.Duration // 0 is for good
	epoch    epoch
	token    any // the asker's own
}

// asker is one way to ask a router. Its methods are called by one goroutine and end
// soon after ctx does.
type asker interface {
	name() string
	// ask maps the port. before is the lease that it gave last, for the same port, or
	// nil. A place that is not told is for the asker to find, or errUntold.
	ask(ctx context.Context, at place, port uint16, before *lease) (*lease, error)
	// alive returns an error if the router has forgotten the lease.
	alive(ctx context.Context, l *lease) error
	drop(ctx context.Context, l *lease)
}

// session is the mapping of one IP version.
type session struct {
	v6     bool
	askers []asker
	held   *lease
	holder asker
	due    time.Time // when it is asked again
	pause  time.Duration
	err    error // why nothing is held
}

// Run maps the port that is set until ctx ends. It returns nil.
func (m *Mapper) Run(ctx context.Context) error {
	stop := m.cfg.Route.Notify(m.nudge)
	defer stop()
	device := &igd{m: m}
	four := &session{askers: []asker{&pcp{m: m}, &pmp{m: m}, device}}
	six := &session{v6: true, askers: []asker{&pcp{m: m, v6: true}, &pinhole{igd: device}}}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeBack)
			defer cancel()
			four.drop(last)
			six.drop(last)
			return nil
		case <-m.nudged:
			four.hurry()
			six.hurry()
		case <-timer.C:
		}
		m.round(ctx, four, six)
		timer.Reset(m.cfg.every)
	}
}

// hurry ends the pause after a failure.
func (s *session) hurry() {
	if s.held == nil {
		s.pause, s.due = 0, time.Time{}
	}
}

// round looks at both sessions once.
func (m *Mapper) round(ctx context.Context, four, six *session) {
	port := m.wanted()
	why := ""
	if err := m.cfg.Route.Allowed(route.Router, "udp"); err != nil {
		why = err.Error()
	} else if m.cfg.Route.Loopback() && !m.cfg.Gateway.IsLoopback() {
		why = "only this machine may be contacted"
	}
	if port == 0 || why != "" {
		if port == 0 {
			four.drop(ctx)
			six.drop(ctx)
		}
		four.held, six.held = nil, nil
		m.tell(Status{State: Off, Why: why})
		return
	}
	if m.Status().State == Off {
		m.tell(Status{State: Asking})
	}
	m.keep(ctx, four, port)
	m.keep(ctx, six, port)
	if ctx.Err() == nil {
		m.tell(m.summary(four, six))
	}
}

func (m *Mapper) summary(four, six *session) Status {
	var s Status
	if l := four.held; l != nil {
		s = Status{State: Mapped, Method: four.holder.name(), TCP: l.tcp, UDP: l.udp, External: l.external}
	} else {
		s = Status{State: Failed, Why: reason(four.err)}
	}
	if l := six.held; l != nil {
		s.Pinhole = netip.AddrPortFrom(l.external, l.tcp)
	}
	return s
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimRight(err.Error(), ". \n")
}

// keep has the session hold a lease for the port, where a router gives one.
func (m *Mapper) keep(ctx context.Context, s *session, port uint16) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	at, err := m.place(ctx, s.v6)
	if ctx.Err() != nil {
		return
	}
	if l := s.held; l != nil && (err != nil || l.port != port || !m.still(ctx, l, at)) {
		s.drop(ctx)
		s.due = time.Time{}
	}
	if err != nil {
		s.err = err
		return
	}
	if s.held != nil && time.Now().Before(s.due) {
		if err := s.holder.alive(ctx, s.held); err == nil || ctx.Err() != nil {
			return
		}
	}
	if s.held == nil && time.Now().Before(s.due) {
		return
	}
	s.renew(ctx, at, port)
}

// renew asks who gave the last lease, or else one after the other.
func (s *session) renew(ctx context.Context, at place, port uint16) {
	var errs []error
	if s.held != nil {
		l, err := s.holder.ask(ctx, at, port, s.held)
		if err == nil {
			s.take(s.holder, l)
			return
		}
		s.held = nil
	}
	for _, a := range s.askers {
		l, err := a.ask(ctx, at, port, nil)
		if err == nil {
			s.take(a, l)
			return
		}
		errs = append(errs, err)
	}
	s.err = worst(errs)
	s.pause = min(max(2*s.pause, retryFirst), retryLast)
	s.due = time.Now().Add(s.pause)
}

func (s *session) take(a asker, l *lease) {
	life := l.life
	if life <= 0 || life > leaseMost {
		life = leaseMost
	}
	s.held, s.holder, s.err, s.pause = l, a, nil, 0
	s.due = time.Now().Add(max(life, leaseLeast) / 2)
}

func (s *session) drop(ctx context.Context) {
	if s.held != nil {
		s.holder.drop(ctx, s.held)
		s.held = nil
	}
}

var (
	errSilent  = errors.New("no router answers")
	errGateway = errors.New("there is no router: this machine has no default route")
	errUntold  = errors.New("the router's address is not known")
)

// refusal is why a router that answered does not map.
type refusal struct{ why string }

func (r *refusal) Error() string { return r.why }

// worst returns what tells the most: a router's own words before silence.
func worst(errs []error) error {
	for _, err := range errs {
		var r *refusal
		if errors.As(err, &r) {
			return err
		}
	}
	for _, err := range errs {
		switch {
		case errors.Is(err, errSilent), errors.Is(err, errVersion), errors.Is(err, errUntold), errors.Is(err, context.DeadlineExceeded):
		default:
			return err
		}
	}
	return errSilent
}
