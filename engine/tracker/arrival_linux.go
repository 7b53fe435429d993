package tracker

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"
)

// tellArrivals has the system tell with each packet of a UDP socket to which of our
// addresses it came.
func tellArrivals(network, _ string, raw syscall.RawConn) error {
	level, option := syscall.IPPROTO_IPV6, syscall.IPV6_RECVPKTINFO
	if network == "udp4" {
		level, option = syscall.IPPROTO_IP, syscall.IP_PKTINFO
	}
	var failed error
	err := raw.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), level, option, 1) })
	return errors.Join(err, failed)
}

// arrival returns the address of ours that a packet came to, invalid if it was not told:
// it reads in_pktinfo or in6_pktinfo (ip(7), ipv6(7)). What was told is to be told with
// the answer; the interface in it is cleared, since that may leave by another.
func arrival(oob []byte) netip.Addr {
	const head = syscall.SizeofCmsghdr
	if len(oob) < syscall.CmsgLen(syscall.SizeofInet4Pktinfo) {
		return netip.Addr{}
	}
	level, kind := binary.NativeEndian.Uint32(oob[head-8:]), binary.NativeEndian.Uint32(oob[head-4:])
	data := oob[syscall.CmsgLen(0):]
	switch {
	case level == syscall.IPPROTO_IP && kind == syscall.IP_PKTINFO:
		clear(data[:4])
		return netip.AddrFrom4([4]byte(data[4:8]))
	case level == syscall.IPPROTO_IPV6 && kind == syscall.IPV6_PKTINFO && len(data) >= syscall.SizeofInet6Pktinfo:
		clear(data[16:20])
		return netip.AddrFrom16([16]byte(data[:16])).Unmap()
	}
	return netip.Addr{}
}
