package swarm

import (
	"net"
	"net/netip"

	"github.com/anacrolix/torrent/iplist"

	"piecewise/engine/internal/ipfilter"
)

// blocklist shows the filter to the library, which then neither dials nor passes on
// peers that it refuses, and ignores nodes of the DHT.
type blocklist struct{ *ipfilter.Gate }

// Lookup implements iplist.Ranger.
func (b blocklist) Lookup(ip net.IP) (iplist.Range, bool) {
	a, ok := netip.AddrFromSlice(ip)
	return iplist.Range{}, ok && b.Refuses(a.Unmap())
}

// NumRanges implements iplist.Ranger.
func (b blocklist) NumRanges() int { return 0 }
