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
	"syscall"
	"time"
)

var (
	errScheme    = &ruleError{"only http, https and udp trackers are supported"}
	errLoopback  = &ruleError{"only trackers on this machine (loopback) are allowed"}
	errFamily    = &ruleError{"the tracker has no address that can be reached from the one we are bound to"}
	errRedirects = errors.New("the tracker redirects too often")
	errDowngrade = errors.New("the tracker redirects from https to an insecure address")
)

// ruleError says that a tracker is not asked because of what the user or we decided.
type ruleError struct{ why string }

func (e *ruleError) Error() string { return e.why }

// network is the transport over real sockets.
type network struct {
	cfg      Config
	resolver *net.Resolver
	clients  map[Families]*http.Client // one for each family
	tickets  tickets
	resend   time.Duration // of UDP packets
}

func newNetwork(cfg Config) *network {
	n := &network{cfg: cfg, resolver: net.DefaultResolver, clients: make(map[Families]*http.Client), resend: firstResend}
	if cfg.Loopback {
		// The DNS is out of bounds as well, unless its server is on this machine.
		n.resolver = &net.Resolver{PreferGo: true, Dial: (&net.Dialer{Control: n.control}).DialContext}
	}
	for _, f := range []Families{IPv4, IPv6} {
		n.clients[f] = n.client(f)
	}
	return n
}

// client returns one whose connections are of one family. Certificates are checked
// against those that the system trusts.
func (n *network) client(f Families) *http.Client {
	return &http.Client{
		CheckRedirect: checkRedirect,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
				return n.dialer("tcp").DialContext(ctx, f.network("tcp"), address)
			},
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.cfg.roots},
			TLSHandshakeTimeout:    15 * time.Second,
			ResponseHeaderTimeout:  30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    perHost,
			IdleConnTimeout:        15 * time.Second,
		},
	}
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
	u, families, err := n.target(r.url)
	if err != nil {
		return reply{}, err
	}
	send := n.announceHTTP
	if u.Scheme == "udp" {
		send = n.announceUDP
	}
	return merge(each(ctx, families, r, func(ctx context.Context, f Families, r request) (reply, error) {
		return send(ctx, f, u, r)
	}))
}

func (n *network) scrape(ctx context.Context, tracker string, ids [][20]byte) (map[[20]byte]counts, error) {
	u, families, err := n.target(tracker)
	if err != nil {
		return nil, err
	}
	send := n.scrapeHTTP
	if u.Scheme == "udp" {
		send = n.scrapeUDP
	}
	var errs []error
	for _, f := range families {
		share, cancel := sharing(ctx, len(families)-len(errs))
		found, err := send(share, f, u, ids)
		cancel()
		if err == nil || refused(err) {
			return found, err
		}
		errs = append(errs, err)
	}
	if len(errs) > 1 && weight(errs[1]) > weight(errs[0]) {
		return nil, errs[1]
	}
	return nil, errs[0]
}

// sharing gives one of n that follow each other its part of the time that is left.
func sharing(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || n < 2 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, time.Now().Add(time.Until(end)/time.Duration(n)))
}

// target reads a tracker's address and finds over which families it may be asked.
func (n *network) target(tracker string) (*url.URL, []Families, error) {
	u, err := url.Parse(tracker)
	switch {
	case err != nil:
		return nil, nil, fmt.Errorf("read tracker address: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "udp":
		return nil, nil, errScheme
	}
	families, err := familiesOf(u.Hostname(), n.cfg.LocalAddr)
	return u, families, err
}

func (n *network) close() {
	for _, c := range n.clients {
		c.CloseIdleConnections()
	}
}
