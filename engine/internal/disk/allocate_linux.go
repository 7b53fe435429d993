package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate has the file system give a file room for n bytes. A file system that
// cannot do that lets the file grow.
func allocate(f *os.File, n int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	failed := error(nil)
	err = conn.Control(func(fd uintptr) {
		for {
			if failed = unix.Fallocate(int(fd), 0, 0, n); failed != unix.EINTR {
				return
			}
		}
	})
	if errors.Is(failed, unix.EOPNOTSUPP) || errors.Is(failed, unix.ENOSYS) {
		return nil
	}
	return errors.Join(err, failed)
}
