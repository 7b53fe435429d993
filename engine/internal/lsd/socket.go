package lsd

import (
	"net"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// NewGroup makes the Group of a socket that receives on the port of Group4 or Group6.
// What it sends does not leave the local network.
func NewGroup(socket net.PacketConn, v6 bool) Group {
	if v6 {
		p := ipv6.NewPacketConn(socket)
		_ = p.SetMulticastHopLimit(1)    // as it is by itself
		_ = p.SetMulticastLoopback(true) // likewise: there may be others on this machine
		return group6{PacketConn: socket, p: p}
	}
	p := ipv4.NewPacketConn(socket)
	_ = p.SetMulticastTTL(1)
	_ = p.SetMulticastLoopback(true)
	return group4{PacketConn: socket, p: p}
}

type group4 struct {
	net.PacketConn
	p *ipv4.PacketConn
}

func (g group4) Join(i net.Interface) error {
	return g.p.JoinGroup(&i, &net.UDPAddr{IP: Group4.Addr().AsSlice()})
}

func (g group4) SendOn(i net.Interface) error { return g.p.SetMulticastInterface(&i) }

type group6 struct {
	net.PacketConn
	p *ipv6.PacketConn
}

func (g group6) Join(i net.Interface) error {
	return g.p.JoinGroup(&i, &net.UDPAddr{IP: Group6.Addr().AsSlice()})
}

func (g group6) SendOn(i net.Interface) error { return g.p.SetMulticastInterface(&i) }
