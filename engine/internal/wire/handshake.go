package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"piecewise/engine/internal/plane"
)

// A handshake is the protocol's name, eight bytes of extension bits, an info hash
// and a peer ID, BEP 3.
const (
	protocol    = "\x13BitTorrent protocol"
	helloLength = 68
)

var (
	errUnknown   = errors.New("no torrent with this info hash runs here")
	errForbidden = errors.New("the encryption settings forbid it")
	errProtocol  = errors.New("not the BitTorrent protocol")
	errRefused   = errors.New("the torrent takes no more peers")
)

// counted is a socket during the handshakes, whose bytes count.
type counted struct {
	net.Conn
	c *Conn
}

func (s counted) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	s.c.in.Add(int64(n))
	return n, err
}

func (s counted) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.c.out.Add(int64(n))
	return n, err
}

// accepted does the peer's half of the handshakes of a connection that came in,
// and hands the connection to the library if a torrent is meant that runs here.
func (c *Conn) accepted(l *Listener) {
	deadline := time.Now().Add(c.net.timeouts.Handshake)
	ctx, cancel := context.WithDeadline(c.ctx, deadline)
	defer cancel()
	socket := *c.socket.Load()
	err := socket.SetDeadline(deadline)
	if err == nil {
		err = c.hear(ctx, &stream{rw: counted{socket, c}})
	}
	if err != nil {
		c.net.log.Debug("refuse connection", "peer", c.info.Addr, "err", err)
		c.net.suspect(c.info.Addr, err)
		c.Close(err)
		return
	}
	c.net.reach(c.info.Addr.Addr())
	select {
	case l.ready <- &c.control:
	case <-ctx.Done():
		c.Close(errRefused) // unless it is closed already
	}
}

// hear reads the handshakes of a peer that connected to us. The first 20 bytes
// tell whether it encrypts.
func (c *Conn) hear(ctx context.Context, s *stream) error {
	if err := s.need(len(protocol)); err != nil {
		return err
	}
	policy := c.net.encryption()
	if string(s.raw[:len(protocol)]) == protocol {
		if policy == EncryptionRequire {
			return errForbidden
		}
	} else {
		if policy == EncryptionOff {
			return errForbidden
		}
		method, err := s.respond(c.net.registry.Key, policy.pick)
		if err != nil {
			return fmt.Errorf("answer encryption: %w", err)
		}
		c.info.Encryption = encryption(method)
	}
	hello, err := s.hello()
	if err != nil {
		return err
	}
	copy(c.info.InfoHash[:], hello[28:48])
	if r, ok := c.net.registry.(Sleeping); ok {
		c.plane = r.Awake(ctx, c.info.InfoHash)
	} else {
		c.plane = c.net.registry.Plane(c.info.InfoHash)
	}
	if c.plane == nil {
		return errUnknown
	}
	if p, ok := c.plane.(Crowded); ok && !p.Room(true) {
		return errRefused
	}
	c.shaken(s, hello)
	return nil
}

// hello reads the peer's handshake.
func (s *stream) hello() ([]byte, error) {
	b, err := s.take(helloLength)
	if err != nil {
		return nil, err
	}
	if string(b[:len(protocol)]) != protocol {
		return nil, errProtocol
	}
	return b, nil
}

// shaken keeps what the peer's handshake says and hands it to the library.
func (c *Conn) shaken(s *stream, hello []byte) {
	c.cipher, c.rest = s.cipher, s.raw
	copy(c.info.InfoHash[:], hello[28:48]) // of a hybrid it may be the other one than ours (BEP 52)
	copy(c.info.PeerID[:], hello[48:])
	c.info.Fast = hello[27]&4 != 0
	c.info.Extended = hello[25]&0x10 != 0
	c.info.DHT = hello[27]&1 != 0
	c.control.deliver(hello, false)
}

// greet sends the library's handshake to the peer. For a connection that we
// dialled it does all handshakes first.
func (c *Conn) greet(hello []byte) error {
	var err error
	if c.info.Outgoing {
		if err = c.negotiate(hello); err == nil {
			c.net.met(c.info.Addr)
		} else if !errors.Is(err, errUnknown) && !errors.Is(err, errRefused) && c.ctx.Err() == nil {
			c.net.missed(c.info.Addr)
		}
	} else {
		c.tailor(hello)
		b := append([]byte(nil), hello...)
		if c.cipher.out != nil {
			c.cipher.out.XORKeyStream(b, b)
		}
		_, err = counted{*c.socket.Load(), c}.Write(b)
	}
	if err == nil {
		err = (*c.socket.Load()).SetDeadline(time.Time{})
	}
	if err != nil {
		return fmt.Errorf("shake hands: %w", err)
	}
	c.info.Fast = c.info.Fast && hello[27]&4 != 0
	c.info.Extended = c.info.Extended && hello[25]&0x10 != 0
	c.heard.Store(time.Now().UnixNano())
	if !c.slot.settle(c.spare) {
		return errCapped
	}
	return nil
}

// spare makes room for the connection when there are as many as may be.
func (c *Conn) spare() bool {
	s, ok := c.net.registry.(Sparing)
	return ok && s.Spare(!c.info.Outgoing)
}

// attempts are the ways in which a policy dials: what methods are provided; 0 is
// plaintext.
func (p Policy) attempts() []uint32 {
	switch p {
	case EncryptionOff:
		return []uint32{0}
	case EncryptionPrefer:
		return []uint32{cryptoRC4 | cryptoPlain, 0}
	case EncryptionRequire:
		return []uint32{cryptoRC4}
	}
	return []uint32{0, cryptoRC4 | cryptoPlain}
}

