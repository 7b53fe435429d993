package portmap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"piecewise/engine/internal/route"
)

// place finds the router and the address that we have towards it. It is empty where the
// system does not tell the router of IPv4: UPnP finds one all the same.
func (m *Mapper) place(ctx context.Context, v6 bool) (place, error) {
	at, err := m.cfg.router(v6, m.cfg.Route.Policy().Interface)
	switch {
	case errors.Is(err, errUntold) && !v6:
		return place{}, nil
	case err != nil:
		return place{}, err
	case at.Is4() == v6:
		return place{}, errGateway // a gateway that was given is of one IP version
	}
	p, err := m.towards(ctx, at)
	if err == nil && v6 && !m.cfg.Gateway.IsValid() {
		if p.local = globalAddr(at.Zone()); !p.local.IsValid() {
			return place{}, errGateway
		}
	}
	return p, err
}

// towards finds the address that we have towards a router. It sends nothing.
func (m *Mapper) towards(ctx context.Context, at netip.Addr) (place, error) {
	c, err := m.cfg.Route.Dial(ctx, "udp", netip.AddrPortFrom(at, m.cfg.PMPPort).String(), route.Router)
	if err != nil {
		return place{}, fmt.Errorf("reach the router: %w", err)
	}
	defer c.Close()
	local, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return place{}, errGateway
	}
	return place{gateway: at, local: local.AddrPort().Addr().Unmap().WithZone("")}, nil
}

// still reports whether this machine is where it was when the lease was granted. Where
// the system does not tell the router, it is the one that granted it.
func (m *Mapper) still(ctx context.Context, l *lease, at place) bool {
	if at.told() {
		return l.place == at
	}
	now, err := m.towards(ctx, l.place.gateway)
	return err == nil && now == l.place
}

// globalAddr returns an IPv6 address of an interface by which others reach it.
func globalAddr(zone string) netip.Addr {
	i, err := net.InterfaceByName(zone)
	if n, bad := strconv.Atoi(zone); err != nil && bad == nil {
		i, err = net.InterfaceByIndex(n)
	}
	if err != nil {
		return netip.Addr{}
	}
	addrs, err := i.Addrs()
	if err != nil {
		return netip.Addr{}
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			ip, _ := netip.AddrFromSlice(n.IP)
			if ip.Is6() && !ip.Is4In6() && ip.IsGlobalUnicast() && !ip.IsPrivate() {
				return ip
			}
		}
	}
	return netip.Addr{}
}
