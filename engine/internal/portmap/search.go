package portmap

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"

	"piecewise/engine/internal/route"
)

const (
	searchFor   = 2500 * time.Millisecond
	maxDevices  = 8
	maxAnswers  = 100  // that are looked at
	maxDatagram = 2048 // bytes
)

var (
	ssdpGroup = netip.MustParseAddr("239.255.255.250")
	targets   = []string{
		"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
		"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
		"urn:schemas-upnp-org:service:WANPPPConnection:1",
	}
)

// search finds UPnP's gateway devices: where their descriptions are. It asks the whole
// local network, or the one gateway that was given.
func (m *Mapper) search(ctx context.Context) ([]*url.URL, error) {
	ctx, cancel := context.WithTimeout(ctx, searchFor)
	defer cancel()
	c, to, err := m.searchSocket(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // ends the wait
	defer stop()
	for range 2 { // a datagram may be lost
		for _, target := range targets {
			if _, err := c.WriteTo(searchRequest(to, target), net.UDPAddrFromAddrPort(to)); err != nil {
				if errors.Is(err, syscall.ECONNREFUSED) {
					return nil, errSilent
				}
				return nil, fmt.Errorf("search the router: %w", err)
			}
		}
	}
	var found []*url.URL
	buf := make([]byte, maxDatagram)
	for range maxAnswers {
		n, from, err := c.ReadFrom(buf)
		if err != nil || len(found) == maxDevices {
			break
		}
		at, ok := from.(*net.UDPAddr)
		if !ok {
			continue
		}
		u := location(buf[:n], at.AddrPort().Addr().Unmap())
		if u != nil && !slices.ContainsFunc(found, func(o *url.URL) bool { return *o == *u }) {
			if found = append(found, u); m.cfg.Gateway.IsValid() {
				break // there is no other
			}
		}
	}
	if len(found) == 0 {
		return nil, errSilent
	}
	return found, nil
}

// searchSocket returns a socket to search with, and where requests go.
func (m *Mapper) searchSocket(ctx context.Context) (net.PacketConn, netip.AddrPort, error) {
	if g := m.cfg.Gateway; g.IsValid() {
		to := netip.AddrPortFrom(g, m.cfg.SSDPPort)
		c, err := m.cfg.Route.Dial(ctx, "udp", to.String(), route.Router)
		if err != nil {
			return nil, to, err
		}
		return connected{c}, to, nil
	}
	c, err := m.cfg.Route.ListenLocal(false, netip.AddrPort{})
	return c, netip.AddrPortFrom(ssdpGroup, m.cfg.SSDPPort), err
}

// connected is a connection to one host as a net.PacketConn.
type connected struct{ net.Conn }

func (c connected) ReadFrom(b []byte) (int, net.Addr, error) {
	n, err := c.Read(b)
	return n, c.RemoteAddr(), err
}

func (c connected) WriteTo(b []byte, _ net.Addr) (int, error) { return c.Write(b) }

func searchRequest(to netip.AddrPort, target string) []byte {
	return fmt.Appendf(nil, "M-SEARCH * HTTP/1.1\r\nHOST: %v\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n", to, target)
}

// location reads an answer to a search. It must lead to who answered, by number and
// in plain HTTP.
func location(answer []byte, from netip.Addr) *url.URL {
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		return nil
	}
	_ = r.Body.Close() // it is of memory
	u, err := url.Parse(r.Header.Get("Location"))
	if err != nil || r.StatusCode != http.StatusOK || !leadsTo(u, from) {
		return nil
	}
	return u
}

func leadsTo(u *url.URL, ip netip.Addr) bool {
	host, err := netip.ParseAddr(u.Hostname())
	return err == nil && u.Scheme == "http" && u.User == nil && host.Unmap().WithZone("") == ip.WithZone("")
}
