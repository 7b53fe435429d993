package engine

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"piecewise/engine/internal/route"
	"piecewise/engine/tracker"
)

// hostAt is where our own tracker listens: on every address, unless the program stays
// on this machine or listens for peers on one address only. The route narrows that down.
func (s *state) hostAt() netip.AddrPort {
	ip, port := s.cfg.Listen.Addr().Unmap(), uint16(s.settings.TrackerPort)
	switch {
	case ip.IsValid() && !ip.IsUnspecified():
	case s.cfg.Loopback:
		ip = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	default:
		ip = netip.IPv4Unspecified()
	}
	return netip.AddrPortFrom(ip, port)
}

// hostTries is how many ports are tried until one is free for TCP and UDP.
const hostTries = 16

// listenHost opens the sockets of our own tracker, those for IPv6 as well if it is to
// listen on every address: a machine without does without. Its sockets are the route's,
// which closes them while there is no way, and makes them anew.
func listenHost(way *route.Route, at netip.AddrPort) (*tracker.Server, error) {
	var err error
	for range hostTries {
		var x hostSockets
		if err = x.open(way, at); err == nil {
			return tracker.New(x.tcp, x.udp), nil
		}
		x.close()
		if at.Port() != 0 {
			break
		}
	}
	return nil, err
}

// hostSockets are those of our own tracker while they are opened.
type hostSockets struct {
	tcp []net.Listener
	udp []tracker.Packets
}

func (x *hostSockets) open(way *route.Route, at netip.AddrPort) error {
	if err := x.pair(way, at); err != nil {
		return err
	}
	if !at.Addr().IsUnspecified() || at.Addr().Is6() {
		return nil
	}
	port := x.tcp[0].Addr().(*net.TCPAddr).AddrPort().Port()
	err := x.pair(way, netip.AddrPortFrom(netip.IPv6Unspecified(), port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	return nil // otherwise there is no IPv6
}

// pair opens a socket for TCP and one for UDP on the same port, or none.
func (x *hostSockets) pair(way *route.Route, at netip.AddrPort) error {
	tcp, err := way.ListenTCP(at)
	if err != nil {
		return err
	}
	udp, err := way.ListenUDP(netip.AddrPortFrom(at.Addr(), tcp.Addr().(*net.TCPAddr).AddrPort().Port()))
	if err != nil {
		return errors.Join(err, tcp.Close())
	}
	x.tcp, x.udp = append(x.tcp, tcp), append(x.udp, udp)
	return nil
}

func (x *hostSockets) close() {
	for _, l := range x.tcp {
		_ = l.Close() // nobody has used it
	}
	for _, c := range x.udp {
		_ = c.Close()
	}
}

// mapHost has the router asked to let others reach our own tracker, while it is on and
// the settings say so.
func (s *state) mapHost() {
	port := uint16(0)
	if x := s.hosting.host; x != nil && s.settings.PortMapping {
		port = x.Addr().Port()
	}
	if m := s.hosting.mapper; m != nil {
		m.Set(port)
	}
}
