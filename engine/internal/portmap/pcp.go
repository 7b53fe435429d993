package portmap

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

var errForgot = errors.New("the router was started anew")

// pcp asks by the Port Control Protocol (RFC 6887), of IPv4 for a mapping, of IPv6
// for a hole in the firewall.
type pcp struct {
	m  *Mapper
	v6 bool
}

func (*pcp) name() string { return "PCP" }

const (
	pcpVersion  = 2
	pcpAnnounce = 0
	pcpMap      = 1

	protocolTCP = 6 // as IP has them
	protocolUDP = 17
)

var pcpRefusals = map[byte]string{
	2: "the router has port mapping turned off",
	7: "the router has no connection to the Internet",
	8: "the router has no room for another mapping",
	// ADDRESS_MISMATCH
	12: "there is another router between this machine and the one that was asked",
}

// errVersion is what a router says that knows NAT-PMP only.
var errVersion = errors.New("the router does not know PCP")

// nonces are of TCP and UDP: who knows them may change the mapping.
type nonces [2][12]byte

func (p *pcp) ask(ctx context.Context, at place, port uint16, before *lease) (*lease, error) {
	if !at.told() {
		return nil, errUntold
	}
	l := &lease{place: at, port: port}
	tokens, known := nonces{}, false
	tcp, udp := port, port
	if before != nil {
		tokens, known = before.token.(nonces)
		tcp, udp = before.tcp, max(before.udp, 1)
	}
	if !known {
		_, _ = rand.Read(tokens[0][:]) // it never fails
		_, _ = rand.Read(tokens[1][:])
	}
	l.token = tokens
	granted, err := p.mapping(ctx, at, pcpRequest{proto: protocolTCP, nonce: tokens[0], port: port, wish: tcp, life: leaseWanted})
	if err != nil {
		return nil, err
	}
	l.tcp, l.external, l.life, l.epoch = granted.port, granted.external, granted.life, granted.epoch
	if granted, err = p.mapping(ctx, at, pcpRequest{proto: protocolUDP, nonce: tokens[1], port: port, wish: udp, life: leaseWanted}); err == nil {
		l.udp = granted.port
	}
	return l, nil
}

// pcpRequest is a request to map a port.
type pcpRequest struct {
	proto      byte
	nonce      [12]byte
	port, wish uint16
	life       time.Duration
}

// pcpGrant is what an answer has.
type pcpGrant struct {
	port     uint16
	external netip.Addr
	life     time.Duration
	epoch    epoch
}

// head begins a packet from us.
func pcpHead(op byte, life time.Duration, from netip.Addr) []byte {
	b := []byte{pcpVersion, op, 0, 0}
	b = binary.BigEndian.AppendUint32(b, uint32(life/time.Second))
	ip := from.As16() // of IPv4 the mapped form
	return append(b, ip[:]...)
}

func (r pcpRequest) encode(from netip.Addr) []byte {
	b := append(pcpHead(pcpMap, r.life, from), r.nonce[:]...)
	b = append(b, r.proto, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, r.port)
	b = binary.BigEndian.AppendUint16(b, r.wish)
	wish := netip.IPv6Unspecified().As16()
	if from.Is4() {
		wish = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff}).As16()
	}
	return append(b, wish[:]...)
}

// mapping asks for one port.
func (p *pcp) mapping(ctx context.Context, at place, r pcpRequest) (pcpGrant, error) {
	var g pcpGrant
	var code byte
	err := p.m.exchange(ctx, at.gateway, r.encode(at.local), func(b []byte) bool {
		if code = pcpCode(b, pcpMap); code != 0 {
			return code != ignore
		}
		if len(b) < 60 || [12]byte(b[24:36]) != r.nonce || b[36] != r.proto || binary.BigEndian.Uint16(b[40:]) != r.port {
			return false
		}
		g = pcpGrant{
			port: binary.BigEndian.Uint16(b[42:]), external: netip.AddrFrom16([16]byte(b[44:60])).Unmap(),
			life: time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Second, epoch: epoch{binary.BigEndian.Uint32(b[8:]), time.Now()},
		}
		return true
	})
	if err == nil {
		err = pcpError(code)
	}
	if err == nil && r.life > 0 && (g.port == 0 || g.life == 0) {
		err = &refusal{"the router maps something else than it was asked for"}
	}
	return g, err
}

const (
	ignore    = 254 // a packet that answers nothing
	otherCode = 253 // an answer in another version
)

// pcpCode returns the result code of an answer to an opcode.
func pcpCode(b []byte, op byte) byte {
	switch {
	case len(b) >= 4 && b[0] == 0 && b[1]&0x80 != 0:
		return otherCode // NAT-PMP's way to say so, RFC 6886, 3.5
	case len(b) < 24 || b[0] != pcpVersion || b[1] != 0x80|op:
		return ignore
	case b[3] >= otherCode:
		return otherCode
	}
	return b[3]
}

func pcpError(code byte) error {
	switch why, ok := pcpRefusals[code]; {
	case code == 0:
		return nil
	case code == 1 || code == otherCode:
		return errVersion
	case ok:
		return &refusal{why}
	}
	return &refusal{fmt.Sprintf("the router refuses PCP with code %d", code)}
}

func (p *pcp) alive(ctx context.Context, l *lease) error {
	var now epoch
	var code byte
	err := p.m.exchange(ctx, l.place.gateway, pcpHead(pcpAnnounce, 0, l.place.local), func(b []byte) bool {
		if code = pcpCode(b, pcpAnnounce); code == ignore {
			return false
		}
		now = epoch{0, time.Now()}
		if code == 0 {
			now.seconds = binary.BigEndian.Uint32(b[8:])
		}
		return true
	})
	if err == nil {
		err = pcpError(code)
	}
	if err != nil {
		return err
	}
	if l.epoch.forgot(now.seconds, now.at) {
		return errForgot
	}
	l.epoch = now
	return nil
}

func (p *pcp) drop(ctx context.Context, l *lease) {
	tokens, _ := l.token.(nonces)
	for i, proto := range []byte{protocolTCP, protocolUDP} {
		r := pcpRequest{proto: proto, nonce: tokens[i], port: l.port}
		_, _ = p.mapping(ctx, l.place, r) // it ends by itself, too
	}
}
