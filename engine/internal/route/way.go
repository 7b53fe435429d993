package route

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// way is the way out that is open now, or why there is none. It is never changed.
type way struct {
	policy Policy
	ctx    context.Context // ends with the way; nil for the one of before the start
	end    context.CancelFunc
	closed error  // why nothing leaves; nil if the way is open
	device string // sockets are bound to this interface; "" for none
	index  int    // of the interface that the policy names
	from   [2]end // for IPv4 and IPv6

	resolver *net.Resolver   // asks over this way only
	starting *sync.WaitGroup // see begin
}

// end is what sockets of one IP version are bound to.
type end struct {
	addr netip.Addr // invalid: whatever the system takes
	none bool       // this IP version has no way
}

func version(ip netip.Addr) int {
	if ip.Unmap().Is4() {
		return 0
	}
	return 1
}

var versions = [2]string{"IPv4", "IPv6"}

// same reports whether what was made on one way may go on with the other.
func (w *way) same(o *way) bool {
	if w.closed != nil || o.closed != nil {
		return w.closed != nil && o.closed != nil
	}
	return w.device == o.device && w.index == o.index && w.from == o.from && w.policy.Proxy == o.policy.Proxy
}

// local returns the address to which a socket is bound that reaches ip, invalid for
// any, or why there is none.
func (w *way) local(ip netip.Addr) (netip.Addr, error) {
	if w.closed != nil {
		return netip.Addr{}, w.closed
	}
	v := version(ip)
	if w.from[v].none {
		return netip.Addr{}, &ClosedError{fmt.Sprintf("%s has no %s address", w.policy.name(), versions[v])}
	}
	return w.from[v].addr, nil
}

// name is what the policy binds to, as it is shown.
func (p Policy) name() string {
	switch {
	case p.Interface != "":
		return p.Interface
	case p.Address.IsValid():
		return p.Address.String()
	}
	return "this machine"
}

// link is a network interface as it is now.
type link struct {
	name         string
	index        int
	up, loopback bool
	addrs        []netip.Addr // unicast ones
}

// find makes the way of a policy out of the interfaces that there are. old is the
// last one, whose addresses are kept if they can be. capable says that sockets can be
// bound to an interface.
func find(p Policy, links []link, old *way, capable bool) *way {
	w := &way{policy: p}
	if w.closed = p.valid(); w.closed != nil || !p.bound() {
		return w
	}
	l, reason := pick(p, links)
	if reason != "" {
		w.closed = &ClosedError{reason}
		return w
	}
	w.index = l.index
	if capable && !l.loopback {
		w.device = l.name
	}
	for v := range w.from {
		w.from[v] = bindTo(p, l, v, old.from[v].addr)
		if w.device != "" && !p.Address.IsValid() {
			w.from[v].addr = netip.Addr{} // the interface is enough, and its addresses may come and go
		}
	}
	if w.from[0].none && w.from[1].none {
		w.closed = &ClosedError{fmt.Sprintf("%s has no address: nothing leaves", l.name)}
	}
	return w
}

// pick returns the interface that a policy means, or why nothing leaves.
func pick(p Policy, links []link) (link, string) {
	for _, l := range links {
		if p.Interface != "" && l.name != p.Interface || p.Address.IsValid() && !l.has(p.Address) {
			continue
		}
		if !l.up {
			return l, fmt.Sprintf("%s is down: nothing leaves", l.name)
		}
		return l, ""
	}
	if p.Interface != "" && p.Address.IsValid() {
		return link{}, fmt.Sprintf("%s has not the address %v: nothing leaves", p.Interface, p.Address)
	}
	return link{}, fmt.Sprintf("%s is gone: nothing leaves", p.name())
}

func (l link) has(ip netip.Addr) bool {
	if l.loopback && ip.IsLoopback() {
		return true // all of 127.0.0.0/8 is there
	}
	for _, a := range l.addrs {
		if a == ip.Unmap() {
			return true
		}
	}
	return false
}

// bindTo chooses the address for an IP version: the one that is named, the one of
// before, or the first that others can reach.
func bindTo(p Policy, l link, v int, before netip.Addr) end {
	if p.Address.IsValid() {
		a := p.Address.Unmap()
		return end{a, version(a) != v}
	}
	var best netip.Addr
	for _, a := range l.addrs {
		switch {
		case version(a) != v || a.IsLinkLocalUnicast():
		case a == before:
			return end{addr: a}
		case !best.IsValid():
			best = a
		}
	}
	return end{best, !best.IsValid()}
}

// interfaces lists those of this machine.
func interfaces() ([]link, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list network interfaces: %w", err)
	}
	links := make([]link, 0, len(all))
	for _, i := range all {
		l := link{name: i.Name, index: i.Index, up: i.Flags&net.FlagUp != 0, loopback: i.Flags&net.FlagLoopback != 0}
		addrs, err := i.Addrs()
		if err != nil {
			continue // it is gone meanwhile
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok {
				if ip, ok := netip.AddrFromSlice(n.IP); ok {
					l.addrs = append(l.addrs, ip.Unmap())
				}
			}
		}
		links = append(links, l)
	}
	return links, nil
}
