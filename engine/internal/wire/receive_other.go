//go:build !unix

package wire

import (
	"context"
	"syscall"
)

func (r *receiver) openTCP(raw syscall.RawConn) {
	r.raw = raw
	r.try = func(uintptr) bool {
		asked := r.patient
		r.patient = true
		return asked // false first: that waits until there is something to read
	}
}

// readTCP reads once. It holds a buffer only while there is something to read.
func (r *receiver) readTCP() (int, error) {
	r.flush()
	r.drop()
	r.patient = false
	if err := r.raw.Read(r.try); err != nil {
		return 0, err
	}
	if !r.take() {
		return 0, context.Cause(r.c.ctx)
	}
	return r.socket.Read(r.space())
}
