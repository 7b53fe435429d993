package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// uncache asks the system to forget what it has in memory of a file, so that it is
// read from the disk next time, and leaves the memory to others. What is not
// synced yet stays.
func uncache(f *os.File, at, n int64) {
	control(f, func(fd int) { _ = unix.Fadvise(fd, at, n, unix.FADV_DONTNEED) }) // only a wish
}

// clone makes an empty file share all of another one's bytes, and reports whether
// the file system can do that.
func clone(from, to *os.File) (done bool) {
	control(from, func(source int) {
		control(to, func(target int) { done = unix.IoctlFileClone(target, source) == nil })
	})
	return done
}

func control(f *os.File, do func(fd int)) {
	if conn, err := f.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { do(int(fd)) }) // fails only for a closed file
	}
}
