// Package badpeer is peers that break the rules of the protocol, each in a way of
// its own, to be let loose on a program under test. They come from addresses of
// their own, come back when they are thrown out, and send at a limited rate, so
// that what they cost is what they make the other side do.
//
// Goroutines: Run starts one for each peer and one more for each that has shaken
// hands, and awaits them all.
package badpeer

import (
	"context"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

const (
	beat      = 100 * time.Millisecond // the floods come in bursts, so often
	perBeat   = 100                    // messages of a burst
	comeBack  = time.Second            // so long after the end of a connection a peer dials once more
	helloTime = 5 * time.Second
)

// Target is who is to be annoyed, and with which torrent.
type Target struct {
	Addr   netip.AddrPort
	Hash   [20]byte
	Pieces int
}

// Stats are what came of it.
type Stats struct {
	Connections atomic.Int64 // that were opened
	Shaken      atomic.Int64 // of them, those on which hands were shaken
}

// Run keeps n peers busy, of all kinds in turn, until ctx ends, and counts in s.
// from gives the address of each.
func Run(ctx context.Context, to Target, s *Stats, n int, from func(i int) netip.Addr) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			for ctx.Err() == nil {
				s.connect(ctx, to, kinds[i%len(kinds)], from(i))
				pause(ctx, comeBack)
			}
		})
	}
	all.Wait()
}

// connect has one connection of a peer, until either side ends it.
func (s *Stats) connect(ctx context.Context, to Target, k kind, from netip.Addr) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.AsSlice()}, Timeout: helloTime}
	c, err := dialer.DialContext(ctx, "tcp4", to.Addr.String())
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	s.Connections.Add(1)
	p := &peer{ctx: ctx, c: c, to: to}
	if k.early {
		k.run(p)
		return
	}
	if !p.hello() {
		return
	}
	s.Shaken.Add(1)
	k.run(p)
}

// peer is one connection.
type peer struct {
	ctx context.Context
	c   net.Conn
	to  Target
}

func (p *peer) greeting() []byte {
	b := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x04"), p.to.Hash[:]...)
	id := p.c.LocalAddr().(*net.TCPAddr)
	return append(append(b, "-BD0001-"...), append(append([]byte(nil), id.IP.To4()...), byte(id.Port>>8), byte(id.Port), 1, 2, 3, 4, 5, 6)...)
}

// hello shakes hands.
func (p *peer) hello() bool {
	p.c.SetDeadline(time.Now().Add(helloTime))
	defer p.c.SetDeadline(time.Time{})
	if _, err := p.c.Write(p.greeting()); err != nil {
		return false
	}
	_, err := io.ReadFull(p.c, make([]byte, 68))
	return err == nil
}

// send reports whether the connection is still there.
func (p *peer) send(frames ...[]byte) bool {
	for _, f := range frames {
		if _, err := p.c.Write(f); err != nil {
			return false
		}
	}
	return true
}

// flood sends the same burst again and again, and throws away what comes.
func (p *peer) flood(burst []byte) {
	go io.Copy(io.Discard, p.c) // ends with the connection
	p.floodUnread(burst)
}

// floodUnread never reads. A burst that the other side does not take within a
// while ends it.
func (p *peer) floodUnread(burst []byte) {
	for p.send(burst) && pause(p.ctx, beat) {
	}
}

// idle reads until the connection ends.
func (p *peer) idle() { io.Copy(io.Discard, p.c) }

// pause reports whether time has passed and not the context ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
