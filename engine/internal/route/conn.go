package route

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// Conn is a connection that ends when its way is not allowed any more. Those over TCP
// have the methods of a *net.TCPConn.
type tcpConn struct {
	*net.TCPConn
	route  *Route
	remote net.Addr // behind the proxy; nil without one
}

func (c *tcpConn) RemoteAddr() net.Addr {
	if c.remote != nil {
		return c.remote
	}
	return c.TCPConn.RemoteAddr()
}

func (c *tcpConn) Close() error {
	c.route.release(c)
	return c.TCPConn.Close()
}

// udpConn is the same of a UDP socket.
type udpConn struct {
	*net.UDPConn
	route *Route
}

func (c *udpConn) Close() error {
	c.route.release(c)
	return c.UDPConn.Close()
}

// keep wraps a socket that was made on a way.
func (r *Route) keep(raw net.Conn, w *way) (net.Conn, error) {
	var c net.Conn
	switch raw := raw.(type) {
	case *net.TCPConn:
		c = &tcpConn{TCPConn: raw, route: r}
	case *net.UDPConn:
		c = &udpConn{UDPConn: raw, route: r}
	default:
		return nil, errors.Join(fmt.Errorf("keep connection: unexpected %T", raw), raw.Close())
	}
	if err := r.hold(c, w); err != nil {
		return nil, err
	}
	return c, nil
}

// control binds a socket to the way's interface before it is used.
func (w *way) control(network, _ string, raw syscall.RawConn) error {
	if w.device == "" {
		return nil
	}
	var failed error
	err := raw.Control(func(fd uintptr) { failed = bindToDevice(fd, network, w.device, w.index) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("bind to %s: %w", w.device, err)
	}
	return nil
}

// because tells a failure that the system puts in its own words in ours.
func (w *way) because(err error) error {
	if w.policy.bound() && (errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.EADDRNOTAVAIL)) {
		return &ClosedError{fmt.Sprintf("%s is gone: nothing leaves", w.policy.name())}
	}
	return err
}
