package wire

import (
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

// sleeper is a registry with one torrent, which runs once wake says so.
type sleeper struct {
	registry
	asked chan [20]byte
	wake  chan Plane
}

func (s sleeper) Awake(ctx context.Context, h [20]byte) Plane {
	s.asked <- h
	select {
	case p := <-s.wake:
		return p
	case <-ctx.Done():
		return nil
	}
}

func TestHandshakeWaitsForTheTorrent(t *testing.T) {
	for _, c := range []struct {
		name    string
		runs    bool
		waiting time.Duration // for handshakes
	}{
		{"it is woken", true, 30 * time.Second},
		{"it cannot be started", false, 30 * time.Second},
		{"it is too late", true, 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := sleeper{registry{hash: testHash}, make(chan [20]byte, 1), make(chan Plane)}
			us := newEnd(t, Config{Registry: s, Timeouts: Timeouts{Handshake: c.waiting}})
			socket, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(us.Port())))
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			_ = socket.SetDeadline(time.Now().Add(20 * time.Second))
			hello := append(append([]byte(protocol), make([]byte, 8)...), testHash[:]...)
			if _, err := socket.Write(append(hello, make([]byte, 20)...)); err != nil {
				t.Fatal(err)
			}
			if h := <-s.asked; h != testHash {
				t.Errorf("asked for %x", h)
			}
			want := helloLength
			switch {
			case c.waiting < time.Second:
				want = 0
			case c.runs:
				s.wake <- planeFunc(func(c *Conn) Peer { return newPeer(c) })
			default:
				want = 0
				s.wake <- nil
			}
			if want > 0 {
				go func() {
					if in, err := us.Listeners()[0].Accept(); err == nil {
						_, _ = shake(in, nil, 'i')
					}
				}()
			}
			if n, _ := io.ReadFull(socket, make([]byte, helloLength)); n != want {
				t.Errorf("%d bytes of an answer, not %d", n, want)
			}
		})
	}
}
