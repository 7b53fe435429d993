package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// strictly has a path lead nowhere but down, and over no link.
const strictly = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS

// openBeneath opens a regular file, or makes it if flag says O_EXCL, with as few calls
// as there can be. It returns nil if it cannot, for whatever reason: there may be a
// link on the way, a folder missing, or the system too old.
func openBeneath(at place, flag int) *os.File {
	dir, err := unix.Open(at.dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(dir)
	how := unix.OpenHow{
		Flags:   uint64(flag) | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NOCTTY,
		Resolve: strictly,
	}
	made := flag&os.O_EXCL != 0
	if made {
		how.Mode = 0o666
	} else {
		how.Flags |= unix.O_NONBLOCK // a pipe must not wait
	}
	fd, err := unix.Openat2(dir, at.name, &how)
	if err != nil {
		return nil
	}
	var info unix.Stat_t
	if !made && (unix.Fstat(fd, &info) != nil || info.Mode&unix.S_IFMT != unix.S_IFREG || unix.SetNonblock(fd, false) != nil) {
		_ = unix.Close(fd) // nothing was written
		return nil
	}
	return os.NewFile(uintptr(fd), at.full())
}
