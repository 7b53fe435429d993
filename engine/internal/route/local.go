package route

import (
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// ListenLocal makes a UDP socket for the local network (LSD, BEP 14; discovery of
// routers): with a valid group it receives that multicast group's packets on the
// group's port, else those for a free port. What it sends to groups leaves by the
// interface that the policy names, in loopback mode by the loopback interface, and goes
// no further than the next router. It ends with its way: whoever needs it longer asks for
// another after a change (Notify). It is refused while peers are to see the proxy only.
func (r *Route) ListenLocal(v6 bool, group netip.AddrPort) (net.PacketConn, error) {
	w := r.now.Load()
	if err := w.allows(Router, "udp"); err != nil {
		return nil, err
	}
	done, err := r.begin(w) // the kernel tells of groups that are joined
	if err != nil {
		return nil, err
	}
	defer done()
	at := netip.IPv4Unspecified()
	if v6 {
		at = netip.IPv6Unspecified()
	}
	var out *net.Interface
	switch {
	case r.rules.loopback:
		if out, err = loopback(); err != nil {
			return nil, err
		}
	case w.policy.bound():
		if out, err = net.InterfaceByIndex(w.index); err != nil {
			return nil, w.because(fmt.Errorf("find interface: %w", err))
		}
	}
	conn, err := r.local(w, at, group, out)
	if err != nil {
		return nil, err
	}
	c := &udpConn{UDPConn: conn, route: r}
	return c, r.hold(c, w)
}

// loopback returns the interface that leads nowhere.
func loopback() (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("find loopback interface: %w", err)
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp != 0 {
			return &i, nil
		}
	}
	return nil, &ClosedError{"there is no loopback interface"}
}

func (r *Route) local(w *way, at netip.Addr, group netip.AddrPort, out *net.Interface) (conn *net.UDPConn, err error) {
	if _, err := w.local(at); err != nil {
		return nil, err // this IP version has no way
	}
	if group.IsValid() {
		network := "udp" + [2]string{"4", "6"}[version(at)]
		// It shares the port with other programs, and takes packets of the group only.
		conn, err = net.ListenMulticastUDP(network, out, net.UDPAddrFromAddrPort(group))
		if err == nil {
			err = w.bindConn(conn, network)
		}
	} else {
		conn, err = r.bindUDP(w, netip.AddrPortFrom(at, 0))
	}
	if err == nil && out != nil {
		if at.Is4() {
			err = ipv4.NewPacketConn(conn).SetMulticastInterface(out)
		} else {
			err = ipv6.NewPacketConn(conn).SetMulticastInterface(out)
		}
	}
	if err != nil {
		if conn != nil {
			_ = conn.Close() // it was not used
		}
		return nil, fmt.Errorf("listen in the local network: %w", w.because(err))
	}
	return conn, nil
}

// bindConn binds a socket to the way's interface that was made already.
func (w *way) bindConn(c *net.UDPConn, network string) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return w.control(network, "", raw)
}
