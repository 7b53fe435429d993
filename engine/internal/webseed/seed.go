package webseed

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// Source is the data plane's side of a web seed, a transfer.Source.
type Source interface {
	// Deliver takes whole blocks that were asked for, and copies them. It may wait for
	// the disk. An error ends the visit.
	Deliver(blocks []wire.Segment) error
	// Leave ends the visit.
	Leave()
}

// Link is how the data plane asks for blocks, a transfer.Link.
type Link interface {
	Info() wire.Info
	Send(wire.Message)
	Wake()
	Close(error)
	Done() <-chan struct{}
	Overhead() (in, out int64)
}

// Config is what a Seed is made with.
type Config struct {
	URL       string // http or https, which the gate has passed
	Addr      netip.AddrPort
	Torrent   *Torrent
	Client    *http.Client // which bounds redirects, and says which hosts may be asked
	UserAgent string
	// Attach takes part in the torrent, nil if that is over. have are the pieces that
	// there are, all if it is of no length.
	Attach func(l Link, have plane.Bits) Source
	Wrong  error         // with which Close says that data was wrong
	Again  time.Duration // the first wait after a failure; 0 is 5 s
	Within time.Duration // which a block may take; 0 is 30 s
}

const (
	firstWait  = 5 * time.Second
	longest    = 15 * time.Minute
	longestAsk = time.Hour // that a server may ask us to stay away
	maxMissing = 1000      // files, or it is set aside
)

// Seed is one web seed of a torrent that runs.
type Seed struct {
	cfg Config

	mu       sync.Mutex
	missing  []int // files that it lacks
	attached bool
	aside    bool
	reason   string
	next     time.Time
	came     int64 // bytes of blocks, in all visits
	in, out  int64 // all other bytes, in visits that are over
}

// New returns a Seed that does nothing before Run.
func New(cfg Config) *Seed {
	cfg.Again, cfg.Within = cmp.Or(cfg.Again, firstWait), cmp.Or(cfg.Within, blockTime)
	return &Seed{cfg: cfg}
}

// Run takes part in the torrent until ctx ends, the torrent does, or the web seed is
// set aside. It is called once.
func (s *Seed) Run(ctx context.Context) {
	s.lacks(s.cfg.Torrent.nameless(s.cfg.URL)...)
	for failures := 0; ; {
		have := s.cfg.Torrent.without(s.missing)
		if have.Len() > 0 && have.Count() == 0 || len(s.missing) > maxMissing {
			s.setAside(s.lastReason())
			return
		}
		v := newVisit(s)
		source := s.cfg.Attach(v, have)
		if source == nil {
			return
		}
		s.state(true, "", time.Time{})
		err := v.run(ctx, source)
		source.Leave()
		s.left(v)
		if v.came > 0 {
			failures = 0
		}
		failures++
		wait, again := s.judge(ctx, err, failures)
		if !again || !s.rest(ctx, wait) {
			return
		}
	}
}

// judge says what becomes of the web seed after a failure.
func (s *Seed) judge(ctx context.Context, err error, failures int) (wait time.Duration, again bool) {
	var f *failure
	if ctx.Err() != nil || err == nil {
		return 0, false
	}
	if s.cfg.Wrong != nil && errors.Is(err, s.cfg.Wrong) {
		err = errWrong
	}
	if !errors.As(err, &f) {
		f = &failure{reason: explain(err)}
	}
	switch {
	case f.aside:
		s.setAside(f.reason)
		return 0, false
	case f.lacks:
		s.lacks(f.file)
		s.state(false, f.reason, time.Time{})
		return 0, true
	}
	wait = f.wait
	if wait == 0 {
		wait = backOff(s.cfg.Again, failures)
	}
	s.state(false, f.reason, time.Now().Add(wait))
	return wait, true
}

// backOff is how long to wait after so many failures in a row.
func backOff(first time.Duration, failures int) time.Duration {
	wait := min(first<<min(failures-1, 20), longest)
	return time.Duration(float64(wait) * (0.75 + 0.5*rand.Float64()))
}

// rest waits, false if ctx has ended.
func (s *Seed) rest(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *Seed) lacks(files ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range files {
		if !slices.Contains(s.missing, i) {
			s.missing = append(s.missing, i)
		}
	}
}

func (s *Seed) state(attached bool, reason string, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attached, s.next = attached, next
	if !attached {
		s.reason = reason
	}
}

func (s *Seed) lastReason() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reason == "" {
		return "it has none of the files"
	}
	return s.reason
}

func (s *Seed) setAside(reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attached, s.aside, s.reason, s.next = false, true, reason, time.Time{}
}

// left adds up what a visit brought.
func (s *Seed) left(v *visit) {
	in, out := v.Overhead()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came += v.came
	s.in += in
	s.out += out
}

// Absent returns the web seed as a peer that is not there, ok is false while it is
// attached or was not started.
func (s *Seed) Absent() (p plane.Peer, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return plane.Peer{
		Addr: s.cfg.Addr, URL: s.cfg.URL, Err: s.reason, Next: s.next, Origin: plane.OriginMetainfo,
		Choked: true, Choking: true, Limits: plane.NoLimits, Downloaded: s.came, ProtocolReceived: s.in, ProtocolSent: s.out,
	}, !s.attached && s.reason != ""
}

// Before returns what came in visits before this one, bytes: of blocks, and all else.
func (s *Seed) Before() (came, in, out int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came, s.in, s.out
}
