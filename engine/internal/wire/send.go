package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"

	"piecewise/engine/internal/plane"
)

const (
	leastBatch = 32 << 10
	mostBatch  = 256 << 10
	headroom   = 4 << 10 // of a batch, for control messages

	// A batch that takes the socket longer than slowBatch is too large: control
	// messages wait behind it. One that takes less than quickBatch may grow.
	slowBatch  = 100 * time.Millisecond
	quickBatch = 50 * time.Millisecond

	writeTimeout = 2 * time.Minute // for one batch

	// The first keepalive over uTP comes after so much silence: Transmission 3
	// leaves what came in one datagram with an encrypted handshake lying until
	// another datagram comes.
	nudge = time.Second

	pieceHead = 13 // bytes of a Piece message before its block
)

// batches are send buffers, for each power of two from leastBatch to mostBatch.
// A connection has one only while it sends, of a size that its peer takes within
// slowBatch, so many slow peers hold little.
var batches [4]sync.Pool

func batch(size int) *[]byte {
	i, n := 0, leastBatch
	for n < size {
		i, n = i+1, 2*n
	}
	if b, ok := batches[i].Get().(*[]byte); ok {
		return b
	}
	b := make([]byte, n)
	return &b
}

func recycle(b *[]byte) {
	for i := range batches {
		if len(*b) == leastBatch<<i {
			batches[i].Put(b)
		}
	}
}

// sender is the send goroutine of a connection.
type sender struct {
	c      *Conn
	socket net.Conn
	size   int  // of the next batch
	served bool // blocks have left since it last waited
	sent   time.Time
}

// send sends until the connection ends.
func (c *Conn) send() error {
	s := &sender{c: c, socket: *c.socket.Load(), size: leastBatch, sent: time.Now()}
	silence := c.net.timeouts.Keepalive
	if c.info.Transport == plane.UTP {
		silence = min(silence, nudge)
	}
	timer := time.NewTimer(silence)
	defer timer.Stop()
	for {
		n, err := s.round()
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		s.thirst()
		timer.Reset(time.Until(s.sent.Add(silence)))
		select {
		case <-c.wake:
		case <-timer.C:
			c.outbox.add([]byte{0, 0, 0, 0})
			silence = c.net.timeouts.Keepalive
		case <-c.done:
			return context.Cause(c.ctx)
		}
	}
}

// thirst follows the last block that was asked for. Until now the blocks carried
// the acknowledgements of the peer's requests; if its system keeps small packets
// back until the last one is acknowledged (Nagle), its next requests would wait
// for ours, 40 ms and more.
func (s *sender) thirst() {
	if s.served {
		s.served = false
		acknowledge(s.socket)
	}
}

// round sends the control messages that wait and one batch of blocks behind them.
func (s *sender) round() (int, error) {
	held := batch(s.size)
	defer recycle(held)
	b := *held
	n, more := s.c.outbox.take(b)
	overhead := n
	if !more {
		k, err := s.fill(b[n:])
		if err != nil {
			return 0, err
		}
		overhead += headsOf(b[n : n+k])
		n += k
	}
	if n == 0 {
		return 0, context.Cause(s.c.ctx)
	}
	s.c.overheadOut.Add(int64(overhead))
	return n, s.write(b[:n])
}

// headsOf returns how many bytes of whole messages are no payload: the heads of
// Piece messages, and all of others.
func headsOf(b []byte) (n int) {
	for len(b) >= pieceHead {
		k := min(len(b), 4+int(binary.BigEndian.Uint32(b)))
		if Kind(b[4]) == pieceKind {
			n += pieceHead
		} else {
			n += k
		}
		b = b[k:]
	}
	return n
}

// fill gets blocks from the Peer, if b has room for any.
func (s *sender) fill(b []byte) (int, error) {
	if b = b[:min(len(b), s.size-headroom)]; len(b) < MinFill {
		return 0, nil
	}
	n := s.c.peer.Fill(b)
	if n >= 0 {
		s.served = s.served || n > 0
		return n, nil
	}
	if -n > mostBatch-headroom {
		return 0, fmt.Errorf("message of %d bytes does not fit a batch", -n)
	}
	for s.size-headroom < -n {
		s.size *= 2
	}
	s.c.Wake() // and ask again
	return 0, nil
}

func (s *sender) write(b []byte) error {
	if out := s.c.cipher.out; out != nil {
		out.XORKeyStream(b, b)
	}
	start := time.Now()
	if err := s.socket.SetWriteDeadline(start.Add(writeTimeout)); err != nil {
		return err
	}
	n, err := s.socket.Write(b)
	s.c.out.Add(int64(n))
	s.sent = time.Now()
	switch d := s.sent.Sub(start); {
	case d > slowBatch:
		s.size = max(s.size/2, leastBatch)
	case d < quickBatch && len(b) > s.size/2:
		s.size = min(2*s.size, mostBatch)
	}
	return err
}
