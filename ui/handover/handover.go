// Package handover keeps one running window a profile: the first start claims
// the profile and listens, a later one hands its arguments over and leaves.
//
// The claim is a file lock, so it dies with its process and nothing that a
// crash leaves behind is in the way. Beside it lies a unix socket that carries
// one message a connection: a line of JSON in, a line of JSON back. Both live
// in a directory that only the user may enter, and the sender is nevertheless
// treated as a stranger.
//
// Goroutines: Serve starts one a connection, at most eight, ends them with a
// deadline of three seconds or with its context, and awaits them all before it
// returns. Nothing else here starts any.
package handover

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// ErrRunning is what Claim returns when a live instance holds the profile.
var ErrRunning = errors.New("an instance with this profile is already running")

const (
	claimPatience = 5 * time.Second       // how long a start waits for one that is itself still starting or stopping
	retryEvery    = 25 * time.Millisecond // between two looks at such an instance
)

// Instance is the claim on a profile. It is good from Claim until Close; what
// others send meanwhile waits until Serve runs.
type Instance struct {
	lock     *flock.Flock
	listener *net.UnixListener
}

// Claim makes this process the one instance for the profile directory, which
// need not exist. It returns ErrRunning when another process, or another
// Instance of this one, has it and answers. One that holds the claim but does
// not listen yet, or no more, is waited for: five seconds at most.
func Claim(ctx context.Context, profile string) (*Instance, error) {
	p, err := placeFor(profile)
	if err != nil {
		return nil, fmt.Errorf("claim profile: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, claimPatience)
	defer cancel()
	tick := time.NewTicker(retryEvery)
	defer tick.Stop()
	for {
		in, err := p.claim(ctx)
		if err != nil {
			return nil, fmt.Errorf("claim profile: %w", err)
		}
		if in != nil {
			return in, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("claim profile: another instance holds it but does not answer: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// Close gives the claim up: whoever starts next is the first. Serve, should it
// still run, returns.
func (i *Instance) Close() error {
	// The socket goes before the lock, or a successor's would be unlinked.
	err := i.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil
	}
	return errors.Join(err, i.lock.Close())
}

// claim tries once. No instance and no error means: taken, but nobody answers.
func (p place) claim(ctx context.Context) (*Instance, error) {
	lock := flock.New(p.lock, flock.SetPermissions(0o600))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", p.lock, err)
	}
	// With the lock in hand the socket should be dead; it is asked all the same
	// because a cleaner of old temporary files may have removed a live lock.
	if p.answers(ctx) {
		return nil, errors.Join(ErrRunning, lock.Close())
	}
	if !ok {
		return nil, nil
	}
	in, err := p.listen(lock)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return in, nil
}

func (p place) listen(lock *flock.Flock) (*Instance, error) {
	if err := os.Remove(p.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove stale socket: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: p.socket, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("listen for other starts: %w", err)
	}
	return &Instance{lock: lock, listener: l}, nil
}

// answers says whether a process listens on the socket.
func (p place) answers(ctx context.Context) bool {
	conn, err := p.dial(ctx)
	if err != nil {
		return false
	}
	// Nothing was asked and nothing is expected; how it closes does not matter.
	_ = conn.Close()
	return true
}

func (p place) dial(ctx context.Context) (*net.UnixConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", p.socket)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}
