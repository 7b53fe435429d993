// Package proxy is a proxy for tests: SOCKS5 (RFC 1928, 1929) with UDP, and HTTP
// CONNECT, both on the port that a Server is given.
package proxy

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
)

// Server serves until its listener is closed. Its fields are set before Serve.
type Server struct {
	User, Password string // "" lets everybody in
	NoUDP          bool
	// Dial, ListenPacket and Rename reach what is asked for, and Relay is where packets
	// come from the client; nil is as the net package does.
	Dial                func(network, addr string) (net.Conn, error)
	ListenPacket, Relay func(addr string) (net.PacketConn, error)
	Rename              func(hostport string) string // a host that was named

	Connects, Packets atomic.Int64 // that were carried

	mu     sync.Mutex
	names  []string
	relays []string
	open   map[net.Conn]struct{}
}

// Names returns the hosts that were asked for, as they were named.
func (s *Server) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.names...)
}

// Relays returns where clients have sent packets.
func (s *Server) Relays() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.relays...)
}

// Serve takes connections until the listener is closed.
func (s *Server) Serve(l net.Listener) {
	if s.Dial == nil {
		s.Dial = net.Dial
	}
	if s.ListenPacket == nil {
		s.ListenPacket = func(addr string) (net.PacketConn, error) { return net.ListenPacket("udp", addr) }
	}
	if s.Relay == nil {
		s.Relay = s.ListenPacket
	}
	if s.Rename == nil {
		s.Rename = func(hostport string) string { return hostport }
	}
	s.mu.Lock()
	s.open = map[net.Conn]struct{}{}
	s.mu.Unlock()
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[c] = struct{}{}
		s.mu.Unlock()
		go func() {
			defer s.forget(c)
			r := bufio.NewReader(c)
			if first, err := r.Peek(1); err != nil {
				return
			} else if first[0] == 5 {
				s.socks(c, r)
			} else {
				s.http(c, r)
			}
		}()
	}
}

func (s *Server) forget(c net.Conn) {
	c.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
}

// HangUp closes all connections.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.Close()
	}
}

func (s *Server) note(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = append(s.names, host)
}

func (s *Server) http(c net.Conn, r *bufio.Reader) {
	req, err := http.ReadRequest(r)
	if err != nil || req.Method != http.MethodConnect {
		fmt.Fprint(c, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
		return
	}
	if s.User != "" {
		known := http.Request{Header: http.Header{"Authorization": req.Header["Proxy-Authorization"]}}
		if user, password, ok := known.BasicAuth(); !ok || user != s.User || password != s.Password {
			fmt.Fprint(c, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
			return
		}
	}
	s.note(req.Host)
	to, err := s.Dial("tcp", s.Rename(req.Host))
	if err != nil {
		fmt.Fprint(c, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
		return
	}
	fmt.Fprint(c, "HTTP/1.1 200 Connection established\r\n\r\n")
	s.join(c, r, to)
}

func (s *Server) join(c net.Conn, r *bufio.Reader, to net.Conn) {
	s.Connects.Add(1)
	go func() {
		io.Copy(c, to)
		c.Close()
		to.Close()
	}()
	io.Copy(to, r)
	to.Close()
}

func (s *Server) socks(c net.Conn, r *bufio.Reader) {
	if !s.greet(c, r) {
		return
	}
	b := make([]byte, 3)
	if _, err := io.ReadFull(r, b); err != nil {
		return
	}
	host, err := readTarget(r)
	switch {
	case err != nil:
	case b[1] == 1:
		s.note(host)
		to, err := s.Dial("tcp", s.Rename(host))
		if err != nil {
			c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		s.join(c, r, to)
	case b[1] == 3 && !s.NoUDP:
		s.associate(c, r)
	default:
		c.Write([]byte{5, 7, 0, 1, 0, 0, 0, 0, 0, 0})
	}
}

func (s *Server) greet(c net.Conn, r *bufio.Reader) bool {
	b := make([]byte, 2)
	if _, err := io.ReadFull(r, b); err != nil {
		return false
	}
	methods := make([]byte, b[1])
	if _, err := io.ReadFull(r, methods); err != nil {
		return false
	}
	if s.User == "" {
		c.Write([]byte{5, 0})
		return true
	}
	c.Write([]byte{5, 2})
	user, password := "", ""
	if _, err := r.ReadByte(); err != nil {
		return false
	}
	for _, x := range []*string{&user, &password} {
		n, _ := r.ReadByte()
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return false
		}
		*x = string(b)
	}
	if user != s.User || password != s.Password {
		c.Write([]byte{1, 1})
		return false
	}
	c.Write([]byte{1, 0})
	return true
}

func readTarget(r io.Reader) (string, error) {
	one := make([]byte, 1)
	if _, err := io.ReadFull(r, one); err != nil {
		return "", err
	}
	size := map[byte]int{1: 4, 4: 16}[one[0]]
	name := one[0] == 3
	if name {
		if _, err := io.ReadFull(r, one); err != nil {
			return "", err
		}
		size = int(one[0])
	}
	b := make([]byte, size+2)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", err
	}
	host := string(b[:size])
	if !name {
		ip, ok := netip.AddrFromSlice(b[:size])
		if !ok {
			return "", fmt.Errorf("no address")
		}
		host = ip.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(b[size:])))), nil
}

// associate relays packets until the connection ends.
func (s *Server) associate(c net.Conn, r io.Reader) {
	at := c.LocalAddr().(*net.TCPAddr).IP.String()
	inside, err := s.Relay(net.JoinHostPort(at, "0"))
	if err != nil {
		return
	}
	defer inside.Close()
	outside, err := s.ListenPacket(":0")
	if err != nil {
		return
	}
	defer outside.Close()
	s.mu.Lock()
	s.relays = append(s.relays, inside.LocalAddr().String())
	s.mu.Unlock()
	port := inside.LocalAddr().(*net.UDPAddr).Port
	c.Write(binary.BigEndian.AppendUint16([]byte{5, 0, 0, 1, 0, 0, 0, 0}, uint16(port)))
	var client atomic.Value
	go s.inward(inside, outside, &client)
	go s.outward(inside, outside, &client)
	io.Copy(io.Discard, r)
}

func (s *Server) outward(inside, outside net.PacketConn, client *atomic.Value) {
	b := make([]byte, 64<<10)
	for {
		n, from, err := inside.ReadFrom(b)
		if err != nil {
			return
		}
		if n < 4 {
			continue
		}
		client.Store(from)
		buf := bytes.NewReader(b[3:n])
		host, err := readTarget(buf)
		if err != nil {
			continue
		}
		data, _ := io.ReadAll(buf)
		if _, err := netip.ParseAddrPort(host); err != nil {
			s.note(host)
		}
		if to, err := net.ResolveUDPAddr("udp", s.Rename(host)); err == nil {
			s.Packets.Add(1)
			outside.WriteTo(data, to)
		}
	}
}

func (s *Server) inward(inside, outside net.PacketConn, client *atomic.Value) {
	b := make([]byte, 64<<10)
	for {
		n, from, err := outside.ReadFrom(b)
		if err != nil {
			return
		}
		ap := from.(*net.UDPAddr).AddrPort()
		ip := ap.Addr().Unmap()
		head := []byte{0, 0, 0, 1}
		if ip.Is6() {
			head[3] = 4
		}
		head = binary.BigEndian.AppendUint16(append(head, ip.AsSlice()...), ap.Port())
		if to, ok := client.Load().(net.Addr); ok {
			inside.WriteTo(append(head, b[:n]...), to)
		}
	}
}
