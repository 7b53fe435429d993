package portmap

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"piecewise/engine/internal/route"
)

// place finds the router and the address that we have towards it.
func (m *Mapper) place(ctx context.Context, v6 bool) (place, error) {
	at := m.cfg.Gateway
	if !at.IsValid() {
		at = gateway(v6, m.cfg.Route.Policy().Interface)
	}
	if !at.IsValid() {
		return place{}, errGateway
	}
	if at.Is4() == v6 {
		return place{}, errGateway // a gateway that was given is of one IP version
	}
	c, err := m.cfg.Route.Dial(ctx, "udp", netip.AddrPortFrom(at, m.cfg.PMPPort).String(), route.Router)
	if err != nil {
		return place{}, fmt.Errorf("reach the router: %w", err)
	}
	defer c.Close()
	local, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok {
		return place{}, errGateway
	}
	p := place{gateway: at, local: local.AddrPort().Addr().Unmap().WithZone("")}
	if v6 && m.cfg.Gateway == (netip.Addr{}) {
		if p.local = globalAddr(at.Zone()); !p.local.IsValid() {
			return place{}, errGateway
		}
	}
	return p, nil
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
