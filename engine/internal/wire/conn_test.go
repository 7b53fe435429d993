package wire

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

// TestLeaks opens and closes 1,000 connections in every stage.
func TestLeaks(t *testing.T) {
	from, to := newEnd(t, Config{}), newEnd(t, Config{Policy: EncryptionPrefer})
	before := runtime.NumGoroutine()
	var wait sync.WaitGroup
	library := func(c net.Conn, hash *[20]byte, id byte, stage int) {
		defer c.Close()
		if stage == 0 {
			return
		}
		if _, err := shake(c, hash, id); err != nil || stage == 1 {
			return
		}
		_, _ = c.Write(frame(HaveNone)) // the other side may have closed it
		if stage == 2 {
			_, _ = io.ReadFull(c, make([]byte, 5))
		}
	}
	wait.Go(func() {
		for stage := 0; ; stage++ {
			c, err := to.Listeners()[0].Accept()
			if err != nil {
				return
			}
			wait.Go(func() { library(c, nil, 'i', stage%5) })
		}
	})
	var dialling sync.WaitGroup
	for range 20 {
		dialling.Go(func() {
			for i := range 50 {
				c, err := from.Dialers()[0].Dial(t.Context(), "127.0.0.1:"+strconv.Itoa(to.Port()))
				if err != nil {
					t.Error(err)
					return
				}
				library(c, &testHash, 'o', i%4)
			}
		})
	}
	dialling.Wait()
	from.Close()
	to.Close()
	wait.Wait()
	for _, e := range []*end{from, to} {
		if n := e.pool.InUse(); n != 0 {
			t.Errorf("%d buffers are in use", n)
		}
		if len(e.conns) != 0 || e.door.total != 0 || e.door.half != [2]int{} || len(e.door.perIP) != 0 {
			t.Errorf("%d connections, door %+v", len(e.conns), e.door.total)
		}
		close(e.joined)
		for p := range e.joined {
			if len(p.left) != 1 {
				t.Error("a peer has not left once")
			}
		}
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// keeper retains every buffer until it is told to let go.
type keeper struct {
	*peer
	buffers chan *Buffer
}

func (k keeper) Block(s Segment) error {
	s.Buffer.Retain()
	k.buffers <- s.Buffer
	return k.note(func() { k.data = append(k.data, s.Data...) })
}

// TestBackPressure checks that a pool in use stops the socket, and that nothing
// is lost when it goes on.
func TestBackPressure(t *testing.T) {
	k := make(chan keeper, 1)
	pool := NewPool(2)
	_, library, socket := bare(t, Config{Pool: pool, Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
		p := keeper{newPeer(c), make(chan *Buffer, 10000)}
		k <- p
		return p
	})}})
	write(t, library, frame(HaveNone))
	p := <-k
	data := noise(8 << 20)
	wrote := make(chan error, 1)
	go func() {
		var err error
		for b := data; len(b) > 0 && err == nil; b = b[16<<10:] {
			_, err = socket.Write(append(AppendPieceHead(nil, 0, 0, 16<<10), b[:16<<10]...))
		}
		wrote <- err
	}()
	full := 2*BufferSize - 2*minRoom - 13*40
	p.until(t, "full buffers", func() bool { return len(p.data) >= full })
	time.Sleep(50 * time.Millisecond) // nothing more must come
	p.mu.Lock()
	if n := len(p.data); n > 2*BufferSize {
		t.Errorf("%d bytes in two buffers", n)
	}
	p.mu.Unlock()
	for got := 0; got < len(data); {
		select {
		case b := <-p.buffers:
			b.Release()
		case <-p.heard:
		}
		p.mu.Lock()
		got = len(p.data)
		p.mu.Unlock()
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.data, data) {
		t.Error("other data")
	}
}

// TestIdle checks that an idle connection holds no buffer, even if one of its
// buffers was held on to for longer.
func TestIdle(t *testing.T) {
	k := make(chan keeper, 1)
	pool := NewPool(3)
	_, library, socket := bare(t, Config{Pool: pool, Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
		p := keeper{newPeer(c), make(chan *Buffer, 100)}
		k <- p
		return p
	})}})
	write(t, library, frame(HaveNone))
	p := <-k
	block := append(AppendPieceHead(nil, 0, 0, 100), noise(100)...)
	write(t, socket, block)
	first := <-p.buffers
	write(t, socket, block)
	if second := <-p.buffers; second != first {
		t.Error("the free part of a buffer was not used")
	} else {
		second.Release()
	}
	first.Release()
	for deadline := time.Now().Add(5 * time.Second); pool.InUse() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("an idle connection holds %d buffers", pool.InUse())
		}
	}
}

