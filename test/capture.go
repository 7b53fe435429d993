package test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Capture has what leaves by a network interface: every IP packet, but for what the
// kernel says by itself, which is the neighbour discovery of IPv6, the refusal of
// packets and of connections that came in, and that a group of before was left.
type Capture struct{ fd int }

// StartCapture captures until the test ends. It is for root only.
func StartCapture(t *testing.T, name string) *Capture {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	// The kernel keeps what nobody has read yet, and tells when each packet left.
	for option, value := range map[int]int{unix.SO_RCVBUFFORCE: 64 << 20, unix.SO_TIMESTAMPNS: 1} {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}); err != nil {
		t.Fatal(err)
	}
	return &Capture{fd}
}

// Seen returns what has left since the last call, as "udp 1.2.3.4:5".
func (c *Capture) Seen(t *testing.T) []string { t.Helper(); return c.After(t, time.Time{}) }

// After returns what has left since the last call and not before a moment.
func (c *Capture) After(t *testing.T, moment time.Time) (all []string) {
	t.Helper()
	b, control := make([]byte, 128), make([]byte, 128)
	for {
		n, of, _, from, err := unix.Recvmsg(c.fd, b, control, 0)
		switch l, ok := from.(*unix.SockaddrLinklayer); {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ENETDOWN): // it is told once
		case errors.Is(err, unix.EAGAIN):
			if lost, err := unix.GetsockoptTpacketStats(c.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS); err != nil || lost.Drops > 0 {
				t.Errorf("packets were not captured: %+v, %v", lost, err)
			}
			return all
		case err != nil:
			t.Fatal(err)
		case ok && l.Pkttype == unix.PACKET_OUTGOING:
			if what := describe(b[:n]); what != "" && !sent(control[:of]).Before(moment) {
				all = append(all, what)
			}
		}
	}
}

// sent reads when a packet left, by the clock that is also that of time.Now; that is
// now if the kernel does not say.
func sent(control []byte) time.Time {
	all, _ := unix.ParseSocketControlMessage(control) // what cannot be read says nothing
	for _, m := range all {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			return time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		}
	}
	return time.Now()
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
