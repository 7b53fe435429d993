package route

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

// How long a socket that could not be made, or has failed, is left alone.
const (
	retryFirst = time.Second
	retryMost  = 30 * time.Second
	readPause  = 100 * time.Millisecond
)

// socket outlives its way: whenever that changes it is made anew. Its reader's
// goroutine makes it, which may wait for a proxy; everybody else takes what is there.
type socket[T interface {
	comparable
	io.Closer
}] struct {
	route *Route
	make  func(w *way, at netip.AddrPort) (T, error)
	slow  func(w *way) bool // make waits; nil is never
	stop  func()            // of Notify

	mu     sync.Mutex
	at     netip.AddrPort // where it should be, its port as the system chose it
	inner  T              // nil while there is none
	on     *way           // of inner
	wake   chan struct{}  // closed when there is another inner, or may be one
	pause  time.Time      // until when it is left alone
	closed bool
}

// start makes the socket for the first time. That no way is open is no error.
func (s *socket[T]) start(port func(T) uint16) error {
	s.wake = make(chan struct{})
	err := s.rebind(s.at, port)
	if err == nil {
		s.stop = s.route.Notify(s.stir)
	}
	return err
}

// rebind moves the socket to another address. If that fails, nothing has changed.
func (s *socket[T]) rebind(at netip.AddrPort, port func(T) uint16) error {
	var none T
	w := s.route.now.Load()
	if _, there := s.peek(); there && s.address() == at {
		return nil
	}
	var inner T
	err := error(&ClosedError{"it is made by its reader"})
	if s.slow == nil || !s.slow(w) {
		inner, err = s.make(w, at)
	}
	var closed *ClosedError
	if err != nil && !errors.As(err, &closed) {
		return err
	}
	if err == nil {
		if err = s.route.hold(inner, w); err != nil {
			inner = none // it is made again under the new way
		} else {
			at = netip.AddrPortFrom(at.Addr(), port(inner))
		}
	}
	s.mu.Lock()
	old := s.inner
	s.at, s.inner, s.on = at, inner, w
	over := s.closed
	s.mu.Unlock()
	s.stir()
	if old != none {
		s.discard(old)
	}
	if over && inner != none {
		s.discard(inner)
		return net.ErrClosed
	}
	return nil
}

// stir has whoever waits look again.
func (s *socket[T]) stir() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.wake)
	s.wake = make(chan struct{})
	s.pause = time.Time{}
}

func (s *socket[T]) discard(inner T) {
	s.route.release(inner)
	_ = inner.Close() // it is of no use any more
}

// peek returns the socket if there is one.
func (s *socket[T]) peek() (inner T, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var none T
	return s.inner, s.inner != none && s.on.same(s.route.now.Load())
}

// address returns where the socket is, or should be.
func (s *socket[T]) address() netip.AddrPort {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// current waits until there is a socket, which it makes itself if it can. The error
// is net.ErrClosed.
func (s *socket[T]) current() (inner T, on *way, err error) {
	for wait := retryFirst; ; {
		s.mu.Lock()
		w, wake, at, pause := s.route.now.Load(), s.wake, s.at, time.Until(s.pause)
		if s.closed {
			s.mu.Unlock()
			return inner, nil, net.ErrClosed
		}
		var none T
		if s.inner != none && s.on.same(w) {
			defer s.mu.Unlock()
			return s.inner, s.on, nil
		}
		s.mu.Unlock()
		if pause <= 0 {
			made, err := s.make(w, at)
			if err == nil && s.put(made, w, at) {
				continue
			}
			var closed *ClosedError
			if pause = wait; errors.As(err, &closed) {
				pause = time.Hour // only a change of the way helps
			}
			wait = min(2*wait, retryMost)
		}
		timer := time.NewTimer(pause)
		select {
		case <-wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// put takes a socket that was made, unless it is not wanted any more.
func (s *socket[T]) put(made T, w *way, at netip.AddrPort) bool {
	if s.route.hold(made, w) != nil {
		return true // look again
	}
	s.mu.Lock()
	ok := !s.closed && s.at == at
	if ok {
		s.inner, s.on = made, w
	}
	s.mu.Unlock()
	if !ok {
		s.discard(made)
	}
	return true
}

// failed says that a socket is of no use any more, unless it is an old one.
func (s *socket[T]) failed(inner T) {
	s.mu.Lock()
	var none T
	if s.inner == inner {
		s.inner, s.pause = none, time.Now().Add(readPause)
	}
	s.mu.Unlock()
	s.discard(inner)
}

func (s *socket[T]) close() error {
	s.mu.Lock()
	var none T
	inner, was := s.inner, s.closed
	s.inner, s.closed = none, true
	s.mu.Unlock()
	if was {
		return net.ErrClosed
	}
	s.stop()
	s.stir()
	if inner != none {
		s.discard(inner)
	}
	return nil
}
