package route

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"
)

// association is a UDP association with a SOCKS5 proxy (RFC 1928, 7): packets go to
// and come from its relay with a header that names the other end. It ends with the
// connection over which it was asked for.
type association struct {
	control net.Conn
	udp     net.Conn     // to the relay
	at      net.Addr     // as LocalAddr tells
	to      string       // of one for a single host: "name:port"
	last    atomic.Value // netip.AddrPort: where the last packet came from
}

const (
	methodNone, methodPassword, methodRefused = 0, 2, 255
	commandAssociate                          = 3
	typeIPv4, typeName, typeIPv6              = 1, 3, 4
	maxHeader                                 = 3 + 1 + 1 + 255 + 2 // bytes before what a packet carries
)

var socksErrors = []string{
	"", "it fails", "it does not allow that", "it cannot reach the network", "it cannot reach the host",
	"the host refuses", "the time is up", "it carries no UDP", "it does not know such addresses",
}

// relay makes an association in the place of a UDP socket.
func (r *Route) relay(w *way, at netip.AddrPort) (carrier, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	a, err := r.associate(ctx, w)
	if err != nil {
		return nil, err
	}
	a.at = net.UDPAddrFromAddrPort(at)
	return a, nil
}

// associated makes an association for a single host.
func (r *Route) associated(ctx context.Context, w *way, hostport string) (net.Conn, error) {
	a, err := r.associate(ctx, w)
	if err != nil {
		return nil, err
	}
	a.to = hostport
	if ap, err := netip.ParseAddrPort(hostport); err == nil {
		a.last.Store(ap)
	}
	return a, nil
}

func (r *Route) associate(ctx context.Context, w *way) (*association, error) {
	control, err := r.dialProxy(ctx, w)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = control.SetDeadline(time.Unix(1, 0)) })
	relay, err := askAssociate(control, w.policy.Proxy)
	if !stop() {
		err = errors.Join(err, ctx.Err())
	}
	if err == nil {
		if proxy, ok := control.RemoteAddr().(*net.TCPAddr); ok && relay.Addr().IsUnspecified() {
			relay = netip.AddrPortFrom(proxy.AddrPort().Addr().Unmap(), relay.Port())
		}
		if r.rules.loopback {
			err = r.rules.address(Peer, relay.Addr().String(), relay.Addr())
		}
	}
	var udp net.Conn
	if err == nil {
		udp, err = r.connect(ctx, w, "udp", relay)
	}
	if err != nil {
		_ = control.Close() // it has failed
		return nil, &ProxyError{err}
	}
	a := &association{control: control, udp: udp, at: udp.LocalAddr()}
	go a.watch() // until the connection ends, at the latest by Close
	return a, nil
}

// watch ends the association with its connection, on which nothing comes.
func (a *association) watch() {
	_, _ = io.Copy(io.Discard, a.control) // why it ended does not matter
	_ = a.Close()
}

// askAssociate shakes hands with a proxy and returns where its relay is.
func askAssociate(c net.Conn, x Proxy) (netip.AddrPort, error) {
	var none netip.AddrPort
	if err := greet(c, x); err != nil {
		return none, err
	}
	if _, err := c.Write([]byte{5, commandAssociate, 0, typeIPv4, 0, 0, 0, 0, 0, 0}); err != nil {
		return none, err
	}
	b := make([]byte, 4)
	if _, err := io.ReadFull(c, b); err != nil {
		return none, fmt.Errorf("it hangs up: %w", err)
	}
	if b[0] != 5 {
		return none, errors.New("it does not speak SOCKS5")
	}
	if code := int(b[1]); code != 0 {
		if code < len(socksErrors) {
			return none, errors.New(socksErrors[code])
		}
		return none, fmt.Errorf("it fails with code %d", code)
	}
	size := map[byte]int{typeIPv4: 4, typeIPv6: 16}[b[3]]
	if size == 0 {
		return none, errors.New("it names its relay, instead of giving an address")
	}
	b = make([]byte, size+2)
	if _, err := io.ReadFull(c, b); err != nil {
		return none, fmt.Errorf("it hangs up: %w", err)
	}
	ip, _ := netip.AddrFromSlice(b[:size])
	port := binary.BigEndian.Uint16(b[size:])
	if port == 0 {
		return none, errors.New("its relay has no port")
	}
	return netip.AddrPortFrom(ip.Unmap(), port), nil
}

