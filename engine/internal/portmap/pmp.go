package portmap

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// pmp asks by NAT-PMP (RFC 6886).
type pmp struct{ m *Mapper }

func (*pmp) name() string { return "NAT-PMP" }

var pmpRefusals = map[uint16]string{
	1: "the router does not know NAT-PMP as it is",
	2: "the router has port mapping turned off",
	3: "the router has no connection to the Internet",
	4: "the router has no room for another mapping",
	5: "the router cannot map ports",
}

func (p *pmp) ask(ctx context.Context, at place, port uint16, before *lease) (*lease, error) {
	if !at.told() {
		return nil, errUntold
	}
	l := &lease{place: at, port: port}
	if err := p.external(ctx, l); err != nil {
		return nil, err
	}
	tcp, udp := port, port
	if before != nil {
		tcp, udp = before.tcp, before.udp
	}
	var err error
	if l.tcp, l.life, err = p.mapping(ctx, at, 2, port, tcp); err != nil {
		return nil, err
	}
	if udp == 0 {
		udp = port
	}
	if l.udp, _, err = p.mapping(ctx, at, 1, port, udp); err != nil {
		l.udp = 0 // peers get in over TCP all the same
	}
	return l, nil
}

// external asks for the external address, and with it the epoch.
func (p *pmp) external(ctx context.Context, l *lease) error {
	answer, err := p.call(ctx, l.place.gateway, []byte{0, 0}, 12)
	if err != nil {
		return err
	}
	l.epoch = epoch{binary.BigEndian.Uint32(answer[4:]), time.Now()}
	l.external = netip.AddrFrom4([4]byte(answer[8:12]))
	return nil
}

// mapping asks for one port, by opcode 1 for UDP or 2 for TCP.
func (p *pmp) mapping(ctx context.Context, at place, op byte, port, wish uint16) (external uint16, life time.Duration, err error) {
	request := pmpRequest(op, port, wish, leaseWanted)
	answer, err := p.call(ctx, at.gateway, request, 16)
	if err != nil {
		return 0, 0, err
	}
	external, life = binary.BigEndian.Uint16(answer[10:]), time.Duration(binary.BigEndian.Uint32(answer[12:]))*time.Second
	if binary.BigEndian.Uint16(answer[8:]) != port || external == 0 || life == 0 {
		return 0, 0, &refusal{"the router maps something else than it was asked for"}
	}
	return external, life, nil
}

func pmpRequest(op byte, port, wish uint16, life time.Duration) []byte {
	b := []byte{0, op, 0, 0}
	b = binary.BigEndian.AppendUint16(b, port)
	b = binary.BigEndian.AppendUint16(b, wish)
	return binary.BigEndian.AppendUint32(b, uint32(life/time.Second))
}

// call returns the answer of the given length to a request.
func (p *pmp) call(ctx context.Context, to netip.Addr, request []byte, length int) ([]byte, error) {
	var answer []byte
	var code uint16
	err := p.m.exchange(ctx, to, request, func(b []byte) bool {
		if len(b) < 4 || b[0] != 0 || b[1] != 0x80|request[1] {
			return false
		}
		if code = binary.BigEndian.Uint16(b[2:]); code == 0 && len(b) < length {
			return false
		}
		answer = append([]byte(nil), b...)
		return true
	})
	if err == nil && code != 0 {
		why, ok := pmpRefusals[code]
		if !ok {
			why = fmt.Sprintf("the router refuses NAT-PMP with code %d", code)
		}
		err = &refusal{why}
	}
	return answer, err
}

func (p *pmp) alive(ctx context.Context, l *lease) error {
	now := lease{place: l.place}
	if err := p.external(ctx, &now); err != nil {
		return err
	}
	if l.epoch.forgot(now.epoch.seconds, now.epoch.at) {
		return errForgot
	}
	l.epoch, l.external = now.epoch, now.external
	return nil
}

func (p *pmp) drop(ctx context.Context, l *lease) {
	for _, op := range []byte{2, 1} {
		_, _ = p.call(ctx, l.place.gateway, pmpRequest(op, l.port, 0, 0), 16) // it ends by itself, too
	}
}
