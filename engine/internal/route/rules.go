package route

import (
	"errors"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// rules say which addresses may be connected to. They are pure.
type rules struct{ loopback bool }

const (
	whyNotLoopback = "only this machine (loopback) may be contacted"
	whyNowhere     = "that is not the address of a host"
	whyLocal       = "that is this machine or its own link"
	whyPrivate     = "that is in a local network, which the address does not say"
	whyNotLocal    = "that is not in the local network"
	whyPath        = "that is in a local network, and the path is not that of a tracker"
	whyRedirect    = "the redirect to it came from further outside"
)

// address says whether a host that was named, and turned out to be ip, may be
// connected to for a purpose.
func (r rules) address(to Purpose, host string, ip netip.Addr) error {
	if why := r.why(to, host, ip); why != "" {
		return &RefusedError{host, ip, why}
	}
	return nil
}

func (r rules) why(to Purpose, host string, ip netip.Addr) string {
	if r.loopback {
		if !ip.Unmap().IsLoopback() {
			return whyNotLoopback
		}
		return ""
	}
	at := spaceOf(ip)
	switch {
	case at == nowhere:
		return whyNowhere
	case to == Peer || to == DHT:
		return ""
	case to == Router && (at == private || ip.IsLinkLocalUnicast()):
		return ""
	case to == Router:
		return whyNotLocal
	case to == Metainfo && at <= spaceNamed(host):
		return "" // the user's own word
	case at == local:
		return whyLocal
	case at == private && spaceNamed(host) != private:
		return whyPrivate
	}
	return ""
}

// unresolved says whether a host may be connected to through a proxy, which resolves
// its name: a number is checked, and what means the proxy's own machine is refused.
func (r rules) unresolved(to Purpose, host string) error {
	if ip, err := netip.ParseAddr(host); err == nil {
		return r.address(to, host, ip)
	}
	if isLocalhost(host) == r.loopback {
		return nil
	}
	why := whyLocal
	if r.loopback {
		why = whyNotLoopback
	}
	return &RefusedError{Host: host, Why: why}
}

var errNoHost = errors.New("the address names no host")

// link says whether a URL may be requested, given the hosts of those that led to it
// by redirects.
func (r rules) link(to Purpose, u *url.URL, before []string) error {
	host := u.Hostname()
	if host == "" {
		return errNoHost
	}
	at := spaceNamed(host)
	if r.loopback || at == global || to == Router {
		return nil // what it resolves to is checked when it is dialled
	}
	for _, b := range before {
		if spaceNamed(b) < at {
			return &RefusedError{Host: host, Why: whyRedirect}
		}
	}
	if to == Tracker && !isAnnounce(u) {
		return &RefusedError{Host: host, Why: whyPath}
	}
	return nil
}

// isAnnounce reports whether a URL is that of a tracker by its form: its path ends in
// announce or scrape (BEP 48), whatever follows that word. Over UDP nothing is said
// that another service could take for its own, so the path may be missing.
func isAnnounce(u *url.URL) bool {
	last := path.Base(u.Path)
	return strings.HasPrefix(last, "announce") || strings.HasPrefix(last, "scrape") ||
		u.Scheme == "udp" && (u.Path == "" || u.Path == "/")
}
