package wire

import (
	"bytes"
	"context"
	"crypto/rc4"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"piecewise/engine/internal/plane"
)

// line is a socket whose other end checks what comes, frame by frame.
type line struct {
	t      *testing.T
	g      *giver
	cipher *rc4.Cipher // nil in plaintext
	done   chan struct{}
	once   sync.Once

	mu      sync.Mutex
	slow    time.Duration // that a write takes
	breaks  int           // after so many bytes, if it is more than 0
	broken  bool
	rest    []byte // of a frame
	choked  bool
	arrived [3]int // frames, of each sender
	bytes   int    // of all, and of the blocks alone
	payload int
}

func (l *line) Write(b []byte) (int, error) {
	l.mu.Lock()
	slow := l.slow
	l.mu.Unlock()
	time.Sleep(slow) // without the lock: in a bubble time stands while somebody waits for one
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		l.t.Error("it goes on after an error")
	}
	n := len(b)
	if l.breaks > 0 && l.bytes+n > l.breaks {
		n, l.broken = max(0, l.breaks-l.bytes), true
	}
	b = bytes.Clone(b[:n])
	if l.cipher != nil {
		l.cipher.XORKeyStream(b, b)
	}
	l.bytes += n
	l.rest = append(l.rest, b...)
	for len(l.rest) >= 4 && len(l.rest) >= 4+int(binary.BigEndian.Uint32(l.rest)) {
		f := l.rest[:4+binary.BigEndian.Uint32(l.rest)]
		if len(f) > 4 {
			l.came(f)
		}
		l.rest = l.rest[len(f):]
	}
	if l.broken {
		return n, errors.New("broken")
	}
	return n, nil
}

// came checks a frame: it is the next of its sender, and all that had to come before
// it did.
func (l *line) came(f []byte) {
	l.g.mu.Lock()
	defer l.g.mu.Unlock()
	by := whose(f)
	i := l.arrived[by]
	if l.arrived[by]++; i >= len(l.g.said[by]) {
		l.t.Fatalf("frame %.20x was never sent", f)
	}
	want := l.g.said[by][i]
	if !bytes.Equal(f, want.frame) {
		l.t.Fatalf("frame %.20x, want %.20x", f, want.frame)
	}
	for who, n := range want.behind {
		if l.arrived[who] < n {
			l.t.Fatalf("frame %.20x came after %v, want %v", f, l.arrived, want.behind)
		}
	}
	switch Kind(f[4]) {
	case Choke, Unchoke:
		l.choked = Kind(f[4]) == Choke
	case pieceKind:
		l.payload += len(f) - pieceHead
		if l.choked {
			l.t.Fatal("a block for a choked peer")
		}
	}
}

func (l *line) Read([]byte) (int, error)         { <-l.done; return 0, io.EOF }
func (l *line) Close() error                     { l.once.Do(func() { close(l.done) }); return nil }
func (l *line) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (l *line) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (l *line) SetDeadline(time.Time) error      { return nil }
func (l *line) SetReadDeadline(time.Time) error  { return nil }
func (l *line) SetWriteDeadline(time.Time) error { return nil }

// Who sends: the library, the data plane with Send, and Fill.
const (
	byLibrary = iota
	bySend
	byFill
)

// The numbers of the extended messages of each.
const (
	libraryExtended = 2
	sendExtended    = 3
	fillExtended    = 9
)

// whose tells who sent a frame.
func whose(f []byte) int {
	switch Kind(f[4]) {
	case pieceKind:
		return byFill
	case Extended:
		return map[byte]int{0: byLibrary, libraryExtended: byLibrary, sendExtended: bySend, fillExtended: byFill}[f[5]]
	case HaveNone, Bitfield:
		return byLibrary
	case Have:
		if f[7] == 1 {
			return byLibrary
		}
	}
	return bySend
}

// sent is a frame on its way, and how many of each sender must come before it.
type sent struct {
	frame  []byte
	behind [3]int
}

var errShortFill = errors.New("Fill got too little room")

// giver is a data plane that does what a script says, and what is to come of it.
type giver struct {
	c *Conn

	mu     sync.Mutex
	said   [3][]sent // of each sender, in order
	wrote  int       // messages of the library that have left it
	last   [3]int    // what all had said when Fill last returned
	queue  [][]byte  // what Fill is to write
	choked bool
	fresh  bool   // it was unchoked since the last Fill
	limit  int    // bytes that Fill may write
	inside []byte // what to say before it returns
}

func (g *giver) Join(c *Conn) Peer {
	g.c = c
	return g
}

func (g *giver) Message(Message) (bool, error) { return true, nil }
func (g *giver) Block(Segment) error           { return nil }
func (g *giver) Flush()                        {}
func (g *giver) Left(error)                    {}

