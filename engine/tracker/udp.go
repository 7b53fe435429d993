package tracker

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"
)

// The packets of BEP 15.
const (
	udpMagic    = 0x41727101980
	udpConnect  = 0
	udpAnnounce = 1
	udpScrape   = 2
	udpError    = 3

	announceSize = 98
	maxPacket    = 2048
	arrivalSize  = 64 // holds what the system tells with a packet
	maxWant6     = 60 // so that an answer with IPv6 addresses fits into one packet
	maxUDPScrape = 74
	ticketTime   = time.Minute // a connection ID is good for one to two of these
)

// tickets are connection IDs: a keyed hash of the address and of the time, so that
// nobody has one who does not receive at his address, and nothing is stored. They
// belong to one goroutine.
type tickets struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

func newTickets(key []byte) *tickets { return &tickets{mac: hmac.New(sha256.New, key)} }

func (t *tickets) at(ip netip.Addr, period int64) uint64 {
	var b [24]byte
	a := ip.As16()
	copy(b[:], a[:])
	binary.BigEndian.PutUint64(b[16:], uint64(period))
	t.mac.Reset()
	t.mac.Write(b[:])
	return binary.BigEndian.Uint64(t.mac.Sum(t.sum[:0]))
}

func period(now time.Time) int64 { return now.UnixNano() / int64(ticketTime) }

func (t *tickets) issue(ip netip.Addr, now time.Time) uint64 { return t.at(ip, period(now)) }

// holds reports whether an address was given a ticket in this period or the last.
func (t *tickets) holds(ip netip.Addr, now time.Time, ticket uint64) bool {
	return ticket == t.at(ip, period(now)) || ticket == t.at(ip, period(now)-1)
}

// datagrams is the UDP side. An answer is never longer than what was asked unless
// the asker has shown that he receives at his address.
type datagrams struct {
	*service
	key [32]byte
	at  netip.Addr // the address that is listened on, where none is told with packets
}

func newDatagrams(s *service, at netip.Addr) *datagrams {
	d := &datagrams{service: s, at: at}
	_, _ = rand.Read(d.key[:]) // does not fail
	return d
}

