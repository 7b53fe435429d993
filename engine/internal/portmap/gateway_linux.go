package portmap

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// gateway returns the router of the default route of the system, over an interface if
// one is named; errGateway if there is none.
func gateway(v6 bool, device string) (netip.Addr, error) {
	name, read := "/proc/net/route", routes4
	if v6 {
		name, read = "/proc/net/ipv6_route", routes6
	}
	f, err := os.Open(name)
	if err != nil {
		return netip.Addr{}, errGateway
	}
	defer f.Close()
	at := best(read(f), device)
	if !at.IsValid() {
		return at, errGateway
	}
	return at, nil
}

// path is a default route.
type path struct {
	device  string
	gateway netip.Addr
	metric  uint64
}

func best(paths []path, device string) netip.Addr {
	metric, at := uint64(1<<63), netip.Addr{}
	for _, p := range paths {
		if (device == "" || p.device == device) && p.metric < metric {
			metric, at = p.metric, p.gateway
		}
	}
	return at
}

const maxRoutes = 1 << 20 // bytes of the system's table that are read

// routes4 reads the kernel's table of IPv4 routes.
func routes4(r io.Reader) (paths []path) {
	lines := bufio.NewScanner(io.LimitReader(r, maxRoutes))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 8 || f[1] != "00000000" || f[7] != "00000000" {
			continue
		}
		b, err := hex.DecodeString(f[2])
		metric, bad := strconv.ParseUint(f[6], 10, 32)
		if err != nil || bad != nil || len(b) != 4 {
			continue
		}
		slices.Reverse(b) // it is in the order of the machine, which is little-endian nearly everywhere
		if ip := netip.AddrFrom4([4]byte(b)); !ip.IsUnspecified() {
			paths = append(paths, path{f[0], ip, metric})
		}
	}
	return paths
}

// routes6 reads the kernel's table of IPv6 routes.
func routes6(r io.Reader) (paths []path) {
	lines := bufio.NewScanner(io.LimitReader(r, maxRoutes))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 10 || strings.Trim(f[0], "0") != "" || f[1] != "00" {
			continue
		}
		b, err := hex.DecodeString(f[4])
		metric, bad := strconv.ParseUint(f[5], 16, 64)
		if err != nil || bad != nil || len(b) != 16 {
			continue
		}
		ip := netip.AddrFrom16([16]byte(b))
		if ip.IsUnspecified() {
			continue
		}
		if ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(f[9])
		}
		paths = append(paths, path{f[9], ip, metric})
	}
	return paths
}
