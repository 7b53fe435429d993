package announce

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

var (
	errScheme    = errors.New("only http, https and udp trackers are supported")
	errLoopback  = errors.New("only trackers on this machine (loopback) are allowed")
	errRedirects = errors.New("the tracker redirects too often")
	errDowngrade = errors.New("the tracker redirects from https to an insecure address")
	errFamily    = errors.New("the tracker has no address that can be reached from the one we are bound to")
)

// network is the transport over real sockets.
type network struct {
	cfg      Config
	resolver *net.Resolver
	client   *http.Client
	resend   time.Duration // of UDP packets
}

func newNetwork(cfg Config) *network {
	n := &network{cfg: cfg, resolver: net.DefaultResolver, resend: firstResend}
	if cfg.Loopback {
		// The DNS is out of bounds as well, unless its server is on this machine.
		n.resolver = &net.Resolver{PreferGo: true, Dial: (&net.Dialer{Control: n.control}).DialContext}
	}
	n.client = &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			DialContext:            n.dialer("tcp").DialContext,
			TLSHandshakeTimeout:    15 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           32,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        15 * time.Second,
		},
	}
	return n
}

// dialer returns one that is bound as Config says, for "tcp" or "udp".
func (n *network) dialer(proto string) *net.Dialer {
	d := &net.Dialer{Timeout: 20 * time.Second, Control: n.control, Resolver: n.resolver}
	if ip := n.cfg.LocalAddr; ip.IsValid() && !ip.IsUnspecified() {
		local := netip.AddrPortFrom(ip, 0)
		if proto == "udp" {
			d.LocalAddr = net.UDPAddrFromAddrPort(local)
		} else {
			d.LocalAddr = net.TCPAddrFromAddrPort(local)
		}
	}
	return d
}

// control sees the resolved address of each connection before it is made.
func (n *network) control(_, address string, _ syscall.RawConn) error {
	if !n.cfg.Loopback {
		return nil
	}
	if to, err := netip.ParseAddrPort(address); err != nil || !to.Addr().Unmap().IsLoopback() {
		return errLoopback
	}
	return nil
}

// checkRedirect allows five redirects and does not tell the new host the old
// address, which may hold the user's passkey.
func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > 5:
		return errRedirects
	case req.URL.Scheme != "http" && req.URL.Scheme != "https":
		return errScheme
	case via[len(via)-1].URL.Scheme == "https" && req.URL.Scheme == "http":
		return errDowngrade
	}
	req.Header.Del("Referer")
	return nil
}

func (n *network) announce(ctx context.Context, r request) (reply, error) {
	u, err := url.Parse(r.url)
	if err != nil {
		return reply{}, fmt.Errorf("read tracker address: %w", err)
	}
	switch u.Scheme {
	case "http", "https":
		return n.announceHTTP(ctx, u, r)
	case "udp":
		return n.announceUDP(ctx, u, r)
	}
	return reply{}, errScheme
}

func (n *network) close() { n.client.CloseIdleConnections() }
