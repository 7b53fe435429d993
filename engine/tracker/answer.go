package tracker

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
)

// appendAnswer appends the answer to an announce (BEP 3, 7, 21, 23, 24).
func (s *service) appendAnswer(b []byte, a *announcement, f *found) []byte {
	seconds := int64(s.interval.Seconds())
	b = appendNumber(append(b, 'd'), "complete", int64(f.seeds))
	b = appendNumber(b, "downloaded", int64(f.downloads))
	if from := a.addr.Addr(); !from.IsLoopback() {
		b = appendString(appendString(b, "external ip"), string(from.AsSlice()))
	}
	b = appendNumber(b, "incomplete", int64(f.leeches+f.paused))
	b = appendNumber(b, "interval", seconds)
	b = appendNumber(b, "min interval", max(seconds/2, 1))
	b = appendString(b, "peers")
	switch {
	case a.listed:
		b = append(b, 'l')
		b = appendPeers(b, f.v4, f.ids4, v4Width)
		b = append(appendPeers(b, f.v6, f.ids6, v6Width), 'e')
	default:
		b = appendString(b, string(f.v4))
		if len(f.v6) > 0 {
			b = appendString(appendString(b, "peers6"), string(f.v6))
		}
	}
	if f.crowded {
		b = appendString(appendString(b, "warning message"), "there are too many peers of your address, or in all: you are not told to others")
	}
	return append(b, 'e')
}

// appendPeers appends peers as BEP 3 has them.
func appendPeers(b, addrs, ids []byte, width int) []byte {
	for n := 0; len(addrs) > 0; n, addrs = n+1, addrs[width:] {
		b = appendString(append(b, 'd'), "ip")
		b = appendString(b, ipOf(addrs[:width]).String())
		if len(ids) > 0 {
			b = appendString(appendString(b, "peer id"), string(ids[n*20:n*20+20]))
		}
		b = appendNumber(b, "port", int64(binary.BigEndian.Uint16(addrs[width-2:])))
		b = append(b, 'e')
	}
	return b
}

// appendScrape appends the counts of those of the hashes that are known (BEP 48).
func (s *service) appendScrape(b []byte, hashes [][20]byte) []byte {
	slices.SortFunc(hashes, func(a, b [20]byte) int { return slices.Compare(a[:], b[:]) })
	b = append(appendString(append(b, 'd'), "files"), 'd')
	for _, hash := range slices.Compact(hashes) {
		c, ok := s.counts(&hash)
		if !ok {
			continue
		}
		b = appendNumber(append(appendString(b, string(hash[:])), 'd'), "complete", int64(c.seeds))
		b = appendNumber(b, "downloaded", int64(c.downloads))
		if c.paused > 0 {
			b = appendNumber(b, "downloaders", int64(c.leeches))
		}
		b = append(appendNumber(b, "incomplete", int64(c.leeches+c.paused)), 'e')
	}
	b = append(b, 'e')
	b = append(appendString(b, "flags"), 'd')
	return append(appendNumber(b, "min_request_interval", max(int64(s.interval.Seconds())/2, 1)), "ee"...)
}

// appendRefusal appends a failure reason, which is a success for HTTP (BEP 3).
func appendRefusal(b []byte, reason string) []byte {
	return append(appendString(appendString(append(b, 'd'), "failure reason"), reason), 'e')
}

func appendNumber(b []byte, key string, n int64) []byte {
	b = append(appendString(b, key), 'i')
	return append(strconv.AppendInt(b, n, 10), 'e')
}

func appendString(b []byte, s string) []byte {
	b = append(strconv.AppendInt(b, int64(len(s)), 10), ':')
	return append(b, s...)
}

// unmapped is an address as it is kept: IPv4 as such, and without a zone.
func unmapped(ip netip.Addr) netip.Addr { return ip.Unmap().WithZone("") }
