package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// ErrFlooded ends a connection whose peer does not read what is sent to it.
var ErrFlooded = errors.New("the peer does not read")

// ErrSilent ends a connection over which nothing comes any more.
var ErrSilent = errors.New("the peer is silent")

// Conn is one peer connection: the data plane's handle of it. The library has its
// own, see control. All methods may be called from any goroutine and return at
// once.
type Conn struct {
	net    *Net
	dialer *Dialer // nil if it came in
	slot   *slot
	info   Info // complete before the data plane hears of the connection

	ctx    context.Context // over when the connection is closed
	cancel context.CancelCauseFunc
	done   <-chan struct{} // of ctx
	once   sync.Once       // closing
	idle   *time.Timer     // set under net.mu

	socket  atomic.Pointer[net.Conn] // replaced when we dial again
	cipher  cipher                   // set before the loops start
	rest    []byte                   // decrypted bytes that came along with the handshake
	in, out atomic.Int64
	heard   atomic.Int64 // when bytes last came, UnixNano

	overheadIn, overheadOut atomic.Int64 // of in and out, what is not payload; 0 before join

	control control
	outbox  outbox
	wake    chan struct{} // 1-buffered: there is something to send
	peer    Peer          // set before the loops start
	plane   Plane
	loops   atomic.Int32 // how many are running
}

// Send queues a control message for the peer. If the peer lets too many of them
// pile up, the connection is closed with ErrFlooded.
func (c *Conn) Send(m Message) {
	if !c.outbox.send(m) {
		c.Close(ErrFlooded)
		return
	}
	c.Wake()
}

// Wake says that Fill has something to write.
func (c *Conn) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close ends the connection; err, which may be nil, is what Left hears. Only the
// first call counts.
func (c *Conn) Close(err error) {
	c.once.Do(func() {
		if err == nil {
			err = net.ErrClosed
		}
		c.cancel(err)
		if s := c.socket.Load(); s != nil {
			_ = (*s).Close() // there is nobody to tell
		}
		c.control.close(err)
		c.outbox.close()
		c.slot.release()
		c.net.forget(c)
	})
}

// Done is closed when the connection is.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Info returns what is known of the connection.
func (c *Conn) Info() Info { return c.info }

// Counters returns all bytes that were received and sent, handshakes and
// protocol included.
func (c *Conn) Counters() (in, out int64) { return c.in.Load(), c.out.Load() }

// Overhead returns how many of these bytes were not payload: handshakes, control
// messages and the heads of blocks, as far as they are parsed or about to be sent.
func (c *Conn) Overhead() (in, out int64) { return c.overheadIn.Load(), c.overheadOut.Load() }

// join makes the data plane's side of the connection, false if there is none.
func (c *Conn) join() bool {
	if c.peer == nil && c.ctx.Err() == nil {
		c.overheadIn.Store(c.in.Load() - int64(len(c.rest))) // which will be parsed
		c.overheadOut.Store(c.out.Load())
		if c.peer = c.plane.Join(c); c.peer == nil {
			c.Close(errRefused)
		}
	}
	return c.peer != nil
}

// run starts the goroutines of a connection that the data plane has joined.
func (c *Conn) run() {
	c.loops.Store(2)
	c.net.run(c, c.receive)
	c.net.run(c, c.send)
}

// ended says that one of the goroutines is done.
func (c *Conn) ended(err error) {
	if o := (offence{}); errors.As(err, &o) {
		c.net.resent(c.info.Addr, strikesOut)
		err = o.error
	}
	c.Close(err)
	if c.loops.Add(-1) == 0 {
		c.peer.Left(context.Cause(c.ctx))
	}
}

// watch closes the connection if nothing was received for too long.
func (c *Conn) watch() {
	left := c.net.timeouts.Idle - time.Since(time.Unix(0, c.heard.Load()))
	if left <= 0 {
		c.Close(ErrSilent)
		return
	}
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.ctx.Err() == nil {
		c.idle.Reset(left)
	}
}
