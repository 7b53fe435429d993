package route

import (
	"sync"

	"golang.org/x/sys/unix"
)

// canBind reports whether the kernel lets us bind sockets to an interface: since 5.7
// without privileges.
var canBind = sync.OnceValue(func() bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.BindToDevice(fd, "lo") == nil
})

func bindToDevice(fd uintptr, _, name string, _ int) error { return unix.BindToDevice(int(fd), name) }
