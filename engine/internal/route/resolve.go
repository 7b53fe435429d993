package route

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
)

// addresses resolves a name as a way has it: the system's name servers are asked over
// the way itself. The system's own resolver would ask over any, and go on asking when
// the way has changed.
func (r *Route) addresses(ctx context.Context, w *way, host string) ([]netip.Addr, error) {
	if w.closed != nil {
		return nil, w.closed
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	resolver := w.resolver
	if runtime.GOOS != "linux" && !r.rules.loopback && !w.policy.bound() {
		resolver = net.DefaultResolver // elsewhere Go's knows less than the system's
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(w.ctx, cancel)()
	ips, err := resolver.LookupNetIP(ctx, "ip", host)
	switch {
	case err != nil && w.ctx.Err() != nil:
		return nil, ErrChanged
	case err != nil:
		return nil, fmt.Errorf("resolve name: %w", err)
	case len(ips) == 0:
		return nil, fmt.Errorf("resolve name: %s has no address", host)
	}
	return ips, nil
}

// upstream is where systemd-resolved keeps the name servers that it asks.
var upstream = "/run/systemd/resolve/resolv.conf"

// dialNameServer connects to a name server for Go's resolver. One on this machine
// would ask others over any interface: in its place comes the one that it asks itself.
func (r *Route) dialNameServer(ctx context.Context, w *way, network, address string) (net.Conn, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial name server: %w", err)
	}
	switch {
	case w.closed != nil:
		return nil, w.closed
	case r.rules.loopback:
		if err := r.rules.address(Peer, to.Addr().String(), to.Addr()); err != nil {
			return nil, err
		}
	case to.Addr().IsLoopback() && w.policy.bound() && !w.from[version(to.Addr())].addr.IsLoopback():
		if to, err = behindStub(to.Port()); err != nil {
			return nil, err
		}
	}
	return r.connect(ctx, w, network, to)
}

// behindStub returns the first name server that systemd-resolved asks.
func behindStub(port uint16) (netip.AddrPort, error) {
	text, err := os.ReadFile(upstream)
	if err == nil {
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if len(words) < 2 || words[0] != "nameserver" {
				continue
			}
			if ip, err := netip.ParseAddr(words[1]); err == nil && !ip.IsLoopback() {
				return netip.AddrPortFrom(ip, port), nil
			}
		}
	}
	return netip.AddrPort{}, &ClosedError{"the name server is on this machine, and would ask others past the interface that we are bound to"}
}
