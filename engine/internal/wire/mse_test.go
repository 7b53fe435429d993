package wire

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/anacrolix/torrent/mse"
)

// pair returns two ends of a TCP connection on loopback.
func pair(t testing.TB) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("tcp4", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if b, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{a, b} {
		_ = c.SetDeadline(time.Now().Add(10 * time.Second))
		t.Cleanup(func() { c.Close() })
	}
	return a, b
}

func oneKey(mark [20]byte) ([20]byte, bool) { return testHash, mark == Mark(testHash) }

// bites is a connection that gives few bytes at a time.
type bites struct {
	net.Conn
	size int
}

func (b bites) Read(p []byte) (int, error) { return b.Conn.Read(p[:min(len(p), b.size)]) }

// say sends through a stream as a Conn does.
func (s *stream) say(b []byte) error {
	b = bytes.Clone(b)
	if s.cipher.out != nil {
		s.cipher.out.XORKeyStream(b, b)
	}
	_, err := s.rw.Write(b)
	return err
}

func TestEncryption(t *testing.T) {
	first := bytes.Repeat([]byte("hello"), 20)
	for i, size := range []int{1, 7, 96, 1 << 20, 1 << 20} {
		for _, method := range []uint32{cryptoPlain, cryptoRC4} {
			a, b := pair(t)
			in, out := &stream{rw: bites{b, size}}, &stream{rw: bites{a, size}}
			errs := make(chan error, 1)
			go func() {
				got, err := in.respond(oneKey, func(uint32) uint32 { return method })
				if err == nil && got != method {
					err = fmt.Errorf("method %d", got)
				}
				errs <- err
			}()
			if got, err := out.initiate(testHash, first, 3); err != nil || got != method {
				t.Fatalf("%d %v", got, err)
			}
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
			if (in.cipher.in != nil) != (method == cryptoRC4) {
				t.Error("the wrong kind of encryption")
			}
			more := noise(1000 + i)
			for _, s := range []*stream{in, out} {
				if err := s.say(more); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := in.take(len(first) + len(more)); err != nil || !bytes.Equal(got, append(bytes.Clone(first), more...)) {
				t.Errorf("the side that accepted got %x, %v", got, err)
			}
			if got, err := out.take(len(more)); err != nil || !bytes.Equal(got, more) {
				t.Errorf("the side that dialled got %x, %v", got, err)
			}
		}
	}
}

// TestForeignEncryption talks to another implementation, both ways.
func TestForeignEncryption(t *testing.T) {
	keys := func(yield func([]byte) bool) { yield(testHash[:]) }
	for _, method := range []uint32{cryptoPlain, cryptoRC4} {
		ours := func(uint32) uint32 { return method }
		theirs := func(mse.CryptoMethod) mse.CryptoMethod { return mse.CryptoMethod(method) }
		type side func(c net.Conn) (say func([]byte) error, take func(int) ([]byte, error), err error)
		us := func(do func(*stream) error) side {
			return func(c net.Conn) (func([]byte) error, func(int) ([]byte, error), error) {
				s := &stream{rw: c}
				return s.say, s.take, do(s)
			}
		}
		them := func(do func(net.Conn) (io.ReadWriter, error)) side {
			return func(c net.Conn) (func([]byte) error, func(int) ([]byte, error), error) {
				rw, err := do(c)
				say := func(b []byte) error { _, err := rw.Write(b); return err }
				take := func(n int) ([]byte, error) { b := make([]byte, n); _, err := io.ReadFull(rw, b); return b, err }
				return say, take, err
			}
		}
		for name, sides := range map[string][2]side{
			"we dial": {
				us(func(s *stream) error { _, err := s.initiate(testHash, []byte("first"), 3); return err }),
				them(func(c net.Conn) (io.ReadWriter, error) {
					rw, _, err := mse.ReceiveHandshake(t.Context(), c, keys, theirs)
					return rw, err
				}),
			},
			"we accept": {
				them(func(c net.Conn) (io.ReadWriter, error) {
					rw, _, err := mse.InitiateHandshake(c, testHash[:], []byte("first"), 3)
					return rw, err
				}),
				us(func(s *stream) error { _, err := s.respond(oneKey, ours); return err }),
			},
		} {
			a, b := pair(t)
			errs := make(chan error, 1)
			go func() {
				say, take, err := sides[1](b)
				if err == nil {
					err = say([]byte("answer"))
				}
				if err == nil {
					var got []byte
					if got, err = take(9); err == nil && string(got) != "firstmore" {
						err = fmt.Errorf("accepted %q", got)
					}
				}
				errs <- err
			}()
			say, take, err := sides[0](a)
			if err != nil {
				t.Fatalf("%s, method %d: %v", name, method, err)
			}
			if err := say([]byte("more")); err != nil {
				t.Fatal(err)
			}
			if got, err := take(6); err != nil || string(got) != "answer" {
				t.Errorf("%s: %q %v", name, got, err)
			}
			if err := <-errs; err != nil {
				t.Errorf("%s, method %d: %v", name, method, err)
			}
		}
	}
}

// hostile is a peer that says what it likes and hears nothing.
type hostile struct {
	io.Reader
	written int
}

func (h *hostile) Write(b []byte) (int, error) {
	h.written += len(b)
	return len(b), nil
}

func FuzzMSE(f *testing.F) {
	f.Add([]byte{}, byte(1))
	f.Add(bytes.Repeat([]byte{0}, 200), byte(1))
	f.Add(bytes.Repeat([]byte{255}, 2000), byte(30))
	f.Add(noise(3000), byte(255))
	f.Fuzz(func(t *testing.T, b []byte, size byte) {
		for _, dialled := range []bool{true, false} {
			r := bytes.NewReader(b)
			h := &hostile{Reader: io.LimitReader(r, int64(len(b)))}
			s := &stream{rw: h}
			var err error
			if dialled {
				_, err = s.initiate(testHash, []byte("first"), 3)
			} else {
				_, err = s.respond(oneKey, EncryptionPrefer.pick)
			}
			if err == nil {
				t.Fatal("noise passed")
			}
			if read := len(b) - r.Len(); read > 4<<10 || h.written > 4<<10 {
				t.Fatalf("%d bytes read, %d written", read, h.written)
			}
		}
	})
}

// TestBadEncryption follows the protocol up to one lie.
func TestBadEncryption(t *testing.T) {
	tamper := func(lie func(msg []byte) []byte) func(s *stream) error {
		return func(s *stream) error {
			secret, err := s.exchange()
			if err != nil {
				return err
			}
			req1, show := digest([]byte("req1"), secret), proof(secret, testHash)
			msg := lie([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0})
			newCipher("keyA", secret, testHash).XORKeyStream(msg, msg)
			_, err = s.rw.Write(append(append(req1[:], show[:]...), msg...))
			return err
		}
	}
	for name, bad := range map[string]func(s *stream) error{
		"zero key":     func(s *stream) error { _, err := s.rw.Write(make([]byte, 96)); return err },
		"prime as key": func(s *stream) error { _, err := s.rw.Write(prime.Bytes()); return err },
		"endless pad": func(s *stream) error {
			_, err := s.rw.Write(append(bytes.Repeat([]byte{3}, 96), make([]byte, maxPad+20)...))
			return err
		},
		"other torrent":        func(s *stream) error { _, err := s.initiate([20]byte{66}, nil, 3); return err },
		"no common method":     tamper(func(m []byte) []byte { m[11] = 4; return m }),
		"wrong constant":       tamper(func(m []byte) []byte { m[0] = 1; return m }),
		"long padding":         tamper(func(m []byte) []byte { m[12] = 255; return m }),
		"long initial payload": tamper(func(m []byte) []byte { m[14] = 255; return append(m, make([]byte, 1<<16)...) }),
	} {
		a, b := pair(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = bad(&stream{rw: a}) // the other side hangs up
		}()
		s := &stream{rw: b}
		if _, err := s.respond(oneKey, EncryptionPrefer.pick); err == nil {
			t.Errorf("%s: accepted", name)
		}
		b.Close()
		a.Close()
		<-done
	}
}
