package route

import (
	"net"
	"net/netip"
	"strconv"
)

// Policy is which way out of this machine is allowed. The zero value is every way.
type Policy struct {
	// Interface is the name of the network interface over which everything goes, ""
	// for any. Address is the local address from which everything comes, the zero
	// value for any. While the interface is gone or down, or has not the address,
	// nothing leaves.
	Interface string
	Address   netip.Addr
	Proxy     Proxy
	Closed    string // why nothing may leave, a sentence without its full stop; "" if something may
}

// bound reports whether there is a kill switch.
func (p Policy) bound() bool { return p.Interface != "" || p.Address.IsValid() }

// ProxyKind is a protocol that a proxy speaks.
type ProxyKind uint8

// The kinds of proxies.
const (
	NoProxy     ProxyKind = iota
	SOCKS5                // RFC 1928, with a user name and password if there is one (RFC 1929)
	HTTPConnect           // RFC 9110, 9.3.6; carries no UDP
)

// Proxy is a host through which connections are made. What uses it is never made
// without it, and names are resolved by the proxy, never here.
type Proxy struct {
	Kind           ProxyKind
	Address        string // "host:port"
	User, Password string
	Peers          bool // peers use it; so do uTP and the DHT where it carries UDP
	Trackers       bool // trackers use it
	WebSeeds       bool // web seeds and links to torrents use it
	Listen         bool // peers may connect to us past the proxy, though Peers is set
}

// Purpose is what a connection is for.
type Purpose uint8

// The purposes.
const (
	Peer     Purpose = iota // a peer, over TCP or uTP
	DHT                     // nodes of the DHT; they go the way of peers
	Tracker                 // a tracker, over HTTP or UDP
	WebSeed                 // a web seed
	Metainfo                // a link to a torrent that the user opens; it goes the way of web seeds
	Router                  // the router of the local network, to map a port
)

// proxied reports whether connections for a purpose go through the proxy.
func (p Policy) proxied(to Purpose) bool {
	x := p.Proxy
	if x.Kind == NoProxy {
		return false
	}
	switch to {
	case Tracker:
		return x.Trackers
	case WebSeed, Metainfo:
		return x.WebSeeds
	}
	return x.Peers
}

// Listens reports whether peers may connect to us.
func (p Policy) Listens() bool { return !p.proxied(Peer) || p.Proxy.Listen }

// Local reports whether the local network may be asked for peers, and its router for
// a port: not while peers are to see the proxy only.
func (p Policy) Local() bool { return !p.proxied(Peer) }

// UDP reports whether UDP can be sent for a purpose.
func (p Policy) UDP(to Purpose) bool { return !p.proxied(to) || p.Proxy.Kind == SOCKS5 }

// valid returns why nothing may leave, or the policy's proxy cannot be used.
func (p Policy) valid() error {
	if p.Closed != "" {
		return &ClosedError{p.Closed}
	}
	if p.Proxy.Kind == NoProxy {
		return nil
	}
	host, port, err := net.SplitHostPort(p.Proxy.Address)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || n == 0 {
		return &ClosedError{"the proxy has no valid address"}
	}
	if len(p.Proxy.User) > 255 || len(p.Proxy.Password) > 255 {
		return &ClosedError{"the user name or the password for the proxy is too long"}
	}
	return nil
}
