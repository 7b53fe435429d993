package route

import (
	"net/netip"
	"slices"
	"strings"
)

// space is a part of the address space, the worse the higher.
type space uint8

const (
	global  space = iota
	private       // local networks
	local         // this machine and its links
	nowhere       // what is no host at all
)

func prefixes(all ...string) (out []netip.Prefix) {
	for _, p := range all {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

var (
	// RFC 1918, 6598, 2544, 4193, 3879, 8215
	privateNets = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15", "fc00::/7", "fec0::/10", "64:ff9b:1::/48")
	// RFC 1122, 3927, 4291
	localNets = prefixes("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")
	// RFC 1122, 1112, 6666, 4291
	nowhereNets = prefixes("0.0.0.0/8", "224.0.0.0/3", "::/128", "ff00::/8", "100::/64")

	nat64Net  = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	compatNet = netip.MustParsePrefix("::/96")        // RFC 4291, deprecated
	sixTo4Net = netip.MustParsePrefix("2002::/16")    // RFC 3056
	teredoNet = netip.MustParsePrefix("2001::/32")    // RFC 4380
)

func in(nets []netip.Prefix, ip netip.Addr) bool {
	for _, n := range nets {
		if n.Contains(ip) {
			return true
		}
	}
	return false
}

// spaceOf tells where an address is. An IPv6 address that a gateway or this machine
// turns into an IPv4 one is where that is.
func spaceOf(ip netip.Addr) space {
	ip = ip.WithZone("").Unmap()
	at := global
	switch {
	case !ip.IsValid() || in(nowhereNets, ip):
		at = nowhere
	case in(localNets, ip):
		at = local
	case in(privateNets, ip):
		at = private
	}
	if v4, ok := carried(ip); ok && at == global {
		at = spaceOf(v4)
	}
	return at
}

// carried returns the IPv4 address to which packets for an IPv6 one are sent.
func carried(ip netip.Addr) (netip.Addr, bool) {
	if !ip.Is6() {
		return netip.Addr{}, false
	}
	b := ip.As16()
	switch {
	case nat64Net.Contains(ip), compatNet.Contains(ip):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case sixTo4Net.Contains(ip):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	case teredoNet.Contains(ip):
		return netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]}), true
	}
	return netip.Addr{}, false
}

// localSuffixes end names that can only be local ones (RFC 6762, 8375, and what
// routers use).
var localSuffixes = []string{".local", ".lan", ".home.arpa", ".internal", ".localdomain", ".home", ".intranet", ".private", ".corp"}

// spaceNamed tells where a URL's host can only be: by its number, or by a name that
// nobody can register.
func spaceNamed(host string) space {
	if ip, err := netip.ParseAddr(host); err == nil {
		return spaceOf(ip)
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if isLocalhost(host) {
		return local
	}
	single := !strings.Contains(host, ".") && strings.ContainsAny(host, "abcdefghijklmnopqrstuvwxyz") && !strings.HasPrefix(host, "0x")
	if single || slices.ContainsFunc(localSuffixes, func(s string) bool { return strings.HasSuffix(host, s) }) {
		return private
	}
	return global
}

// isLocalhost reports whether a name means this machine wherever it is resolved
// (RFC 6761).
func isLocalhost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
