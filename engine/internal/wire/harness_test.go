package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"
)

var testHash = [20]byte{1, 2, 3, 19: 20}

// registry has one torrent.
type registry struct {
	hash  [20]byte
	plane Plane
}

func (r registry) Plane(h [20]byte) Plane {
	if h != r.hash || r.plane == nil {
		return nil
	}
	return r.plane
}

func (r registry) Key(mark [20]byte) ([20]byte, bool) { return r.hash, mark == Mark(r.hash) }

// planeFunc makes Peers.
type planeFunc func(c *Conn) Peer

func (f planeFunc) Join(c *Conn) Peer { return f(c) }

// peer is a data plane that records.
type peer struct {
	c     *Conn
	mu    sync.Mutex
	msgs  []Message
	data  []byte // of all blocks
	last  int    // blocks that are whole
	toGo  []byte // what Fill sends, as blocks of up to 16 KiB
	sent  int
	left  chan error
	heard chan struct{} // 1-buffered
}

func newPeer(c *Conn) *peer {
	return &peer{c: c, left: make(chan error, 2), heard: make(chan struct{}, 1)}
}

func (p *peer) note(f func()) error {
	p.mu.Lock()
	f()
	p.mu.Unlock()
	select {
	case p.heard <- struct{}{}:
	default:
	}
	return nil
}

func (p *peer) Message(m Message) (news bool, err error) {
	m.Bits = bytes.Clone(m.Bits)
	return true, p.note(func() { p.msgs = append(p.msgs, m) })
}

func (p *peer) Block(s Segment) error {
	s.Buffer.Retain()
	defer s.Buffer.Release()
	return p.note(func() {
		p.data = append(p.data, s.Data...)
		if s.Last {
			p.last++
		}
	})
}

func (p *peer) Flush() {}

func (p *peer) Fill(b []byte) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for len(p.toGo) > 0 {
		k := min(16<<10, len(p.toGo))
		if len(b)-n < 13+k {
			break
		}
		AppendPieceHead(b[n:n], 0, p.sent, k)
		copy(b[n+13:], p.toGo[:k])
		p.toGo, p.sent, n = p.toGo[k:], p.sent+k, n+13+k
	}
	return n
}

func (p *peer) Left(err error) { p.left <- err }

func (p *peer) give(b []byte) {
	p.mu.Lock()
	p.toGo = b
	p.mu.Unlock()
	p.c.Wake()
}

// until waits until ok is true of the peer, which it is asked while locked.
func (p *peer) until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		p.mu.Lock()
		done := ok()
		p.mu.Unlock()
		if done {
			return
		}
		select {
		case <-p.heard:
		case <-late:
			t.Fatalf("waited for %s", what)
		}
	}
}

func (p *peer) kinds() (out []Kind) {
	for _, m := range p.msgs {
		out = append(out, m.Kind)
	}
	return out
}

// end is one of two sides: a Net with one torrent, and who joined.
type end struct {
	*Net
	joined chan *peer
}

func newEnd(t testing.TB, cfg Config) *end {
	t.Helper()
	e := &end{joined: make(chan *peer, 2000)}
	if cfg.Registry == nil {
		cfg.Registry = registry{testHash, planeFunc(func(c *Conn) Peer {
			p := newPeer(c)
			e.joined <- p
			return p
		})}
	}
	cfg.Loopback = true
	n, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	e.Net = n
	t.Cleanup(n.Close)
	return e
}

func (e *end) peer(t testing.TB) *peer {
	t.Helper()
	select {
	case p := <-e.joined:
		return p
	case <-time.After(time.Minute):
		t.Fatal("nobody joined")
		return nil
	}
}

// shake does the library's handshake: hash is nil for a connection that came in.
func shake(c net.Conn, hash *[20]byte, id byte) ([]byte, error) {
	return shakeWith(c, hash, id, []byte{0, 0, 0, 0, 0, 0x10, 0, 5})
}

func shakeWith(c net.Conn, hash *[20]byte, id byte, bits []byte) ([]byte, error) {
	peerID := bytes.Repeat([]byte{id}, 20)
	parts := [][]byte{[]byte(protocol), bits}
	if hash != nil {
		parts = append(parts, hash[:], peerID)
	}
	wrote := make(chan error, 1)
	write := func(parts [][]byte) {
		for _, b := range parts {
			if n, err := c.Write(b); err != nil || n != len(b) {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}
	go write(parts)
	reply := make([]byte, helloLength)
	if _, err := io.ReadFull(c, reply); err != nil {
		return nil, err
	}
	if err := <-wrote; err != nil {
		return nil, err
	}
	if hash == nil {
		write([][]byte{reply[28:48], peerID})
		return reply, <-wrote
	}
	return reply, nil
}

// connect makes a connection between two ends and does the libraries' handshakes.
func connect(t testing.TB, from, to *end) (out, in net.Conn, err error) {
	t.Helper()
	out, err = from.Dialers()[0].Dial(t.Context(), "127.0.0.1:"+strconv.Itoa(to.listeners[0].Addr().(*net.TCPAddr).Port))
	if err != nil {
		return nil, nil, err
	}
	accepted := make(chan net.Conn, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	go func() {
		select {
		case c := <-to.Listeners()[0].ready:
			if _, err := shake(c, nil, 'i'); err != nil {
				c.Close()
			}
			accepted <- c
		case <-ctx.Done():
		}
	}()
	if _, err := shake(out, &testHash, 'o'); err != nil {
		out.Close()
		return nil, nil, err
	}
	select {
	case in = <-accepted:
	case <-ctx.Done():
		t.Fatal("nothing was accepted")
	}
	return out, in, nil
}

// frame makes a frame by hand.
func frame(kind Kind, body ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(body)))
	return append(append(b, byte(kind)), body...)
}

func write(t testing.TB, c net.Conn, frames ...[]byte) {
	t.Helper()
	if _, err := c.Write(bytes.Join(frames, nil)); err != nil {
		t.Fatal(err)
	}
}

// readFrame reads one frame as the library does.
func readFrame(t testing.TB, c net.Conn) []byte {
	t.Helper()
	b := make([]byte, 4)
	if _, err := io.ReadFull(c, b); err != nil {
		t.Fatal(err)
	}
	b = append(b, make([]byte, binary.BigEndian.Uint32(b))...)
	if _, err := io.ReadFull(c, b[4:]); err != nil {
		t.Fatal(err)
	}
	return b
}
