package route

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const (
	dialTimeout = 20 * time.Second       // for one address
	headStart   = 300 * time.Millisecond // of one address before the next is tried beside it (RFC 8305)
	maxAddrs    = 8                      // of one host
)

// DialPeer connects to a peer over TCP. The address of the connection's other end is
// the peer's, also through a proxy.
func (r *Route) DialPeer(ctx context.Context, peer netip.AddrPort) (net.Conn, error) {
	w := r.now.Load()
	if err := r.rules.address(Peer, peer.Addr().String(), peer.Addr()); err != nil {
		return nil, err
	}
	if w.policy.proxied(Peer) {
		return r.through(ctx, w, "tcp", peer.String())
	}
	return r.connect(ctx, w, "tcp", peer)
}

// Dial connects to a host ("name:port", "1.2.3.4:5") over "tcp" or "udp", or over one IP
// version of it ("tcp4", "udp6"); a proxy takes the one it likes. A UDP socket takes
// packets from that address only. For UDP through a proxy the other end's address
// is the one the last packet came from.
func (r *Route) Dial(ctx context.Context, network, hostport string, to Purpose) (net.Conn, error) {
	w := r.now.Load()
	if err := w.allows(to, network); err != nil {
		return nil, err
	}
	host, port, err := splitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	if w.policy.proxied(to) {
		if err := r.rules.unresolved(to, host); err != nil {
			return nil, err
		}
		return r.through(ctx, w, network, hostport)
	}
	addrs, err := r.lookup(ctx, w, to, host)
	if err != nil {
		return nil, err
	}
	if len(network) > 3 {
		addrs = slices.DeleteFunc(addrs, func(ip netip.Addr) bool { return ip.Is4() != (network[3] == '4') })
		if len(addrs) == 0 {
			return nil, &net.AddrError{Err: "no address of IPv" + network[3:], Addr: host}
		}
	}
	return r.race(ctx, w, network[:3], port, addrs)
}

// Targets checks a URL and returns what Dial is to be called with to reach its host, at
// most one address of each IP version, in the order in which they should be tried.
// Through a proxy that is the name as it stands. The URL must name its port unless it
// is one of http or https.
func (r *Route) Targets(ctx context.Context, u *url.URL, to Purpose) ([]string, error) {
	w := r.now.Load()
	if w.closed != nil {
		return nil, w.closed
	}
	if err := r.rules.link(to, u, nil); err != nil {
		return nil, err
	}
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if _, _, err := splitHostPort(net.JoinHostPort(host, port)); err != nil {
		return nil, err
	}
	if w.policy.proxied(to) {
		if err := r.rules.unresolved(to, host); err != nil {
			return nil, err
		}
		return []string{net.JoinHostPort(host, port)}, nil
	}
	addrs, err := r.lookup(ctx, w, to, host)
	if err != nil {
		return nil, err
	}
	var targets []string
	var have [2]bool
	for _, ip := range addrs {
		if v := version(ip); !have[v] {
			have[v] = true
			targets = append(targets, net.JoinHostPort(ip.String(), port))
		}
	}
	return targets, nil
}

// Resolve returns the addresses of a host that may be connected to for a purpose, at
// most 8, in the order in which the system prefers them. Names are not resolved for
// what goes through a proxy.
func (r *Route) Resolve(ctx context.Context, host string, to Purpose) ([]netip.Addr, error) {
	w := r.now.Load()
	if w.policy.proxied(to) {
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return nil, &ClosedError{"names are resolved by the proxy only"}
		}
		return []netip.Addr{ip.Unmap()}, r.rules.address(to, host, ip)
	}
	return r.lookup(ctx, w, to, host)
}

func splitHostPort(hostport string) (host string, port uint16, err error) {
	host, p, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", 0, fmt.Errorf("read address: %w", err)
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil || n == 0 || host == "" {
		return "", 0, fmt.Errorf("read address: %q has no host or no port", hostport)
	}
	return host, uint16(n), nil
}

// lookup resolves a host and leaves those of its addresses that may be connected to.
func (r *Route) lookup(ctx context.Context, w *way, to Purpose, host string) ([]netip.Addr, error) {
	all, err := r.addresses(ctx, w, host)
	if err != nil {
		return nil, err
	}
	var good []netip.Addr
	var refused error
	for _, ip := range all {
		ip = ip.Unmap()
		err := r.rules.address(to, host, ip)
		if err == nil {
			_, err = w.local(ip)
		}
		if err == nil && len(good) < maxAddrs {
			good = append(good, ip)
		} else if refused == nil {
			refused = err
		}
	}
	if len(good) == 0 {
		return nil, refused
	}
	return good, nil
}

// race connects to the first of the addresses that answers, each a little later than
// the one before.
func (r *Route) race(ctx context.Context, w *way, network string, port uint16, addrs []netip.Addr) (net.Conn, error) {
	if len(addrs) == 1 || network[0] == 'u' {
		return r.connect(ctx, w, network, netip.AddrPortFrom(addrs[0], port))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result)
	started, ended := 0, 0
	next := time.NewTimer(0)
	defer next.Stop()
	var failed error
	for {
		select {
		case <-next.C:
			to := netip.AddrPortFrom(addrs[started], port)
			started++
			go func() {
				conn, err := r.connect(ctx, w, network, to)
				results <- result{conn, err}
			}()
			if started < len(addrs) {
				next.Reset(headStart)
			}
		case got := <-results:
			ended++
			if got.err == nil {
				cancel()
				for ; ended < started; ended++ { // they end at once now
					if late := <-results; late.err == nil {
						_ = late.conn.Close() // it came second
					}
				}
				return got.conn, nil
			}
			failed = errors.Join(failed, got.err)
			if ended == len(addrs) {
				return nil, failed
			}
			if ended == started {
				next.Reset(0)
			}
		}
	}
}

// connect makes a socket on a way and connects it to an address that was checked.
func (r *Route) connect(ctx context.Context, w *way, network string, to netip.AddrPort) (net.Conn, error) {
	from, err := w.local(to.Addr())
	if err != nil {
		return nil, err
	}
	done, err := r.begin(w)
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: -1, Control: w.control}
	d.SetMultipathTCP(false) // its other paths are the kernel's to choose
	network += [2]string{"4", "6"}[version(to.Addr())]
	if from.IsValid() {
		d.LocalAddr = localAddr(network, netip.AddrPortFrom(from, 0))
	}
	raw, err := d.DialContext(ctx, network, to.String())
	switch {
	case err != nil && w.ctx.Err() != nil:
		return nil, ErrChanged
	case err != nil:
		return nil, w.because(err)
	}
	return r.keep(raw, w)
}

func localAddr(network string, at netip.AddrPort) net.Addr {
	if network[0] == 'u' {
		return net.UDPAddrFromAddrPort(at)
	}
	return net.TCPAddrFromAddrPort(at)
}
