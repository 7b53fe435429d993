package route

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

// through connects to a host over the proxy of a way, which resolves its name. It never
// falls back to another way.
func (r *Route) through(ctx context.Context, w *way, network, hostport string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if network[0] == 'u' {
		return r.associated(ctx, w, hostport)
	}
	raw, err := r.dialProxy(ctx, w)
	if err != nil {
		return nil, err
	}
	tcp := raw.(*tcpConn)
	defer context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })()
	if w.policy.Proxy.Kind == HTTPConnect {
		err = connectHTTP(tcp, w.policy.Proxy, hostport)
	} else {
		err = connectSOCKS(ctx, tcp, w.policy.Proxy, hostport)
	}
	if err == nil && ctx.Err() == nil {
		err = tcp.SetDeadline(time.Time{})
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		_ = tcp.Close() // it has failed
		return nil, &ProxyError{err}
	}
	tcp.remote = hostAddr(hostport)
	return tcp, nil
}

// dialProxy connects to the proxy itself, and remembers whether that works.
func (r *Route) dialProxy(ctx context.Context, w *way) (net.Conn, error) {
	host, port, err := splitHostPort(w.policy.Proxy.Address)
	if err != nil {
		return nil, &ProxyError{err}
	}
	addrs, err := r.addresses(ctx, w, host)
	if err == nil && r.rules.loopback {
		for _, ip := range addrs {
			err = errors.Join(err, r.rules.address(Peer, host, ip))
		}
	}
	var conn net.Conn
	if err == nil {
		conn, err = r.race(ctx, w, "tcp", port, addrs[:min(len(addrs), maxAddrs)])
	}
	r.proxyIs(err)
	if err != nil {
		return nil, &ProxyError{err}
	}
	return conn, nil
}

// proxyIs tells when the proxy fails or works again.
func (r *Route) proxyIs(err error) {
	was := r.proxyErr.Load()
	var now *string
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrChanged) {
		text := err.Error()
		now = &text
	} else if err != nil {
		return
	}
	r.proxyErr.Store(now)
	if (was == nil) != (now == nil) {
		r.tell()
	}
}

// hostAddr is the other end of a connection through a proxy, as far as it is known.
func hostAddr(hostport string) net.Addr {
	if ap, err := netip.ParseAddrPort(hostport); err == nil {
		return net.TCPAddrFromAddrPort(ap)
	}
	return named(hostport)
}

// named is an address that the proxy resolves.
type named string

func (n named) Network() string { return "tcp" }
func (n named) String() string  { return string(n) }

// connected is a proxy.Dialer that has dialled already.
type connected struct{ net.Conn }

func (c connected) Dial(string, string) (net.Conn, error) { return c.Conn, nil }

func (c connected) DialContext(context.Context, string, string) (net.Conn, error) {
	return c.Conn, nil
}

func connectSOCKS(ctx context.Context, c net.Conn, x Proxy, hostport string) error {
	var auth *proxy.Auth
	if x.User != "" {
		auth = &proxy.Auth{User: x.User, Password: x.Password}
	}
	d, err := proxy.SOCKS5("tcp", x.Address, auth, connected{c})
	if err != nil {
		return err
	}
	_, err = d.(proxy.ContextDialer).DialContext(ctx, "tcp", hostport)
	return err
}

const maxConnectReply = 16 << 10 // bytes

// connectHTTP has a proxy connect to a host. The answer is read byte by byte, since
// what follows it is the host's.
func connectHTTP(c net.Conn, x Proxy, hostport string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: hostport}, Host: hostport, Header: http.Header{"User-Agent": nil}}
	if x.User != "" {
		req.SetBasicAuth(x.User, x.Password)
		req.Header["Proxy-Authorization"] = req.Header["Authorization"]
		delete(req.Header, "Authorization")
	}
	if err := req.Write(c); err != nil {
		return err
	}
	var head strings.Builder
	for one := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); {
		if head.Len() == maxConnectReply {
			return errors.New("its answer is too long")
		}
		if _, err := io.ReadFull(c, one); err != nil {
			return fmt.Errorf("it hangs up: %w", err)
		}
		head.WriteByte(one[0])
	}
	return connectStatus(head.String())
}

// connectStatus reads the status of an answer.
func connectStatus(head string) error {
	line, _, _ := strings.Cut(head, "\r\n")
	version, status, _ := strings.Cut(line, " ")
	switch {
	case !strings.HasPrefix(version, "HTTP/1."):
		return errors.New("it does not speak HTTP")
	case !strings.HasPrefix(status, "2"):
		return fmt.Errorf("it answers %q", strings.ToValidUTF8(status[:min(len(status), 100)], "?"))
	}
	return nil
}
