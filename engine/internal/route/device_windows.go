package route

import (
	"math/bits"

	"golang.org/x/sys/windows"
)

// Options of the socket that choose the interface of what is sent; IPv4 wants the
// number in network order.
const (
	ipUnicastIf   = 31
	ipv6UnicastIf = 31
)

func canBind() bool { return true }

func bindToDevice(fd uintptr, network, _ string, index int) error {
	if network[len(network)-1] == '6' {
		return windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_IPV6, ipv6UnicastIf, index)
	}
	return windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_IP, ipUnicastIf, int(int32(bits.ReverseBytes32(uint32(index)))))
}