// serve answers until ctx ends.
func (d *datagrams) serve(ctx context.Context, c Packets) error {
	defer context.AfterFunc(ctx, func() { c.Close() })()
	var all sync.WaitGroup
	failed := make(chan error, 1)
	for range min(runtime.GOMAXPROCS(0), 4) {
		all.Go(func() {
			if err := d.work(ctx, c); err != nil {
				select {
				case failed <- err:
				default:
				}
				c.Close()
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

func (d *datagrams) work(ctx context.Context, c Packets) error {
	in, oob := make([]byte, maxPacket), make([]byte, arrivalSize)
	x := &exchange{tickets: newTickets(d.key[:]), out: make([]byte, 0, maxPacket)}
	for {
		n, told, _, from, err := c.ReadMsgUDPAddrPort(in, oob)
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && !pause(ctx, err):
			return err
		case err != nil:
			continue
		}
		x.from, x.now = netip.AddrPortFrom(unmapped(from.Addr()), from.Port()), time.Now()
		if x.at = arrival(oob[:told]); !x.at.IsValid() {
			x.at = d.at
		}
		if d.answer(x, in[:n]); len(x.out) > 0 {
			_, _, _ = c.WriteMsgUDPAddrPort(x.out, oob[:told], from) // who is gone needs no answer
		}
	}
}

// exchange is a packet's sender, the address of ours that it came to, and the answer.
type exchange struct {
	tickets *tickets
	from    netip.AddrPort
	at      netip.Addr
	now     time.Time
	out     []byte // empty for no answer
	found   found
}

// answer makes x.out of a packet.
func (d *datagrams) answer(x *exchange, p []byte) {
	x.out = x.out[:0]
	if len(p) < 16 || x.from.Port() == 0 {
		return
	}
	id, action, tx := binary.BigEndian.Uint64(p), binary.BigEndian.Uint32(p[8:]), p[12:16]
	from := x.from.Addr()
	switch {
	case action == udpConnect:
		if id == udpMagic {
			x.head(udpConnect, tx)
			x.out = binary.BigEndian.AppendUint64(x.out, x.tickets.issue(from, x.now))
		}
	case !x.tickets.holds(from, x.now, id):
		d.refused.Add(1)
		if len(p) >= announceSize {
			x.refuse(tx, "connection ID is wrong or too old")
		}
	case !d.allow(from, x.now):
	case action == udpAnnounce:
		d.announceUDP(x, p)
	case action == udpScrape:
		d.scrapeUDP(x, p)
	default:
		d.refused.Add(1)
		x.refuse(tx, "there is no such action")
	}
}

func (x *exchange) head(action uint32, tx []byte) {
	x.out = append(binary.BigEndian.AppendUint32(x.out[:0], action), tx...)
}

func (x *exchange) refuse(tx []byte, reason string) {
	x.head(udpError, tx)
	x.out = append(x.out, reason...)
}

func (d *datagrams) announceUDP(x *exchange, p []byte) {
	a, err := parsePacket(p, x.from.Addr())
	if err == nil {
		err = d.announce(&a, x.at, x.now, &x.found)
	} else {
		d.refused.Add(1)
	}
	if err != nil {
		x.refuse(p[12:16], err.Error())
		return
	}
	x.head(udpAnnounce, p[12:16])
	for _, n := range []int{int(d.interval.Seconds()), x.found.leeches + x.found.paused, x.found.seeds} {
		x.out = binary.BigEndian.AppendUint32(x.out, uint32(n))
	}
	x.out = append(append(x.out, x.found.v4...), x.found.v6...) // one of them is empty
}

var errShort = errors.New("the packet is too short")

// parsePacket reads an announce that came from an address.
func parsePacket(p []byte, from netip.Addr) (announcement, error) {
	if len(p) < announceSize {
		return announcement{}, errShort
	}
	a := announcement{
		hash: [20]byte(p[16:36]), id: [20]byte(p[36:56]), key: binary.BigEndian.Uint32(p[88:]),
		addr: netip.AddrPortFrom(from, binary.BigEndian.Uint16(p[96:])), want: defaultWant, only: v4Width,
	}
	if a.addr.Port() == 0 {
		return announcement{}, errPort
	}
	if n := int32(binary.BigEndian.Uint32(p[92:])); n >= 0 {
		a.want = min(int(n), maxWant)
	}
	if !from.Is4() {
		a.only, a.want = v6Width, min(a.want, maxWant6)
	}
	event := ""
	if n := binary.BigEndian.Uint32(p[80:]); n < uint32(len(udpEvents)) {
		event = udpEvents[n]
	}
	a.set(event, binary.BigEndian.Uint64(p[64:]) == 0)
	return a, nil
}

// udpEvents are the events of BEP 15, and one as libtorrent numbers it.
var udpEvents = [...]string{"", "completed", "started", "stopped", "paused"}

func (d *datagrams) scrapeUDP(x *exchange, p []byte) {
	hashes := p[16:]
	if len(hashes) == 0 || len(hashes)%20 != 0 || len(hashes) > 20*maxUDPScrape {
		d.refused.Add(1)
		x.refuse(p[12:16], "these are not info hashes, or too many")
		return
	}
	d.scrapes.Add(1)
	x.head(udpScrape, p[12:16])
	for ; len(hashes) > 0; hashes = hashes[20:] {
		hash := [20]byte(hashes)
		c, _ := d.counts(&hash)
		for _, n := range []int{c.seeds, c.downloads, c.leeches + c.paused} {
			x.out = binary.BigEndian.AppendUint32(x.out, uint32(n))
		}
	}
}
