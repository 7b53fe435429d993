package swarm

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	utp "github.com/anacrolix/go-utp"
)

// listenUDP opens the UDP port with the number of the TCP port, which uTP and the
// DHT share.
func (c *Client) listenUDP(cfg Config) error {
	ip := net.IPv4zero.String()
	if a := cfg.Listen.Addr(); a.IsValid() && !a.IsUnspecified() {
		ip = a.String()
	} else if cfg.Loopback {
		ip = "127.0.0.1"
	}
	network := "udp4"
	if cfg.Listen.Addr().Is6() {
		network = "udp6"
	}
	pc, err := net.ListenPacket(network, net.JoinHostPort(ip, strconv.Itoa(c.net.Port())))
	if err != nil {
		return fmt.Errorf("listen on UDP: %w", err)
	}
	if !cfg.UTP {
		c.udp = pc
		return nil
	}
	s, err := utp.NewSocketFromPacketConn(pc)
	if err != nil {
		pc.Close()
		return fmt.Errorf("start uTP: %w", err)
	}
	c.udp = s
	c.net.Attach(patient{s}, network)
	return nil
}

// tcpFirst is how long TCP has to connect before uTP is tried, too: it is faster,
// and most peers have it.
const tcpFirst = time.Second

// patient is a uTP socket that lets TCP go first.
type patient struct{ utp.Socket }

func (p patient) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	timer := time.NewTimer(tcpFirst)
	defer timer.Stop()
	select {
	case <-timer.C:
		return p.Socket.DialContext(ctx, network, addr)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