// greet negotiates a method and proves who we are (RFC 1929).
func greet(c net.Conn, x Proxy) error {
	hello := []byte{5, 1, methodNone}
	if x.User != "" {
		hello = []byte{5, 2, methodNone, methodPassword}
	}
	if _, err := c.Write(hello); err != nil {
		return err
	}
	var b [2]byte
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return fmt.Errorf("it hangs up: %w", err)
	}
	switch {
	case b[0] != 5:
		return errors.New("it does not speak SOCKS5")
	case b[1] == methodNone:
		return nil
	case b[1] != methodPassword || x.User == "":
		return errors.New("it wants another user name and password, or takes none")
	}
	m := append([]byte{1, byte(len(x.User))}, x.User...)
	m = append(append(m, byte(len(x.Password))), x.Password...)
	if _, err := c.Write(m); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, b[:]); err != nil {
		return fmt.Errorf("it hangs up: %w", err)
	}
	if b[1] != 0 {
		return errors.New("it does not accept the user name and password")
	}
	return nil
}

// appendTarget writes an address as SOCKS5 has it.
func appendTarget(b []byte, hostport string) ([]byte, error) {
	if ap, err := netip.ParseAddrPort(hostport); err == nil {
		return appendAddr(b, ap), nil
	}
	host, port, err := splitHostPort(hostport)
	if err != nil {
		return nil, err
	}
	if len(host) > 255 {
		return nil, fmt.Errorf("send packet: the name %.20s… is too long", host)
	}
	b = append(b, typeName, byte(len(host)))
	b = append(b, host...)
	return binary.BigEndian.AppendUint16(b, port), nil
}

func appendAddr(b []byte, ap netip.AddrPort) []byte {
	ip := ap.Addr().Unmap()
	kind := byte(typeIPv4)
	if ip.Is6() {
		kind = typeIPv6
	}
	b = append(append(b, kind), ip.AsSlice()...)
	return binary.BigEndian.AppendUint16(b, ap.Port())
}

// parseRelayed reads a packet of the relay. Fragments and packets from names are not
// taken.
func parseRelayed(b []byte) (from netip.AddrPort, data []byte, ok bool) {
	if len(b) < 4 || b[2] != 0 {
		return from, nil, false
	}
	size := map[byte]int{typeIPv4: 4, typeIPv6: 16}[b[3]]
	if size == 0 || len(b) < 4+size+2 {
		return from, nil, false
	}
	ip, _ := netip.AddrFromSlice(b[4 : 4+size])
	return netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(b[4+size:])), b[4+size+2:], true
}

func (a *association) receive(b []byte) (int, netip.AddrPort, error) {
	packet := make([]byte, maxHeader+len(b))
	for {
		n, err := a.udp.Read(packet)
		if err != nil {
			return 0, netip.AddrPort{}, err
		}
		if from, data, ok := parseRelayed(packet[:n]); ok {
			a.last.Store(from)
			return copy(b, data), from, nil
		}
	}
}

func (a *association) send(b []byte, head []byte) (int, error) {
	if _, err := a.udp.Write(append(head, b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}

// ReadFrom implements carrier.
func (a *association) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := a.receive(b)
	if err != nil {
		return 0, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteTo implements carrier.
func (a *association) WriteTo(b []byte, to net.Addr) (int, error) {
	udp, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, fmt.Errorf("send packet: unexpected %T", to)
	}
	return a.send(b, appendAddr([]byte{0, 0, 0}, udp.AddrPort()))
}

// Read implements net.Conn, for a single host.
func (a *association) Read(b []byte) (int, error) {
	n, _, err := a.receive(b)
	return n, err
}

// Write implements net.Conn.
func (a *association) Write(b []byte) (int, error) {
	head, err := appendTarget([]byte{0, 0, 0}, a.to)
	if err != nil {
		return 0, err
	}
	return a.send(b, head)
}

// LocalAddr implements net.Conn.
func (a *association) LocalAddr() net.Addr { return a.at }

// RemoteAddr returns where the last packet came from, or the name that is not resolved
// yet.
func (a *association) RemoteAddr() net.Addr {
	if ap, ok := a.last.Load().(netip.AddrPort); ok {
		return net.UDPAddrFromAddrPort(ap)
	}
	return named(a.to)
}

// SetDeadline implements net.Conn.
func (a *association) SetDeadline(t time.Time) error { return a.udp.SetDeadline(t) }

// SetReadDeadline implements net.Conn.
func (a *association) SetReadDeadline(t time.Time) error { return a.udp.SetReadDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (a *association) SetWriteDeadline(t time.Time) error { return a.udp.SetWriteDeadline(t) }

// Close ends the association.
func (a *association) Close() error { return errors.Join(a.udp.Close(), a.control.Close()) }
