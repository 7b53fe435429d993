package wire

import (
	"bytes"
	"encoding/binary"
	"net"
	"sync"
	"time"
)

// quiet is how long we wait for the library's first message once it reads. It
// has none for a peer without extensions while we have no piece.
const quiet = 500 * time.Millisecond

// control is the net.Conn that the library gets: its handshake passes through it,
// then control messages only. Deadlines are ignored, since an error from setting
// one would end the process, and a short write would too.
type control struct {
	c *Conn

	mu    sync.Mutex
	ready sync.Cond // bytes to read, room in the queue, or the end
	queue bytes.Buffer
	pace  pace
	err   error
	timer *time.Timer // for quiet

	wmu   sync.Mutex // held while the library writes, and before mu and outbox.mu
	hello []byte     // its handshake, as far as written
	carry []byte     // the beginning of a frame
	pex   byte       // our number for ut_pex, BEP 11; 0 is none
	punch byte       // our number for ut_holepunch, BEP 55; likewise
	meta  byte       // our number for ut_metadata, BEP 9; 0 while it is unknown

	theirPEX, theirPunch byte // the peer's numbers; guarded by mu

	begun bool
}

// Read waits for the peer's handshake or control messages.
func (l *control) Read(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pace.read >= helloLength && l.timer == nil && l.err == nil {
		l.timer = time.AfterFunc(quiet, l.silent)
	}
	for l.pace.open() == 0 && l.err == nil {
		if l.pace.owed > 0 && l.pace.timer == nil {
			l.pace.timer = time.AfterFunc(settleOwed, l.settleOwed)
		}
		l.ready.Wait()
	}
	if l.pace.open() == 0 {
		return 0, l.err
	}
	n, _ := l.queue.Read(b[:min(int64(len(b)), l.pace.open())]) // it is not empty
	l.pace.took(n)
	if l.queue.Len() == 0 && l.queue.Cap() > 16<<10 {
		l.queue = bytes.Buffer{}
	}
	l.ready.Broadcast()
	return n, nil
}

// settleOwed gives up waiting for answers of the library, unless they are there
// and the peer does not read them.
func (l *control) settleOwed() {
	behind := l.outbox().waiting() > maxLibraryOut
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil || l.pace.timer == nil: // it answered just now
	case behind:
		l.pace.timer.Reset(settleOwed)
	default:
		l.answered()
	}
}

// answered lets the library have the next frames that it answers. l.mu is held.
func (l *control) answered() {
	if t := l.pace.timer; t != nil {
		t.Stop()
		l.pace.timer = nil
	}
	l.pace.owed = 0
	l.ready.Broadcast()
}

// deliver queues bytes of the peer for the library, which may answer them or not.
func (l *control) deliver(b []byte, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.queue.Write(b)
		l.pace.queued(len(b), answered)
		l.ready.Broadcast()
	}
}

// full reports whether the library is far behind.
func (l *control) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queue.Len() > maxLibraryIn && l.err == nil
}

// wait waits until the library is not far behind any more.
func (l *control) wait() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.queue.Len() > maxLibraryIn && l.err == nil {
		l.ready.Wait()
	}
}

func (l *control) close(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
	for _, t := range []*time.Timer{l.timer, l.pace.timer} {
		if t != nil {
			t.Stop()
		}
	}
	l.ready.Broadcast()
}

// Write takes the library's handshake and then its messages, all of b always. It
// waits while the peer reads too slowly, and with the end of the handshake for
// the peer's.
func (l *control) Write(b []byte) (int, error) {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	if l.c.ctx.Err() != nil {
		return 0, net.ErrClosed
	}
	rest := b
	if n := min(helloLength-len(l.hello), len(b)); n > 0 {
		l.hello = append(l.hello, b[:n]...)
		if rest = b[n:]; len(l.hello) == helloLength {
			if err := l.c.greet(l.hello); err != nil {
				l.c.Close(err)
				return 0, err
			}
		}
	}
	if len(rest) > 0 {
		l.messages(rest)
	}
	return len(b), nil
}

