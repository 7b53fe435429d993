package announce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/anacrolix/torrent/tracker/udp"

	"piecewise/engine/internal/route"
)

const (
	firstResend = 3 * time.Second // BEP 15 says 15 s, which is longer than a user waits
	maxPacket   = 32 << 10        // bytes
)

var (
	errSilent = errors.New("the tracker does not answer")
	errPacket = fmt.Errorf("%w: the packet is too short", errReply)
)

// announceUDP announces over UDP (BEP 15).
func (n *network) announceUDP(ctx context.Context, d door, u *url.URL, r request) (reply, error) {
	uri := u.RequestURI()
	if u.Path == "" && u.RawQuery == "" {
		uri = ""
	}
	body, err := n.exchange(ctx, d, udp.ActionAnnounce, n.packet(uri, r))
	if err != nil {
		return reply{}, err
	}
	return parsePacket(body, d.family != IPv6)
}

// exchange sends a request on a socket of its own, with the connection ID that the
// tracker gave us lately or a new one. Being connected, the socket takes packets from
// the tracker's address only.
func (n *network) exchange(ctx context.Context, d door, action udp.Action, body []byte) ([]byte, error) {
	conn, err := n.route.Dial(ctx, "udp", d.addr, route.Tracker)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := call{conn, n.resend}
	id, old := n.tickets.find(d.addr)
	if old {
		answer, err := c.once(ctx, id, action, body)
		if err == nil || ctx.Err() != nil {
			return answer, err
		}
	}
	id, err = c.connect(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := c.ask(ctx, id, action, body)
	if err == nil || refused(err) {
		n.tickets.keep(d.addr, id, old && err == nil)
	}
	return answer, err
}

// connect asks for a connection ID, which proves that our address is not forged.
func (c call) connect(ctx context.Context) (udp.ConnectionId, error) {
	body, err := c.ask(ctx, udp.ConnectRequestConnectionId, udp.ActionConnect, nil)
	if err != nil {
		return 0, err
	}
	var id udp.ConnectionResponse
	if udp.Read(bytes.NewReader(body), &id) != nil {
		return 0, errPacket
	}
	return id.ConnectionId, nil
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
		Event:      udp.AnnounceEvent(r.event.code()),
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
		counts:   counts{count(int64(h.Seeders)), count(int64(h.Leechers)), -1},
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
	h, packet := frame(id, action, body)
	for wait := c.resend; ; wait *= 2 {
		answer, err := c.try(ctx, h, packet, wait)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return answer, err
		}
	}
}

// once sends a request once.
func (c call) once(ctx context.Context, id udp.ConnectionId, action udp.Action, body []byte) ([]byte, error) {
	h, packet := frame(id, action, body)
	return c.try(ctx, h, packet, c.resend)
}

// frame puts a header of its own before a request.
func frame(id udp.ConnectionId, action udp.Action, body []byte) (udp.RequestHeader, []byte) {
	h := udp.RequestHeader{ConnectionId: id, Action: action, TransactionId: int32(rand.Uint32())}
	var b bytes.Buffer
	_ = udp.Write(&b, h) // to a buffer, of fixed size: cannot fail
	b.Write(body)
	return h, b.Bytes()
}

// try sends a packet and waits for its response.
func (c call) try(ctx context.Context, h udp.RequestHeader, packet []byte, wait time.Duration) ([]byte, error) {
	if _, err := c.conn.Write(packet); err != nil {
		return nil, silent(ctx, err)
	}
	if err := c.conn.SetReadDeadline(time.Now().Add(wait)); err != nil {
		return nil, silent(ctx, err)
	}
	answer, err := c.await(h)
	return answer, silent(ctx, err)
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
