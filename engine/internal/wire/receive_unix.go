//go:build unix

package wire

import (
	"context"
	"syscall"

	"golang.org/x/sys/unix"
)

func (r *receiver) openTCP(raw syscall.RawConn) {
	r.raw = raw
	r.try = func(fd uintptr) bool {
		if !r.take() {
			r.err = context.Cause(r.c.ctx)
			return true
		}
		r.got, r.err = unix.Read(int(fd), r.space())
		for r.err == unix.EINTR {
			r.got, r.err = unix.Read(int(fd), r.space())
		}
		if r.err != unix.EAGAIN {
			return true
		}
		r.got, r.err = 0, nil
		if r.patient {
			r.drop()
		}
		return !r.patient
	}
}

// readTCP reads once. It holds a buffer only while there is something to read.
func (r *receiver) readTCP() (int, error) {
	r.patient = !r.dirty
	for {
		r.got, r.err = 0, nil
		if err := r.raw.Read(r.try); err != nil {
			return 0, err
		}
		if r.got > 0 || r.err != nil || r.patient {
			return max(0, r.got), r.err
		}
		r.flush() // outside of the callback, where the Peer may close the connection
		r.patient = true
	}
}