// Fill keeps to the rule of transfer: who was unchoked just now may not know yet.
func (g *giver) Fill(b []byte) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(b) < MinFill {
		g.c.Close(errShortFill)
	}
	if g.fresh {
		g.fresh = false
		g.c.Wake()
	} else {
		n = g.take(b)
	}
	for _, op := range g.inside {
		g.speak(op)
	}
	g.inside = nil
	g.last = [3]int{g.wrote, len(g.said[bySend]), 0}
	return n
}

// take writes what there is to b.
func (g *giver) take(b []byte) (n int) {
	for len(g.queue) > 0 && g.limit > 0 {
		f := g.queue[0]
		if n+len(f) > len(b) {
			if n == 0 {
				return -len(f)
			}
			break
		}
		n += copy(b[n:], f)
		g.limit -= len(f)
		g.queue = g.queue[1:]
		g.said[byFill] = append(g.said[byFill], sent{f, g.last})
	}
	return n
}

// say sends a message of the data plane, which comes behind the library's first.
// g.mu is held.
func (g *giver) say(m Message) {
	g.said[bySend] = append(g.said[bySend], sent{m.Append(nil), [3]int{max(1, g.wrote), 0, len(g.said[byFill])}})
	g.c.Send(m)
}

// speak is what the data plane may do at any time. g.mu is held.
func (g *giver) speak(op byte) {
	arg := op >> 3
	switch op % 8 {
	case 0, 1:
		g.say(Message{Kind: Have, Index: uint32(arg)})
	case 2:
		g.say(Message{Kind: Hashes, Bits: noise(48 + 1000*int(arg))})
	case 3:
		g.say(Message{Kind: Extended, Index: sendExtended, Bits: noise(int(arg) << 11)})
	case 4:
		g.say(Message{Kind: Choke})
		g.choked = true
		for _, f := range g.queue {
			g.say(Message{Kind: Reject, Index: binary.BigEndian.Uint32(f[5:])})
		}
		g.queue = nil
	case 5:
		g.say(Message{Kind: Unchoke})
		g.choked, g.fresh = false, true
	case 6:
		if k := len(g.queue); k > 0 {
			f := g.queue[int(arg)%k]
			g.queue = append(g.queue[:int(arg)%k:int(arg)%k], g.queue[int(arg)%k+1:]...)
			g.say(Message{Kind: Reject, Index: binary.BigEndian.Uint32(f[5:])})
		}
	default:
		g.want(arg)
	}
}

// want queues blocks, or metadata, for an unchoked peer.
func (g *giver) want(arg byte) {
	size := 16 << 10
	defer g.c.Wake()
	switch {
	case g.choked:
		return
	case arg >= 30:
		g.queue = append(g.queue, frame(Extended, append([]byte{fillExtended}, noise(16<<10)...)...))
		return
	case arg >= 24:
		size = int(arg-23) * 15 << 10 // more than MinFill has room for
	case arg >= 16:
		size = 1 + int(arg)
	}
	for i := range 1 + arg%8 {
		g.queue = append(g.queue, append(AppendPieceHead(nil, int(arg), int(i), size), noise(size)...))
	}
}

// scripted is one connection, from the end of the handshakes on.
type scripted struct {
	*giver
	*line
	conn    *Conn
	library []byte // what it is about to write
}

