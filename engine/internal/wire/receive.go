package wire

import (
	"context"
	"io"
	"net"
	"syscall"
	"time"
)

const (
	minRoom = 32 << 10 // in a buffer, or it is not read into any more

	// A peer above fastRate that arrives in bites below smallBite costs more
	// system calls than bytes are worth: let them gather for a moment.
	fastRate  = 16e6 // bytes/s
	smallBite = 32 << 10
	gather    = time.Millisecond

	pexInterval = 45 * time.Second // a peer may send PEX once a minute (BEP 11); clocks and lines are not exact
)

// receiver is the receive goroutine of a connection.
type receiver struct {
	c        *Conn
	parser   parser
	throttle Throttle // nil without
	pooled   Pooled   // likewise
	limit    int      // bytes of the next read

	buf    *Buffer // that we have a reference of
	last   *Buffer // that we had one of when it had this number
	number uint32
	dirty  bool // the Peer was given something since the last Flush

	payload int // bytes, of what is being parsed

	socket  net.Conn
	raw     syscall.RawConn // of a TCP socket; else nil
	try     func(fd uintptr) bool
	patient bool // try may wait
	got     int
	err     error
	waiting []byte // where a socket that is not TCP is read into

	meter    meter
	patience Patience
	port     bool // the peer has told its DHT port
	lastPEX  time.Time
}

