//go:build unix && !aix && !solaris

package store

import (
	"os"
	"syscall"
)

// unlock gives up bbolt's lock on a file. Closing it is not enough while it is
// still mapped.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
