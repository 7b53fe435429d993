package test

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Capture has what leaves by a network interface: every IP packet, but for what the
// kernel says by itself, which is the neighbour discovery of IPv6, the refusal of
// packets and of connections that came in, and that a group of before was left.
type Capture struct {
	mu   sync.Mutex
	seen []string
}

// StartCapture captures until the test ends. It is for root only.
func StartCapture(t *testing.T, name string) *Capture {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(all))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}); err != nil {
		t.Fatal(err)
	}
	// So that the reader ends.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}); err != nil {
		t.Fatal(err)
	}
	c, ending, ended := &Capture{}, make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(ending); <-ended; unix.Close(fd) })
	go func() {
		defer close(ended)
		b := make([]byte, 64<<10)
		for {
			select {
			case <-ending:
				return
			default:
			}
			n, from, err := unix.Recvfrom(fd, b, 0)
			if err != nil {
				continue // nothing came, most likely
			}
			if l, ok := from.(*unix.SockaddrLinklayer); ok && l.Pkttype == unix.PACKET_OUTGOING {
				c.take(b[:n])
			}
		}
	}()
	return c
}

func (c *Capture) take(b []byte) {
	if what := describe(b); what != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = append(c.seen, what)
	}
}

// Seen returns what was captured since the last call, as "udp 1.2.3.4:5".
func (c *Capture) Seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = nil
	return seen
}

// describe names a packet, "" for what does not count.
func describe(b []byte) string {
	if len(b) < 20 {
		return ""
	}
	var to netip.Addr
	var proto byte
	switch b[0] >> 4 {
	case 4:
		head := int(b[0]&15) * 4
		to, proto = netip.AddrFrom4([4]byte(b[16:20])), b[9]
		if len(b) < head+8 {
			return fmt.Sprintf("protocol %d to %v", proto, to)
		}
		b = b[head:]
	case 6:
		if len(b) < 48 {
			return ""
		}
		to, proto, b = netip.AddrFrom16([16]byte(b[24:40])), b[6], b[40:]
	default:
		return "" // ARP
	}
	port := netip.AddrPortFrom(to, binary.BigEndian.Uint16(b[2:4]))
	switch {
	case proto == unix.IPPROTO_UDP:
		return fmt.Sprintf("udp %v", port)
	case proto == unix.IPPROTO_TCP && len(b) >= 14 && b[13]&4 != 0:
		return "" // a refusal
	case proto == unix.IPPROTO_TCP:
		return fmt.Sprintf("tcp %v", port)
	case proto == unix.IPPROTO_IGMP && (b[0] == 0x17 || b[0] == 0x22 && len(b) > 8 && b[8] == 3):
		return "" // the group is left: RFC 2236, 3376
	case proto == unix.IPPROTO_ICMP && b[0] == 3, proto == unix.IPPROTO_ICMPV6 && (b[0] == 1 || b[0] >= 133 && b[0] <= 136):
		return ""
	case proto == 0 && to == netip.MustParseAddr("ff02::16"):
		return "" // reports of groups, behind a hop-by-hop header
	}
	return fmt.Sprintf("protocol %d to %v: % x", proto, to, b[:min(len(b), 16)])
}
