package route

import "golang.org/x/sys/unix"

func tellArrivals(fd uintptr, network string) error {
	if network == "udp4" {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	}
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1)
}
