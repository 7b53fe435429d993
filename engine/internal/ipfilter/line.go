package ipfilter

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

var (
	errRange    = errors.New("it is no range of addresses")
	errOrder    = errors.New("the range ends before it begins")
	errVersions = errors.New("the range begins with one IP version and ends with the other")
)

// allowed is the least access level of eMule's files that does not block.
const allowed = 128

// rule is what a line says. One that blocks nothing has no from.
type rule struct{ from, to netip.Addr }

// parseLine reads a line of any of the text formats:
//
//	001.002.003.004 - 001.002.003.255 , 000 , a name   eMule
//	a name:1.2.3.4-1.2.3.255                           PeerGuardian
//	1.2.3.4-1.2.3.255, 1.2.3.0/24, 2001:db8::/32, ::1  plain
//
// Empty lines and those that begin with #, ; or // say nothing.
func parseLine(line string) (rule, error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' || line[0] == ';' || strings.HasPrefix(line, "//") {
		return rule{}, nil
	}
	if text, rest, ok := strings.Cut(line, ","); ok {
		if r, err := parseRange(text); err == nil {
			level, _, _ := strings.Cut(rest, ",")
			if n, err := strconv.Atoi(strings.TrimSpace(level)); err == nil && n >= allowed {
				return rule{}, nil
			}
			return r, nil
		}
	}
	r, err := parseRange(line)
	if err == nil {
		return r, nil
	}
	if i := strings.LastIndexByte(line, ':'); i >= 0 {
		if named, why := parseRange(line[i+1:]); why == nil || !errors.Is(why, errRange) {
			return named, why
		}
	}
	return rule{}, err
}

// parseRange reads "a-b", a network or one address.
func parseRange(text string) (rule, error) {
	text = strings.TrimSpace(text)
	if a, b, ok := strings.Cut(text, "-"); ok {
		from, ok1 := parseAddr(a)
		to, ok2 := parseAddr(b)
		switch {
		case !ok1 || !ok2:
			return rule{}, errRange
		case from.Is4() != to.Is4():
			return rule{}, errVersions
		case to.Less(from):
			return rule{}, errOrder
		}
		return rule{from, to}, nil
	}
	if a, bits, ok := strings.Cut(text, "/"); ok {
		ip, ok := parseAddr(a)
		n, err := strconv.ParseUint(strings.TrimSpace(bits), 10, 8)
		if !ok || err != nil {
			return rule{}, errRange
		}
		p, err := ip.Prefix(int(n))
		if err != nil {
			return rule{}, errRange
		}
		return rule{p.Addr(), last(p)}, nil
	}
	ip, ok := parseAddr(text)
	if !ok {
		return rule{}, errRange
	}
	return rule{ip, ip}, nil
}

// last returns the last address of a network.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for bit := p.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	ip, _ := netip.AddrFromSlice(b)
	return ip
}

// parseAddr reads an address. The numbers of an IPv4 one may begin with zeros, as they
// do in eMule's files; they are decimal all the same.
func parseAddr(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if strings.IndexByte(text, ':') >= 0 {
		ip, err := netip.ParseAddr(text)
		return ip.Unmap(), err == nil && ip.Zone() == ""
	}
	var b [4]byte
	for i := range b {
		part, rest, more := strings.Cut(text, ".")
		if more != (i < 3) || len(part) == 0 || len(part) > 3 {
			return netip.Addr{}, false
		}
		n := 0
		for _, c := range []byte(part) {
			if c < '0' || c > '9' {
				return netip.Addr{}, false
			}
			n = n*10 + int(c-'0')
		}
		if n > 255 {
			return netip.Addr{}, false
		}
		b[i], text = byte(n), rest
	}
	return netip.AddrFrom4(b), true
}
