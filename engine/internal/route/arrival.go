package route

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// tellingArrivals is control for a UDP socket on all addresses of the machine: whoever
// answers there has to answer by the address that was asked, since another is taken for
// somebody else's. The system tells it with each packet, and takes it with the answer,
// where it can (Linux: ip(7), ipv6(7)); elsewhere it chooses.
func (w *way) tellingArrivals(network, address string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) { failed = tellArrivals(fd, network) })
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("be told of arrivals: %w", err)
	}
	return w.control(network, address, raw)
}

// ReadMsgUDPAddrPort is ReadFrom with what the system tells of the packet, such as the
// address that it came to; through a proxy nothing.
func (p *Packets) ReadMsgUDPAddrPort(b, oob []byte) (n, oobn, flags int, from netip.AddrPort, err error) {
	err = p.read(func(inner carrier) (err error) {
		if udp, ok := inner.(*net.UDPConn); ok {
			n, oobn, flags, from, err = udp.ReadMsgUDPAddrPort(b, oob)
			return err
		}
		var sender net.Addr
		if n, sender, err = inner.ReadFrom(b); err == nil {
			from = sender.(*net.UDPAddr).AddrPort()
		}
		return err
	})
	return n, oobn, flags, from, err
}

// WriteMsgUDPAddrPort is WriteTo with what the system is to be told of the packet, such as
// the address that it leaves by.
func (p *Packets) WriteMsgUDPAddrPort(b, oob []byte, to netip.AddrPort) (n, oobn int, err error) {
	inner, err := p.writer(to)
	if err != nil {
		return 0, 0, err
	}
	if udp, ok := inner.(*net.UDPConn); ok {
		return udp.WriteMsgUDPAddrPort(b, oob, to)
	}
	n, err = inner.WriteTo(b, net.UDPAddrFromAddrPort(to))
	return n, 0, err
}
