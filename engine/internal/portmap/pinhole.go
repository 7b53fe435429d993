package portmap

import (
	"context"
	"time"

	"github.com/huin/goupnp/dcps/internetgateway2"
)

// pinhole asks UPnP's IPv6 firewall to let peers in.
type pinhole struct{ igd *igd }

func (*pinhole) name() string { return "UPnP" }

// hole is its part of a lease.
type hole struct {
	service  *internetgateway2.WANIPv6FirewallControl1
	tcp, udp uint16 // the firewall's numbers
	both     bool
}

func (p *pinhole) ask(ctx context.Context, at place, port uint16, before *lease) (*lease, error) {
	if before != nil {
		if h, ok := before.token.(hole); ok && p.update(ctx, h) == nil {
			return before, nil
		}
	}
	roots, err := p.igd.devices(ctx)
	if err != nil {
		return nil, err
	}
	err = &refusal{"the router's description has no IPv6 firewall"}
	for _, root := range roots {
		u := root.URLBase
		all, why := internetgateway2.NewWANIPv6FirewallControl1ClientsFromRootDevice(root, &u)
		if why != nil {
			continue
		}
		for _, s := range all[:min(len(all), maxServices)] {
			if !p.igd.safe(&s.ServiceClient) {
				continue
			}
			l, why := p.open(ctx, s, at, port)
			if why == nil {
				return l, nil
			}
			err = why
		}
	}
	return nil, err
}

func (p *pinhole) open(ctx context.Context, s *internetgateway2.WANIPv6FirewallControl1, at place, port uint16) (*lease, error) {
	h := hole{service: s}
	add := func(protocol uint16) (id uint16, err error) {
		err = call(ctx, func(ctx context.Context) error {
			id, err = s.AddPinholeCtx(ctx, "", 0, at.local.String(), port, protocol, uint32(leaseWanted/time.Second))
			return err
		})
		return id, err
	}
	var err error
	if h.tcp, err = add(protocolTCP); err != nil {
		return nil, faultWords(err)
	}
	if h.udp, err = add(protocolUDP); err == nil {
		h.both = true
	}
	l := &lease{place: at, port: port, tcp: port, external: at.local, life: leaseWanted, token: h}
	if h.both {
		l.udp = port
	}
	return l, nil
}

func (p *pinhole) update(ctx context.Context, h hole) error {
	for i, id := range []uint16{h.tcp, h.udp} {
		if i == 1 && !h.both {
			break
		}
		if err := call(ctx, func(ctx context.Context) error {
			return h.service.UpdatePinholeCtx(ctx, id, uint32(leaseWanted/time.Second))
		}); err != nil {
			return err
		}
	}
	return nil
}

func (p *pinhole) alive(ctx context.Context, l *lease) error {
	h, ok := l.token.(hole)
	if !ok {
		return errForgot
	}
	return p.update(ctx, h)
}

func (p *pinhole) drop(ctx context.Context, l *lease) {
	h, ok := l.token.(hole)
	if !ok {
		return
	}
	_ = h.service.DeletePinholeCtx(ctx, h.tcp) // it ends by itself, too
	if h.both {
		_ = h.service.DeletePinholeCtx(ctx, h.udp)
	}
}