// receive hands the peer's bytes out until the connection ends.
func (c *Conn) receive() error {
	r := &receiver{c: c, socket: *c.socket.Load(), limit: BufferSize}
	r.parser = parser{sink: r, fast: c.info.Fast, pieces: func() int { return 0 }}
	if p, ok := c.plane.(interface{ Pieces() int }); ok {
		r.parser.pieces = p.Pieces
	}
	r.pooled, _ = c.peer.(Pooled)
	if r.throttle, _ = c.peer.(Throttle); r.throttle != nil {
		r.took(0)
	}
	r.open()
	defer r.drop()
	if err := r.first(); err != nil {
		return err
	}
	for {
		if c.control.full() {
			r.flush()
			r.drop()
			c.control.wait()
		}
		n, err := r.read()
		if n > 0 {
			if err := r.received(n); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// first deals with what came along with the handshake, which is decrypted.
func (r *receiver) first() error {
	rest := r.c.rest
	r.c.rest = nil
	for len(rest) > 0 {
		r.flush()
		if !r.take() {
			return context.Cause(r.c.ctx)
		}
		n := copy(r.buf.data[r.buf.fill:], rest)
		rest = rest[n:]
		if err := r.parse(n); err != nil {
			return err
		}
	}
	return nil
}

// received deals with n bytes that were read to the end of the buffer.
func (r *receiver) received(n int) error {
	now := time.Now()
	r.c.in.Add(int64(n))
	r.c.heard.Store(now.UnixNano())
	r.meter.add(n, now)
	whole := n == r.limit || n == len(r.buf.data)-r.buf.fill
	if in := r.c.cipher.in; in != nil {
		b := r.buf.data[r.buf.fill:][:n]
		in.XORKeyStream(b, b)
	}
	if err := r.parse(n); err != nil {
		return err
	}
	if r.throttle != nil {
		if r.limit < BufferSize { // then it will wait, and must not hold a buffer meanwhile
			r.flush()
			r.drop()
		}
		r.took(n)
	}
	if whole {
		return nil
	}
	if n < smallBite && r.meter.rate > fastRate {
		time.Sleep(gather)
		return nil
	}
	r.flush()
	return nil
}

func (r *receiver) took(n int) { r.limit = max(1, min(BufferSize, r.throttle.Took(n))) }

// parse hands out n bytes after the filled part of the buffer.
func (r *receiver) parse(n int) error {
	from := r.buf.fill
	r.buf.fill += n
	r.dirty = true
	r.payload = 0
	err := r.parser.feed(r.buf.data[from:r.buf.fill])
	r.c.overheadIn.Add(int64(n - r.payload))
	if !r.buf.shared() {
		r.buf.fill = 0
	}
	if n := r.parser.ignored; n > 0 && err == nil {
		r.parser.ignored = 0
		err = r.tedious(n)
	}
	if err != nil {
		return offence{err}
	}
	return nil
}

// tedious counts messages that nobody cares for.
func (r *receiver) tedious(n int) error {
	if !r.patience.Spend(n, time.Now()) {
		return ErrTedious
	}
	return nil
}

func (r *receiver) flush() {
	if r.dirty {
		r.dirty = false
		r.c.peer.Flush()
	}
}

// take makes buf a buffer with room. It waits for one, and returns false when the
// connection is closed. While the Peer may hold buffers that it gives up in Flush
// it does not wait, and returns false when there is none: if all connections
// waited like that, none would ever go on.
func (r *receiver) take() bool {
	if r.buf == nil && r.last != nil && r.last.resume(r.number) {
		r.buf = r.last
	}
	r.last = nil
	if r.buf != nil && len(r.buf.data)-r.buf.fill < minRoom {
		r.buf.Release()
		r.buf = nil
	}
	switch {
	case r.buf != nil:
	case r.dirty:
		r.buf = r.pool().try()
	default:
		r.buf = r.pool().get(r.c.done)
	}
	return r.buf != nil
}

func (r *receiver) pool() *Pool {
	if r.pooled != nil {
		if p := r.pooled.Pool(); p != nil {
			return p
		}
	}
	return r.c.net.pool
}

// drop gives the buffer back. If somebody else goes on holding it, its free part
// is used when bytes come again.
func (r *receiver) drop() {
	if r.buf == nil {
		return
	}
	r.last, r.number = r.buf, r.buf.number()
	r.buf.Release()
	r.buf = nil
}

// space is where the next read goes.
func (r *receiver) space() []byte {
	free := r.buf.data[r.buf.fill:]
	return free[:min(len(free), r.limit)]
}

// readOther reads from a socket that is not TCP. No buffer can be held while it
// waits, so what comes is copied.
func (r *receiver) readOther() (int, error) {
	r.flush()
	r.drop()
	n, err := r.socket.Read(r.waiting[:min(len(r.waiting), r.limit)])
	if n == 0 {
		return 0, err
	}
	if !r.take() {
		return 0, context.Cause(r.c.ctx)
	}
	copy(r.buf.data[r.buf.fill:], r.waiting[:n])
	return n, err
}

func (r *receiver) open() {
	if tcp, ok := r.socket.(syscall.Conn); ok {
		if raw, err := tcp.SyscallConn(); err == nil {
			r.openTCP(raw)
			return
		}
	}
	r.waiting = make([]byte, 4<<10)
}

func (r *receiver) read() (int, error) {
	n, err := 0, error(nil)
	if r.raw == nil {
		n, err = r.readOther()
	} else {
		n, err = r.readTCP()
	}
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

// control deals with a control message of the peer.
func (r *receiver) control(frame []byte) error {
	kind := Kind(frame[4])
	m, tell, ours := Message{}, true, false
	switch kind {
	case Extended:
		switch l := &r.c.control; {
		case !r.c.info.Extended:
			return r.tedious(1)
		case frame[5] == 0:
			l.heardExtensions(frame[6:])
		case l.isPEX(frame):
			return r.introduced(frame)
		case l.isPunch(frame) && !r.punches(frame):
			return r.tedious(1)
		}
		m = Message{Kind: Extended, Index: uint32(frame[5]), Bits: frame[6:]}
		ours = r.c.control.isMetadata(frame)
		tell = ours || frame[5] == 0
	case portKind:
		if r.port {
			return r.tedious(1)
		}
		r.port = true
		r.node(frame)
		return nil
	default:
		m = parseMessage(frame)
	}
	news := true
	if tell {
		var err error
		if news, err = r.c.peer.Message(m); err != nil {
			return err
		}
	}
	if kind == Extended && frame[5] == 0 {
		hideMetadata(frame)
	}
	if news && !ours && kind.toLibrary() && len(frame) <= maxLibrary {
		r.c.control.deliver(frame, kind >= Extended && len(frame) <= maxRequest)
	}
	return nil
}

// early reports whether a PEX message comes too soon after another.
func (r *receiver) early() bool {
	now := time.Now()
	if !r.lastPEX.IsZero() && now.Sub(r.lastPEX) < pexInterval {
		return true
	}
	r.lastPEX = now
	return false
}

func (r *receiver) block(s Segment) error {
	s.Buffer = r.buf
	r.payload += len(s.Data)
	return r.c.peer.Block(s)
}

// meter measures a rate over about 50 ms.
type meter struct {
	since time.Time
	bytes int
	rate  float64 // bytes/s
}

func (m *meter) add(n int, now time.Time) {
	m.bytes += n
	if d := now.Sub(m.since); d > 50*time.Millisecond {
		m.rate = float64(m.bytes) / d.Seconds()
		m.since, m.bytes = now, 0
	}
}
