package announce

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"piecewise/engine/internal/route"
)

var errScheme = errors.New("only http, https and udp trackers are supported")

// network is the transport over real sockets, all of which are made by a route.
type network struct {
	cfg     Config
	route   *route.Route
	clients map[Families]*http.Client // one for each family, and one for none
	tickets tickets
	resend  time.Duration // of UDP packets
}

func newNetwork(cfg Config) *network {
	n := &network{cfg: cfg, route: cfg.Route, clients: make(map[Families]*http.Client), resend: firstResend}
	for _, f := range []Families{0, IPv4, IPv6} {
		n.clients[f] = n.client(f)
	}
	return n
}

// client returns one whose connections are of one family. Certificates are checked
// against those that the system trusts.
func (n *network) client(f Families) *http.Client {
	t := n.route.Transport(route.Tracker)
	t.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return n.route.Dial(ctx, f.network("tcp"), address, route.Tracker)
	}
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.cfg.roots}
	t.MaxIdleConns, t.MaxIdleConnsPerHost, t.MaxConnsPerHost = 2*atEnd, atEnd, atEnd // as many as there are requests, so that they are used again
	return &http.Client{Transport: t, CheckRedirect: route.CheckRedirect}
}

// door is a way to a tracker.
type door struct {
	family Families // 0 if only the proxy knows
	addr   string   // "host:port", of an address unless the proxy is to resolve it
}

// doors reads a tracker's address and finds over which families it can be asked, with at
// most one address of each.
func (n *network) doors(ctx context.Context, tracker string) (*url.URL, []door, error) {
	u, err := url.Parse(tracker)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read tracker address: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "udp":
		return nil, nil, errScheme
	}
	targets, err := n.route.Targets(ctx, u, route.Tracker)
	if err != nil {
		return nil, nil, err
	}
	list := make([]door, len(targets))
	for i, addr := range targets {
		list[i].addr = addr
		if at, err := netip.ParseAddrPort(addr); err == nil {
			list[i].family = familyOf(at.Addr())
		}
	}
	return u, list, nil
}

func (n *network) announce(ctx context.Context, r request) (reply, error) {
	u, doors, err := n.doors(ctx, r.url)
	if err != nil {
		return reply{}, err
	}
	send := n.announceHTTP
	if u.Scheme == "udp" {
		send = n.announceUDP
	}
	return merge(each(ctx, doors, r, func(ctx context.Context, d door, r request) (reply, error) {
		return send(ctx, d, u, r)
	}))
}

func (n *network) scrape(ctx context.Context, tracker string, ids [][20]byte) (map[[20]byte]counts, error) {
	u, doors, err := n.doors(ctx, tracker)
	if err != nil {
		return nil, err
	}
	send := n.scrapeHTTP
	if u.Scheme == "udp" {
		send = n.scrapeUDP
	}
	var failed error
	for i, d := range doors {
		share, cancel := sharing(ctx, len(doors)-i)
		found, err := send(share, d, u, ids)
		cancel()
		if err == nil || refused(err) {
			return found, err
		}
		if failed == nil || weight(err) > weight(failed) {
			failed = err
		}
	}
	return nil, failed
}

// sharing gives one of n that follow each other its part of the time that is left.
func sharing(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || n < 2 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, time.Now().Add(time.Until(end)/time.Duration(n)))
}

// changed drops what was good for our old address only.
func (n *network) changed() { n.tickets.clear() }

func (n *network) close() {
	for _, c := range n.clients {
		c.CloseIdleConnections()
	}
}
