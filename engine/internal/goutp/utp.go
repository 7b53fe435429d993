// Package utp has the API that github.com/anacrolix/torrent expects of
// github.com/anacrolix/go-utp, over go-libutp, the binding of the reference
// implementation of uTP (BEP 29). It is a module of its own because it takes
// that module's place through a replace directive.
package utp

import (
	"context"
	"log/slog"
	"net"

	libutp "github.com/anacrolix/go-libutp"
)

// Default names the implementation behind this package.
const Default = "libutp"

// FirewallCallback says whether a connection from the address is to be refused.
type FirewallCallback func(net.Addr) bool

// Socket carries uTP connections and, as a net.PacketConn, every datagram that
// is not uTP, which is how the DHT shares its port.
type Socket interface {
	net.PacketConn
	Accept() (net.Conn, error)
	Addr() net.Addr
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	SetFirewallCallback(FirewallCallback)
}

// Option changes how a Socket is made.
type Option func()

// WithLogger is accepted and has no effect: libutp does not log.
func WithLogger(*slog.Logger) Option { return func() {} }

// NewSocket opens a UDP socket on addr ("host:port") and carries uTP over it.
func NewSocket(network, addr string, _ ...Option) (Socket, error) {
	s, err := libutp.NewSocket(network, addr)
	if err != nil {
		return nil, err
	}
	return socket{s}, nil
}

// NewSocketFromPacketConn carries uTP over pc and closes it with the Socket.
func NewSocketFromPacketConn(pc net.PacketConn, _ ...Option) (Socket, error) {
	s, err := libutp.NewSocketFromPacketConn(pc)
	if err != nil {
		return nil, err
	}
	return socket{s}, nil
}

type socket struct{ *libutp.Socket }

func (s socket) SetFirewallCallback(f FirewallCallback) {
	s.SetSyncFirewallCallback(libutp.FirewallCallback(f))
}