// TestTimes checks keepalives and the end of a silent connection.
func TestTimes(t *testing.T) {
	e, library, socket := bare(t, Config{Timeouts: Timeouts{Keepalive: 30 * time.Millisecond, Idle: 200 * time.Millisecond}})
	write(t, library, frame(HaveNone))
	p := e.peer(t)
	if got := readFrame(t, socket); Kind(got[4]) != HaveNone {
		t.Errorf("%x", got)
	}
	if got := readFrame(t, socket); len(got) != 4 {
		t.Errorf("%x, want a keepalive", got)
	}
	if err := <-p.left; !errors.Is(err, ErrSilent) {
		t.Errorf("left with %v", err)
	}
}

// TestSlowHandshake checks that a peer that says nothing is dropped.
func TestSlowHandshake(t *testing.T) {
	e := newEnd(t, Config{Timeouts: Timeouts{Handshake: 50 * time.Millisecond}})
	for _, begin := range []string{"", "\x13Bit", protocol, string(noise(96))} {
		c, err := net.Dial("tcp4", e.Listeners()[0].Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, begin); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: still open", begin)
		}
		c.Close()
	}
}

// TestFlood has a peer that never reads.
func TestFlood(t *testing.T) {
	e, library, _ := bare(t, Config{})
	write(t, library, frame(HaveNone))
	p := e.peer(t)
	for range 4 << 20 {
		p.c.Send(Message{Kind: Have})
		if p.c.ctx.Err() != nil {
			break
		}
	}
	if err := <-p.left; !errors.Is(err, ErrFlooded) {
		t.Errorf("left with %v", err)
	}
}

// TestErrors checks that an error of the data plane ends the connection.
func TestErrors(t *testing.T) {
	bad := errors.New("bad")
	left := make(chan error, 1)
	_, library, socket := bare(t, Config{Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
		return strict{newPeer(c), bad, left}
	})}})
	write(t, library, frame(HaveNone))
	write(t, socket, frame(Choke))
	if err := <-left; err != bad {
		t.Errorf("left with %v", err)
	}
	if _, err := library.Read(make([]byte, 1)); err != bad {
		t.Errorf("the library reads %v", err)
	}
}

type strict struct {
	*peer
	err  error
	left chan error
}

func (s strict) Message(Message) (bool, error) { return true, s.err }
func (s strict) Left(err error)                { s.left <- err }

// slow limits reads to ten bytes.
type slow struct {
	*peer
	reads chan int
}

func (s slow) Took(n int) int {
	select {
	case s.reads <- n:
	default:
	}
	return 10
}

func TestThrottle(t *testing.T) {
	reads := make(chan int, 100)
	p := make(chan slow, 1)
	_, library, socket := bare(t, Config{Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
		s := slow{newPeer(c), reads}
		p <- s
		return s
	})}})
	write(t, library, frame(HaveNone))
	write(t, socket, bytes.Repeat(frame(Have, 0, 0, 0, 1), 11))
	s := <-p
	s.until(t, "the messages", func() bool { return len(s.msgs) == 11 })
	for len(reads) > 0 {
		<-reads
	}
	write(t, socket, bytes.Repeat(frame(Have, 0, 0, 0, 1), 11))
	for range 10 {
		if n := <-reads; n > 10 {
			t.Errorf("a read took %d bytes", n)
		}
	}
}

func TestCaps(t *testing.T) {
	to := newEnd(t, Config{})
	addr := to.Listeners()[0].Addr().String()
	for name, caps := range map[string]Caps{"IP": {PerIP: 2}, "half-open": {HalfOpen: 2}} {
		e := newEnd(t, Config{Caps: caps})
		dial := func(d time.Duration) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return e.Dialers()[0].Dial(ctx, addr)
		}
		a, err := dial(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = dial(5 * time.Second); err != nil {
			t.Fatal(err)
		}
		if _, err := dial(20 * time.Millisecond); err == nil {
			t.Errorf("%s: one too many", name)
		}
		a.Close()
		a.Close()
		if _, err := dial(5 * time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := dial(20 * time.Millisecond); err == nil {
			t.Errorf("%s: closed twice, counted twice", name)
		}
	}
}