// messages takes bytes that the library writes after its handshake.
func (l *control) messages(b []byte) {
	if !l.begun && !l.c.join() {
		return
	}
	l.outbox().wait()
	l.carry = append(l.carry, b...)
	rest := l.carry
	for len(rest) >= 4 {
		n := 4 + int(binary.BigEndian.Uint32(rest))
		if n > len(rest) {
			break
		}
		if n > 4 {
			l.message(rest[:n])
		}
		rest = rest[n:]
	}
	whole := len(rest) < len(l.carry)
	if l.carry = l.carry[:copy(l.carry, rest)]; cap(l.carry) > 16<<10 && len(rest) == 0 {
		l.carry = nil
	}
	if whole {
		l.begin()
		l.c.Wake()
	}
}

func (l *control) outbox() *outbox { return &l.c.outbox }

// begin starts the data plane's half of the connection.
func (l *control) begin() {
	if l.begun {
		return
	}
	l.begun = true
	l.outbox().begin()
	l.c.tellNode()
	l.c.run()
}

// silent begins without a message of the library. Towards a peer with extensions
// it always has one; it may only be late.
func (l *control) silent() {
	l.wmu.Lock()
	defer l.wmu.Unlock()
	if len(l.hello) < helloLength || l.c.info.Fast || l.c.info.Extended {
		return
	}
	if !l.begun && l.c.join() {
		l.begin()
	}
}

// message decides what becomes of one message of the library.
func (l *control) message(frame []byte) {
	kind := Kind(frame[4])
	if !kind.toPeer() {
		return
	}
	switch kind {
	case Have, Bitfield, HaveAll, HaveNone:
		if o, ok := l.c.peer.(Outgoing); !ok || o.Outgoing(parseMessage(frame)) {
			l.outbox().add(frame)
		}
		if kind != Have && !l.begun {
			l.outbox().begin()
		}
		return
	case Extended:
		if l.silenced(frame) {
			return
		}
		frame = l.extended(frame)
	}
	l.outbox().add(frame)
	l.mu.Lock()
	l.answered()
	l.mu.Unlock()
}

// extended corrects the library's extension handshake: it believes that we do not
// encrypt, and may know less of the metadata. It also learns what numbers PEX and
// metadata messages will have.
func (l *control) extended(frame []byte) []byte {
	if len(frame) < 6 || frame[5] != 0 {
		return frame
	}
	dict := frame[6:]
	if i := bytes.Index(dict, []byte("1:ei0e")); i >= 0 && l.c.net.encryption() != EncryptionOff {
		dict[i+4] = '1'
	}
	l.mu.Lock()
	l.pex, l.punch, l.meta = number(dict, pexKey), number(dict, punchKey), number(dict, "11:ut_metadatai")
	l.mu.Unlock()
	frame = l.hideExchange(frame)
	if outer := l.c.net.outer; outer != nil {
		if port := outer(l.c.info.Addr.Addr()); port != 0 {
			frame = tellPort(frame, port)
		}
	}
	if l.c.net.anonymous {
		frame = hideSelf(frame)
	}
	if p, ok := l.c.plane.(interface{ MetadataSize() int }); ok {
		return addMetadata(frame, p.MetadataSize())
	}
	return frame
}

// number returns the number behind a key, 0 if it is not there.
func number(dict []byte, key string) byte {
	i := bytes.Index(dict, []byte(key))
	if i < 0 {
		return 0
	}
	n := 0
	for _, digit := range dict[i+len(key):] {
		if digit < '0' || digit > '9' {
			break
		}
		n = n*10 + int(digit-'0')
	}
	return byte(n)
}

// isPEX reports whether a frame of the peer is a PEX message.
func (l *control) isPEX(frame []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pex != 0 && frame[5] == l.pex
}

// isPunch reports whether a frame of the peer is about a hole to be punched.
func (l *control) isPunch(frame []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.punch != 0 && frame[5] == l.punch
}

// Close ends the connection. It may be called repeatedly.
func (l *control) Close() error {
	l.c.Close(nil)
	return nil
}

// LocalAddr returns our address on the socket.
func (l *control) LocalAddr() net.Addr { return (*l.c.socket.Load()).LocalAddr() }

// RemoteAddr returns the peer's address as the socket has it.
func (l *control) RemoteAddr() net.Addr { return (*l.c.socket.Load()).RemoteAddr() }

// SetDeadline does nothing.
func (l *control) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing.
func (l *control) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing.
func (l *control) SetWriteDeadline(time.Time) error { return nil }