func newScripted(t *testing.T, flags byte) *scripted {
	s := &scripted{giver: &giver{limit: 1 << 30}}
	s.line = &line{t: t, g: s.giver, done: make(chan struct{})}
	n := &Net{conns: map[*Conn]struct{}{}, pool: NewPool(2), log: slog.New(slog.DiscardHandler)}
	n.timeouts = Timeouts{Idle: 24 * time.Hour, Keepalive: time.Hour}.orDefault()
	if flags&16 != 0 {
		n.timeouts.Keepalive = time.Second
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	addr := netip.MustParseAddrPort("127.0.0.1:1")
	place, err := n.door.accept(addr.Addr())
	if err != nil {
		t.Fatal(err)
	}
	info := Info{Addr: addr, Fast: true, Extended: true}
	if flags&1 != 0 {
		info.Transport = plane.UTP
	}
	if s.conn, err = n.open(s.line, place, info); err != nil {
		t.Fatal(err)
	}
	if flags&2 != 0 {
		s.cipher, _ = rc4.NewCipher([]byte("key")) // of a right length
		s.conn.cipher.out, _ = rc4.NewCipher([]byte("key"))
	}
	s.conn.plane = s.giver
	s.conn.control.hello = make([]byte, helloLength)
	first := [][]byte{frame(HaveNone), frame(Bitfield, noise(9000)...), frame(Extended, libraryExtended, 'd', 'e'), numbers()}
	s.library = first[flags>>2&3]
	return s
}

// write has the library write some bytes, and notes which messages that ends.
func (s *scripted) write(n int) {
	n = min(n, len(s.library))
	b := s.library[:n]
	s.library = s.library[n:]
	if len(b) == 0 {
		return
	}
	carry := append(bytes.Clone(s.conn.control.carry), b...)
	s.giver.mu.Lock()
	for len(carry) >= 4 && len(carry) >= 4+int(binary.BigEndian.Uint32(carry)) {
		f := carry[:4+binary.BigEndian.Uint32(carry)]
		carry = carry[len(f):]
		if Kind(f[4]).toPeer() {
			if f[4] == byte(Extended) && f[5] == 0 {
				f = bytes.Replace(f, []byte("1:ei0e"), []byte("1:ei1e"), 1)
			}
			s.said[byLibrary] = append(s.said[byLibrary], sent{bytes.Clone(f), [3]int{byFill: len(s.said[byFill])}})
		}
	}
	n = len(s.said[byLibrary])
	s.giver.mu.Unlock()
	s.conn.control.Write(b) // which may wait, while others send
	s.giver.mu.Lock()
	defer s.giver.mu.Unlock()
	s.wrote = n
}

// step does one thing.
func (s *scripted) step(op, arg byte) {
	switch op % 8 {
	case 0:
		for _, f := range [][]byte{frame(Have, 0, 0, 1, arg), frame(Extended, append([]byte{libraryExtended}, noise(int(arg)<<6)...)...), frame(Request, noise(12)...), numbers()} {
			if arg&1 != 0 {
				s.library = append(s.library, f...)
			}
			arg >>= 1
		}
	case 1:
		s.write(1 + int(arg))
	case 2:
		s.write(len(s.library))
	case 3:
		time.Sleep(time.Duration(arg) * 20 * time.Millisecond)
	case 4:
		s.line.mu.Lock()
		s.slow = time.Duration(arg) * 2 * time.Millisecond
		if arg == 255 {
			s.breaks = s.bytes + 10000
		}
		s.line.mu.Unlock()
	default:
		if s.c == nil { // nobody has joined
			return
		}
		s.giver.mu.Lock()
		defer s.giver.mu.Unlock()
		switch op % 8 {
		case 5:
			s.inside = append(s.inside, arg)
		case 6:
			s.limit = int(arg) << 11
			s.c.Wake()
		default:
			s.speak(arg)
		}
	}
}

// end lets all go out that may, and compares.
func (s *scripted) end(t *testing.T) {
	s.write(len(s.library))
	s.giver.mu.Lock()
	if s.limit <= 0 {
		s.conn.Wake()
	}
	s.limit, s.inside = 1<<30, nil
	s.giver.mu.Unlock()
	s.line.mu.Lock()
	s.slow = 0
	s.line.mu.Unlock()
	time.Sleep(time.Minute)
	over := s.conn.ctx.Err() != nil
	s.conn.Close(nil)
	s.conn.net.tasks.Wait()
	if over {
		if err := context.Cause(s.conn.ctx); errors.Is(err, errShortFill) || err != ErrFlooded && !s.broken {
			t.Errorf("it ended with %v", err)
		}
		return
	}
	for by, said := range s.said {
		if s.arrived[by] != len(said) {
			t.Errorf("of sender %d %d of %d frames came", by, s.arrived[by], len(said))
		}
	}
	if len(s.queue) > 0 || len(s.rest) > 0 {
		t.Errorf("%d blocks were not taken, and there are %d bytes more", len(s.queue), len(s.rest))
	}
	if _, overhead := s.conn.Overhead(); int(overhead) != s.bytes-s.payload {
		t.Errorf("of %d bytes %d were payload, but %d are counted as overhead", s.bytes, s.payload, overhead)
	}
}

// FuzzSend runs one connection as a script says: what leaves is whole frames, each
// sender's in order, none within another; a choked peer gets no block.
func FuzzSend(f *testing.F) {
	f.Add(byte(0), []byte{2, 0, 7, 7, 3, 1, 7, 0, 5, 4, 7, 7, 3, 9, 7, 5, 5, 5, 7, 7, 3, 1})
	f.Add(byte(2), []byte{1, 0, 7, 0, 2, 0, 0, 15, 1, 7, 7, 247, 7, 199, 4, 100, 1, 255, 7, 4, 3, 255})
	f.Add(byte(5), []byte{1, 3, 7, 8, 7, 4, 7, 5, 7, 7, 2, 0, 6, 9, 3, 9, 7, 6, 6, 99, 3, 99, 4, 255, 7, 255})
	f.Add(byte(0), []byte{2, 0, 3, 1, 7, 223, 3, 1}) // blocks that do not fit
	random := rand.New(rand.NewPCG(5, 6))
	for i := range 24 {
		long := make([]byte, 400)
		for i := range long {
			long[i] = byte(random.Uint32())
		}
		f.Add(byte(i), long)
	}
	f.Fuzz(func(t *testing.T, flags byte, script []byte) {
		synctest.Test(t, func(t *testing.T) {
			s := newScripted(t, flags)
			for script = script[:min(len(script), 400)]; len(script) >= 2; script = script[2:] {
				s.step(script[0], script[1])
			}
			s.end(t)
		})
	})
}
