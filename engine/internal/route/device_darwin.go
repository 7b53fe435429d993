package route

import "golang.org/x/sys/unix"

func canBind() bool { return true }

func bindToDevice(fd uintptr, network, _ string, index int) error {
	if network[len(network)-1] == '6' {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_BOUND_IF, index)
	}
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BOUND_IF, index)
}
