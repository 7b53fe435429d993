package route

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// watchLinks calls changed when an interface or address has come, gone or changed,
// until ctx ends (rtnetlink(7)).
func watchLinks(ctx context.Context, changed func()) {
	f, err := netlink()
	if err != nil {
		poll(ctx, changed)
		return
	}
	defer f.Close()
	defer context.AfterFunc(ctx, func() { f.Close() })()
	changed() // since the way was found nobody was told
	said := make([]byte, 64<<10)
	for ctx.Err() == nil {
		_, err := f.Read(said)
		if err != nil && !errors.Is(err, unix.ENOBUFS) { // there was too much to tell
			poll(ctx, changed) // which returns at once if that is why
			return
		}
		changed()
	}
}

// netlink opens a socket that hears of interfaces and addresses.
func netlink() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	at := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR}
	if err := unix.Bind(fd, at); err != nil {
		_ = unix.Close(fd) // nobody has used it
		return nil, os.NewSyscallError("bind", err)
	}
	return os.NewFile(uintptr(fd), "netlink"), nil
}
