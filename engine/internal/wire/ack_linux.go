package wire

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// acknowledge sends the acknowledgement that the system holds back in the hope
// of data to go with it.
func acknowledge(socket net.Conn) {
	tcp, ok := socket.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) // it only comes later then
	})
}
