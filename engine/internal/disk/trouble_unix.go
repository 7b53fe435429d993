//go:build unix

package disk

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

func kindOf(number syscall.Errno) Kind {
	switch number {
	case unix.ENOSPC, unix.EDQUOT:
		return Full
	case unix.EROFS:
		return ReadOnly
	case unix.EACCES, unix.EPERM:
		return Denied
	case unix.ENODEV, unix.ENXIO, unix.ENOTCONN, unix.ESTALE, unix.ESHUTDOWN, unix.EHOSTDOWN, unix.EHOSTUNREACH, unix.ENETDOWN, unix.ENETUNREACH:
		return Gone
	case unix.EBUSY, unix.ETXTBSY, unix.EAGAIN, unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ETIMEDOUT:
		return Busy
	case unix.EIO:
		return Failing
	case unix.EFBIG:
		return TooLarge
	}
	return Unknown
}

// diskOf returns the folder at which the file system of dir begins, "" if that
// cannot be told.
func diskOf(dir string) string {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return ""
	}
	device, err := deviceOf(dir)
	if err != nil {
		return ""
	}
	for dir != filepath.Dir(dir) {
		if above, err := deviceOf(filepath.Dir(dir)); err != nil || above != device {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

func deviceOf(dir string) (uint64, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return 0, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	return uint64(stat.Dev), nil
}

// mayChange asks, without a trace, whether a file or folder can be written.
func mayChange(path string) error { return unix.Access(path, unix.W_OK) }
