// Package portmap asks the router of the local network to let peers connect to us:
// by PCP (RFC 6887), NAT-PMP (RFC 6886) or UPnP (the services WANIPConnection 1 and 2,
// WANPPPConnection 1 and, for IPv6, WANIPv6FirewallControl 1), over TCP and UDP.
//
// A Mapper has one goroutine, Run. It asks when it is told a port, when the way out or
// the address of this machine changes, and when half of a lease is over; every two
// minutes it looks whether the router still knows us, since a router that was started
// anew has forgotten. When Run ends it takes back what it was given, in at most two
// seconds. It never waits longer than a minute for all ways together, and all its
// packets go through a route.Route.
//
// PCP and NAT-PMP are spoken to the router of the default route, which only Linux is
// asked for. Elsewhere UPnP's search finds the router, of IPv4, and the port is mapped
// to the address by which the device is reached.
//
// What a router says is not believed where it could do harm: it is asked at private
// addresses only, UPnP devices at the address from which they answered, answers are
// short or not read, leases are at most a day, and the external address is nothing but
// shown.
package portmap
