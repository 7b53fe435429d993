package announce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/anacrolix/torrent/tracker/udp"
)

const (
	firstResend = 3 * time.Second // BEP 15 says 15 s, which is longer than a user waits
	maxPacket   = 32 << 10        // bytes
)

var (
	errSilent = errors.New("the tracker does not answer")
	errPacket = fmt.Errorf("%w: the packet is too short", errReply)
)

// announceUDP announces over UDP (BEP 15): to the first IPv4 and, if that does
// not answer, the first IPv6 address of the tracker, or the other way round as
// the system prefers.
func (n *network) announceUDP(ctx context.Context, u *url.URL, r request) (reply, error) {
	addrs, err := n.resolve(ctx, u)
	if err != nil {
		return reply{}, err
	}
	var errs []error
	for i, to := range addrs {
		share, cancel := ctx, context.CancelFunc(func() {})
		if end, ok := ctx.Deadline(); ok && i+1 < len(addrs) {
			share, cancel = context.WithDeadline(ctx, time.Now().Add(time.Until(end)/2))
		}
		rep, err := n.exchange(share, to, u.RequestURI(), r)
		cancel()
		var refusal *refusedError
		if err == nil || errors.As(err, &refusal) || ctx.Err() != nil {
			return rep, err
		}
		errs = append(errs, err)
	}
	return reply{}, errors.Join(errs...)
}

// resolve returns at most one address of each family, those only that can be
// reached from the one we are bound to.
func (n *network) resolve(ctx context.Context, u *url.URL) ([]netip.AddrPort, error) {
	port, err := net.DefaultResolver.LookupPort(ctx, "udp", u.Port())
	if err != nil || port == 0 {
		return nil, errors.New("the address of a udp tracker needs a port")
	}
	ips, err := n.resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, err
	}
	var addrs []netip.AddrPort
	local := n.cfg.LocalAddr
	for _, ip := range ips {
		ip = ip.Unmap()
		if local.IsValid() && !local.IsUnspecified() && local.Unmap().Is4() != ip.Is4() {
			continue
		}
		if len(addrs) == 0 || len(addrs) == 1 && addrs[0].Addr().Is4() != ip.Is4() {
			addrs = append(addrs, netip.AddrPortFrom(ip, uint16(port)))
		}
	}
	if len(addrs) == 0 {
		return nil, errFamily
	}
	return addrs, nil
}

// exchange connects and announces on a socket of its own. Being connected, the
// socket takes packets from the tracker's address only.
func (n *network) exchange(ctx context.Context, to netip.AddrPort, uri string, r request) (reply, error) {
	conn, err := n.dialer("udp").DialContext(ctx, "udp", to.String())
	if err != nil {
		return reply{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := call{conn, n.resend}
	body, err := c.ask(ctx, udp.ConnectRequestConnectionId, udp.ActionConnect, nil)
	if err != nil {
		return reply{}, err
	}
	var id udp.ConnectionResponse
	if udp.Read(bytes.NewReader(body), &id) != nil {
		return reply{}, errPacket
	}
	body, err = c.ask(ctx, id.ConnectionId, udp.ActionAnnounce, n.packet(uri, r))
	if err != nil {
		return reply{}, err
	}
	return parsePacket(body, to.Addr().Is4())
}

// packet is the body of an announce, with the tracker's path as BEP 41 has it.
func (n *network) packet(uri string, r request) []byte {
	var b bytes.Buffer
	_ = udp.Write(&b, udp.AnnounceRequest{ // to a buffer, of fixed size: cannot fail
		InfoHash:   r.id,
		PeerId:     n.cfg.PeerID,
		Downloaded: r.stats.Downloaded,
		Left:       r.left(),
		Uploaded:   r.stats.Uploaded,
		Event:      udp.AnnounceEvent(r.event),
		Key:        int32(n.cfg.Key),
		NumWant:    int32(r.want()),
		Port:       uint16(n.cfg.Port()),
	})
	if uri != "" && uri != "/" {
		b.Write(udp.Options{RequestUri: uri}.Encode())
	}
	return b.Bytes()
}

// parsePacket reads the body of an announce response.
func parsePacket(body []byte, ipv4 bool) (reply, error) {
	b := bytes.NewBuffer(body)
	var h udp.AnnounceResponseHeader
	if udp.Read(b, &h) != nil {
		return reply{}, errPacket
	}
	size := 16
	if ipv4 {
		size = 4
	}
	return reply{
		interval: seconds(int64(h.Interval)),
		seeds:    count(int64(h.Seeders)),
		leeches:  count(int64(h.Leechers)),
		peers:    appendCompact(nil, b.Bytes(), size),
	}, nil
}

// call is a conversation with one UDP tracker.
type call struct {
	conn   net.Conn
	resend time.Duration // the first wait for a response; doubled with each try
}

// ask sends a request until its response comes or ctx ends.
func (c call) ask(ctx context.Context, id udp.ConnectionId, action udp.Action, body []byte) ([]byte, error) {
	h := udp.RequestHeader{ConnectionId: id, Action: action, TransactionId: int32(rand.Uint32())}
	var b bytes.Buffer
	_ = udp.Write(&b, h) // to a buffer, of fixed size: cannot fail
	b.Write(body)
	for wait := c.resend; ; wait *= 2 {
		if _, err := c.conn.Write(b.Bytes()); err != nil {
			return nil, silent(ctx, err)
		}
		if err := c.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
			return nil, silent(ctx, err)
		}
		answer, err := c.await(h)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return answer, silent(ctx, err)
		}
	}
}

// silent returns the reason why a socket failed that is closed when ctx ends.
func silent(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		return errSilent
	}
	return err
}

// await reads packets until one answers h.
func (c call) await(h udp.RequestHeader) ([]byte, error) {
	packet := make([]byte, maxPacket)
	for {
		size, err := c.conn.Read(packet)
		if err != nil {
			return nil, err
		}
		b := bytes.NewBuffer(packet[:size])
		var got udp.ResponseHeader
		if udp.Read(b, &got) != nil || got.TransactionId != h.TransactionId {
			continue
		}
		switch got.Action {
		case h.Action:
			return b.Bytes(), nil
		case udp.ActionError:
			return nil, &refusedError{reason: clean(b.String())}
		}
	}
}
