package wire

import (
	"io"
	"net"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
)

// server is a data plane that answers every request with a block.
type server struct{ *peer }

func (s server) Message(m Message) (news bool, err error) {
	if m.Kind == Request {
		s.give(noise(16 << 10))
	}
	return true, nil
}

// TestThirst has a peer whose system holds small packets back until the one
// before is acknowledged (Nagle): a Have, then a request. Unless we acknowledge
// the Have at once, the request comes when our system has given up waiting for
// data to go with it, after 40 ms.
func TestThirst(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the system decides")
	}
	e := newEnd(t, Config{Registry: registry{testHash, planeFunc(func(c *Conn) Peer { return server{newPeer(c)} })}})
	c, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(e.Port()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.(*net.TCPConn).SetNoDelay(false); err != nil {
		t.Fatal(err)
	}
	go func() {
		if in := <-e.Listeners()[0].ready; in != nil {
			if _, err := shake(in, nil, 'i'); err == nil {
				_, _ = in.Write(frame(HaveNone)) // the test fails without it
			}
		}
	}()
	if _, err := shake(c, &testHash, 'o'); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len(frame(HaveNone)))); err != nil {
		t.Fatal(err)
	}
	var took []time.Duration
	block := make([]byte, 13+16<<10)
	for range 50 {
		start := time.Now()
		write(t, c, frame(Have, 0, 0, 0, 1))
		write(t, c, frame(Request, make([]byte, 12)...))
		if _, err := io.ReadFull(c, block); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	// In the beginning the system acknowledges everything at once.
	if quickest := slices.Min(took[25:]); quickest > 30*time.Millisecond {
		t.Errorf("a request takes %v", quickest)
	}
}
