package swarm

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	utp "github.com/anacrolix/go-utp"

	"piecewise/engine/internal/route"
)

// listenUDP opens a UDP socket beside every TCP one, on the same address and
// port, which uTP and the DHT share.
func (c *Client) listenUDP(cfg Config) error {
	for i, l := range c.net.Listeners() { // Attach makes more of them
		err := c.listenUDPAt(l.Addr().(*net.TCPAddr).AddrPort(), cfg.UTP)
		if err != nil && i == 0 { // without the second, peers of that IP version connect over TCP
			return err
		}
	}
	return nil
}

func (c *Client) listenUDPAt(at netip.AddrPort, overUTP bool) error {
	pc, err := c.route.ListenUDP(at)
	if err != nil {
		return fmt.Errorf("listen on UDP port %d, as on TCP: %w", at.Port(), err)
	}
	c.sockets = append(c.sockets, pc)
	if !overUTP {
		c.udp = append(c.udp, pc)
		return nil
	}
	s, err := utp.NewSocketFromPacketConn(pc)
	if err != nil {
		pc.Close()
		return fmt.Errorf("start uTP: %w", err)
	}
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp6"
	}
	c.udp = append(c.udp, s)
	c.net.Attach(patient{s, c.route}, network)
	return nil
}

// tcpFirst is how long TCP has to connect before uTP is tried, too: it is faster,
// and most peers have it.
const tcpFirst = time.Second

// patient is a uTP socket that lets TCP go first.
type patient struct {
	utp.Socket
	route *route.Route
}

func (p patient) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if err := p.route.Allowed(route.Peer, "udp"); err != nil {
		return nil, err
	}
	timer := time.NewTimer(tcpFirst)
	defer timer.Stop()
	select {
	case <-timer.C:
		return p.Socket.DialContext(ctx, network, addr)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
