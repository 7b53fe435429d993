package wire

import (
	"bytes"
	"context"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"piecewise/engine/internal/plane"
)

// detour is a Socket that dials somewhere else.
type detour struct {
	net.Listener
	to string
}

func (d detour) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp4", d.to)
}

// A peer that accepts TCP connections and hangs up is dialled over uTP.
func TestHangsUpOnTCP(t *testing.T) {
	for name, policy := range map[string]Policy{"plain": EncryptionAllow, "required": EncryptionRequire} {
		t.Run(name, func(t *testing.T) {
			deaf, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer deaf.Close()
			go func() {
				for {
					c, err := deaf.Accept()
					if err != nil {
						return
					}
					c.Close()
				}
			}()
			other, err := net.Listen("tcp4", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			from, to := newEnd(t, Config{Policy: policy}), newEnd(t, Config{Policy: policy})
			from.Attach(detour{other, net.JoinHostPort("127.0.0.1", strconv.Itoa(to.Port()))}, "udp4")
			go func() {
				if in, err := to.Listeners()[0].Accept(); err == nil {
					shake(in, nil, 'i')
					in.Write(frame(HaveNone))
				}
			}()
			out, err := from.Dialers()[0].Dial(t.Context(), deaf.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := shake(out, &testHash, 'o'); err != nil {
				t.Fatal(err)
			}
			out.Write(frame(HaveNone))
			if info := from.peer(t).c.Info(); info.Transport != plane.UTP || !info.Outgoing {
				t.Errorf("%+v", info)
			}
			to.peer(t)
		})
	}
}

// Over uTP a first keepalive comes soon, for peers that otherwise wait for us to
// wake them.
func TestNudge(t *testing.T) {
	inner, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := newEnd(t, Config{})
	e.Attach(detour{Listener: inner}, "udp4")
	listeners := e.Listeners()
	go func() {
		if in, err := listeners[len(listeners)-1].Accept(); err == nil {
			shake(in, nil, 'i')
			in.Write(frame(HaveNone))
		}
	}()
	c, err := net.Dial("tcp4", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	hello := append([]byte(protocol), 0, 0, 0, 0, 0, 0x10, 0, 5)
	c.Write(append(append(hello, testHash[:]...), make([]byte, 20)...))
	got := make([]byte, helloLength+5+4)
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	if tail := got[helloLength:]; !bytes.Equal(tail, append(frame(HaveNone), 0, 0, 0, 0)) {
		t.Errorf("behind the handshake came %x", tail)
	}
}
