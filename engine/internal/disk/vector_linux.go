package disk

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const maxVector = 1024 // IOV_MAX

// writeAt writes v at the offset with vectored writes.
func writeAt(f *os.File, v vector, at int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	for len(v) > 0 {
		n, failed := 0, error(nil)
		err := conn.Control(func(fd uintptr) {
			for {
				if n, failed = unix.Pwritev(int(fd), v[:min(len(v), maxVector)], at); failed != unix.EINTR {
					return
				}
			}
		})
		if err == nil {
			err = failed
		}
		if err == nil && n == 0 {
			err = io.ErrShortWrite
		}
		if err != nil {
			return err
		}
		at += int64(n)
		_, v = v.cut(n)
	}
	return nil
}
