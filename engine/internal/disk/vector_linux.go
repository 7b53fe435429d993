package disk

import (
	"io"
	"os"

	"golang.org/x/sys/unix"

	"piecewise/engine/internal/advice"
)

const maxVector = 1024 // IOV_MAX

// readAt fills v from the offset on with vectored reads.
func readAt(f *os.File, v vector, at int64) error {
	if n := advice.ReadCached(f, v, at); n > 0 {
		_, v = v.cut(n)
		at += int64(n)
	}
	return moveAll(f, v, at, func(fd int, v vector, at int64) (int, error) { return unix.Preadv(fd, v, at) }, io.EOF)
}

// writeAt writes v at the offset with vectored writes.
func writeAt(f *os.File, v vector, at int64) error {
	return moveAll(f, v, at, func(fd int, v vector, at int64) (int, error) { return unix.Pwritev(fd, v, at) }, io.ErrShortWrite)
}

// moveAll has a call of the system move v to or from an offset of a file until all of it
// is moved. If a call moves nothing the error is none.
func moveAll(f *os.File, v vector, at int64, move func(fd int, v vector, at int64) (int, error), none error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	for len(v) > 0 {
		n, failed := 0, error(nil)
		err := conn.Control(func(fd uintptr) {
			for {
				if n, failed = move(int(fd), v[:min(len(v), maxVector)], at); failed != unix.EINTR {
					return
				}
			}
		})
		if err == nil {
			err = failed
		}
		if err == nil && n == 0 {
			err = none
		}
		if err != nil {
			return err
		}
		at += int64(n)
		_, v = v.cut(n)
	}
	return nil
}