// pick chooses one of the methods that a peer provides, 0 for none.
func (p Policy) pick(provided uint32) uint32 {
	first, second := uint32(cryptoRC4), uint32(cryptoPlain)
	switch p {
	case EncryptionAllow:
		first, second = second, first
	case EncryptionRequire:
		second = 0
	}
	if provided&first != 0 {
		return first
	}
	return provided & second
}

func encryption(method uint32) plane.Encryption {
	switch method {
	case cryptoRC4:
		return plane.RC4
	case cryptoPlain:
		return plane.HeaderOnly
	}
	return plane.Plain
}

// negotiate does both sides' handshakes on a connection that we dialled; hello is
// ours. A peer that hangs up on TCP may have uTP only: its client accepts TCP
// connections and closes them.
func (c *Conn) negotiate(hello []byte) error {
	copy(c.info.InfoHash[:], hello[28:48])
	if c.plane = c.net.registry.Plane(c.info.InfoHash); c.plane == nil {
		return errUnknown
	}
	c.tailor(hello)
	if p, ok := c.plane.(Crowded); ok && !p.Room(false) {
		return c.hold()
	}
	deadline := time.Now().Add(c.net.timeouts.Handshake)
	failed := c.attempts(hello, deadline)
	if hungUp(failed) && c.ctx.Err() == nil && c.asV2(hello, deadline) {
		return nil
	}
	if !hungUp(failed) || c.ctx.Err() != nil {
		return failed
	}
	other := c.dialer.overUTP()
	if other == nil {
		return failed
	}
	c.dialer, c.info.Transport = other, plane.UTP
	err := c.redial(deadline)
	if err == nil {
		err = c.attempts(hello, deadline)
	}
	if err == nil {
		return nil
	}
	return errors.Join(failed, err)
}

// asV2 does the handshakes once more with the v2 info hash of a hybrid, and reports
// whether that was it. The library takes such an answer (BEP 52, "upgrade path").
func (c *Conn) asV2(hello []byte, deadline time.Time) bool {
	r, ok := c.net.registry.(Hybrids)
	if !ok {
		return false
	}
	v1 := c.info.InfoHash
	v2, ok := r.V2(v1)
	if !ok || c.redial(deadline) != nil {
		return false
	}
	c.info.InfoHash = v2
	other := append([]byte(nil), hello...)
	copy(other[28:48], v2[:])
	if c.attempt(other, c.net.encryption().attempts()[0], deadline) == nil {
		return true
	}
	c.info.InfoHash = v1
	return false
}

// hungUp reports whether a peer closed one of the connections.
func hungUp(err error) bool {
	var failed *net.OpError // a reset, whatever this system calls it
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &failed) && !failed.Timeout()
}

// overUTP returns the dialer that reaches the peers of a TCP dialer over uTP, nil
// if there is none.
func (d *Dialer) overUTP() *Dialer {
	for _, other := range d.net.dialers {
		if d.transport == plane.TCP && other.transport == plane.UTP && other.network[3] == d.network[3] {
			return other
		}
	}
	return nil
}

// attempts does the handshakes in all ways of the policy, one after the other,
// until one succeeds. It dials again for each but the first.
func (c *Conn) attempts(hello []byte, deadline time.Time) error {
	attempts := c.net.encryption().attempts()
	var failed error
	for i, provide := range attempts {
		if i > 0 {
			if err := c.redial(deadline); err != nil {
				return errors.Join(failed, err)
			}
		}
		until := deadline
		if i < len(attempts)-1 {
			until = deadline.Add(-time.Until(deadline) / 2)
		}
		err := c.attempt(hello, provide, until)
		if err == nil {
			return nil
		}
		failed = errors.Join(failed, err)
		if c.ctx.Err() != nil {
			break
		}
	}
	return failed
}

// hold hangs up and lets a moment pass, for while the torrent has no place the
// library would go on to dial one peer after the other.
func (c *Conn) hold() error {
	_ = (*c.socket.Load()).Close() // it has seen nothing of us
	c.slot.release()
	timer := time.NewTimer(c.net.timeouts.Handshake / 2)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.done:
	}
	return errRefused
}

func (c *Conn) attempt(hello []byte, provide uint32, deadline time.Time) error {
	socket := *c.socket.Load()
	if err := socket.SetDeadline(deadline); err != nil {
		return err
	}
	s := &stream{rw: counted{socket, c}}
	var method uint32
	var err error
	start := time.Now()
	if provide == 0 {
		_, err = s.rw.Write(hello)
	} else if method, err = s.initiate(c.info.InfoHash, hello, provide); err != nil {
		err = fmt.Errorf("encrypt: %w", err)
	}
	if err != nil {
		return err
	}
	reply, err := s.hello()
	if err != nil {
		return err
	}
	c.info.Encryption, c.info.RoundTrip = encryption(method), time.Since(start)
	if provide != 0 {
		c.info.RoundTrip /= 2 // the keys went to and fro first
	}
	c.shaken(s, reply)
	return nil
}

// redial replaces the socket by a new one to the same peer.
func (c *Conn) redial(deadline time.Time) error {
	_ = (*c.socket.Load()).Close() // it has failed
	ctx, cancel := context.WithDeadline(c.ctx, deadline)
	defer cancel()
	socket, err := c.dialer.dial(ctx, c.info.Addr)
	if err != nil {
		return fmt.Errorf("dial again: %w", err)
	}
	linger(socket)
	c.socket.Store(&socket)
	if c.ctx.Err() != nil {
		_ = socket.Close() // Close may have seen the old one
		return context.Cause(c.ctx)
	}
	return nil
}

// linger lets a socket close at once instead of keeping what was not sent.
func linger(s net.Conn) {
	if tcp, ok := s.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // it only closes later
	}
}
