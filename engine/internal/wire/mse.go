package wire

import (
	"bytes"
	"crypto/rand"
	"crypto/rc4"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	mathrand "math/rand/v2"
)

// Message stream encryption, wiki.vuze.com/w/Message_Stream_Encryption: two
// public keys, each followed by random bytes; the side that dialled then shows
// that it knows the info hash and says what encryption it can do, the other picks.

const (
	cryptoPlain = 1
	cryptoRC4   = 2

	keyLength  = 96
	maxPad     = 512
	maxInitial = 8 << 10 // of what the dialling side may send ahead, which is its handshake
)

var (
	prime, _ = new(big.Int).SetString("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"+
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A63A36210000000000090563", 16)
	generator = big.NewInt(2)
	highest   = new(big.Int).Sub(prime, generator) // of a key that is not degenerate

	errKey    = errors.New("degenerate public key")
	errSync   = errors.New("no synchronisation")
	errPad    = errors.New("padding too long")
	errMethod = errors.New("no common kind of encryption")
	errSecret = errors.New("unknown info hash, or wrong secret")
)

// cipher encrypts the two directions of a connection; nil is plaintext.
type cipher struct{ in, out *rc4.Cipher }

// stream is a connection during its handshakes.
type stream struct {
	rw     io.ReadWriter
	cipher cipher
	raw    []byte // received and not used yet; decrypted once cipher is set
}

// need reads until n bytes are in raw.
func (s *stream) need(n int) error {
	if len(s.raw) >= n {
		return nil
	}
	have := len(s.raw)
	if cap(s.raw) < n {
		s.raw = append(make([]byte, 0, max(n, 1024)), s.raw...)
	}
	k, err := io.ReadAtLeast(s.rw, s.raw[have:cap(s.raw)], n-have)
	s.raw = s.raw[:have+k]
	if s.cipher.in != nil {
		s.cipher.in.XORKeyStream(s.raw[have:], s.raw[have:])
	}
	return err
}

// take waits for the next n bytes. They are valid until the next call.
func (s *stream) take(n int) ([]byte, error) {
	if err := s.need(n); err != nil {
		return nil, err
	}
	b := s.raw[:n]
	s.raw = s.raw[n:]
	return b, nil
}

// seek passes over up to maxPad bytes and the mark behind them.
func (s *stream) seek(mark []byte) error {
	for n := len(mark); ; n = len(s.raw) + 1 {
		if err := s.need(n); err != nil {
			return err
		}
		window := s.raw[:min(len(s.raw), maxPad+len(mark))]
		if i := bytes.Index(window, mark); i >= 0 {
			s.raw = s.raw[i+len(mark):]
			return nil
		}
		if len(window) == maxPad+len(mark) {
			return errSync
		}
	}
}

// encrypt switches to c; what has been read already was encrypted as well.
func (s *stream) encrypt(c cipher) {
	s.cipher = c
	c.in.XORKeyStream(s.raw, s.raw)
}

// decided ends the handshake: either all goes on encrypted, or nothing.
func (s *stream) decided(method uint32, c cipher) error {
	switch method {
	case cryptoRC4:
		s.encrypt(c)
	case cryptoPlain:
		s.cipher = cipher{}
	default:
		return errMethod
	}
	return nil
}

// exchange sends our public key and returns the common secret. The keys are used
// for this connection only.
func (s *stream) exchange() ([]byte, error) {
	var secret [20]byte
	rand.Read(secret[:])
	x := new(big.Int).SetBytes(secret[:])
	msg := make([]byte, keyLength+mathrand.IntN(maxPad+1))
	new(big.Int).Exp(generator, x, prime).FillBytes(msg[:keyLength])
	rand.Read(msg[keyLength:])
	if _, err := s.rw.Write(msg); err != nil {
		return nil, err
	}
	b, err := s.take(keyLength)
	if err != nil {
		return nil, err
	}
	y := new(big.Int).SetBytes(b)
	if y.Cmp(generator) < 0 || y.Cmp(highest) > 0 {
		return nil, errKey
	}
	return y.Exp(y, x, prime).FillBytes(make([]byte, keyLength)), nil
}

func digest(parts ...[]byte) [20]byte {
	return sha1.Sum(bytes.Join(parts, nil))
}

// newCipher returns the keystream of the side that dialled (keyA) or accepted.
func newCipher(name string, secret []byte, skey [20]byte) *rc4.Cipher {
	key := digest([]byte(name), secret, skey[:])
	c, err := rc4.NewCipher(key[:])
	if err != nil {
		panic(err) // only for a key of impossible length
	}
	var drop [1024]byte
	c.XORKeyStream(drop[:], drop[:])
	return c
}

// proof is what shows that the dialling side knows the info hash.
func proof(secret []byte, skey [20]byte) [20]byte {
	a, b := Mark(skey), digest([]byte("req3"), secret)
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

// initiate does the handshake of the side that dialled. first is sent along with
// it, provide says which methods may be picked.
func (s *stream) initiate(skey [20]byte, first []byte, provide uint32) (method uint32, err error) {
	secret, err := s.exchange()
	if err != nil {
		return 0, fmt.Errorf("exchange keys: %w", err)
	}
	c := cipher{in: newCipher("keyB", secret, skey), out: newCipher("keyA", secret, skey)}
	req1, show := digest([]byte("req1"), secret), proof(secret, skey)
	msg := append(req1[:], show[:]...)
	pad := mathrand.IntN(maxPad + 1)
	open := len(msg)
	msg = append(msg, make([]byte, 8)...)
	msg = binary.BigEndian.AppendUint32(msg, provide)
	msg = binary.BigEndian.AppendUint16(msg, uint16(pad))
	msg = append(msg, make([]byte, pad)...)
	msg = binary.BigEndian.AppendUint16(msg, uint16(len(first)))
	msg = append(msg, first...)
	c.out.XORKeyStream(msg[open:], msg[open:])
	if _, err := s.rw.Write(msg); err != nil {
		return 0, err
	}
	var mark [8]byte
	c.in.XORKeyStream(mark[:], mark[:])
	if err := s.seek(mark[:]); err != nil {
		return 0, fmt.Errorf("wait for the answer: %w", err)
	}
	head, err := s.secret(c.in, 6)
	if err != nil {
		return 0, err
	}
	method, pad = binary.BigEndian.Uint32(head), int(binary.BigEndian.Uint16(head[4:]))
	if pad > maxPad {
		return 0, errPad
	}
	if _, err := s.secret(c.in, pad); err != nil {
		return 0, err
	}
	if method&provide != method {
		return 0, errMethod
	}
	return method, s.decided(method, c)
}

// secret takes n bytes and decrypts them.
func (s *stream) secret(c *rc4.Cipher, n int) ([]byte, error) {
	b, err := s.take(n)
	if err == nil {
		c.XORKeyStream(b, b)
	}
	return b, err
}

// respond does the handshake of the side that accepted. key finds the info hash by its
// Mark, pick chooses a method from those that the other side can do, 0 for none.
func (s *stream) respond(key func([20]byte) ([20]byte, bool), pick func(uint32) uint32) (method uint32, err error) {
	secret, err := s.exchange()
	if err != nil {
		return 0, fmt.Errorf("exchange keys: %w", err)
	}
	req1 := digest([]byte("req1"), secret)
	if err := s.seek(req1[:]); err != nil {
		return 0, fmt.Errorf("wait for the secret: %w", err)
	}
	b, err := s.take(20)
	if err != nil {
		return 0, err
	}
	mark := digest([]byte("req3"), secret)
	for i := range mark {
		mark[i] ^= b[i]
	}
	skey, ok := key(mark)
	if !ok {
		return 0, errSecret
	}
	c := cipher{in: newCipher("keyA", secret, skey), out: newCipher("keyB", secret, skey)}
	provide, err := s.offer(c.in)
	if err != nil {
		return 0, err
	}
	if method = pick(provide); method == 0 {
		return 0, errMethod
	}
	pad := mathrand.IntN(maxPad + 1)
	msg := binary.BigEndian.AppendUint32(make([]byte, 8), method)
	msg = binary.BigEndian.AppendUint16(msg, uint16(pad))
	msg = append(msg, make([]byte, pad)...)
	c.out.XORKeyStream(msg, msg)
	if _, err := s.rw.Write(msg); err != nil {
		return 0, err
	}
	return method, s.initial(method, c)
}

// offer reads what the dialling side can do, up to its initial payload.
func (s *stream) offer(in *rc4.Cipher) (provide uint32, err error) {
	head, err := s.secret(in, 8+4+2)
	if err != nil {
		return 0, err
	}
	if binary.BigEndian.Uint64(head) != 0 {
		return 0, errSecret
	}
	provide = binary.BigEndian.Uint32(head[8:])
	pad := int(binary.BigEndian.Uint16(head[12:]))
	if pad > maxPad {
		return 0, errPad
	}
	_, err = s.secret(in, pad)
	return provide, err
}

// initial puts the initial payload, which is always encrypted, before what
// follows it, which may not be.
func (s *stream) initial(method uint32, c cipher) error {
	head, err := s.secret(c.in, 2)
	if err != nil {
		return err
	}
	n := int(binary.BigEndian.Uint16(head))
	if n > maxInitial {
		return errPad
	}
	if err := s.need(n); err != nil {
		return err
	}
	whole := s.raw
	c.in.XORKeyStream(whole[:n], whole[:n])
	s.raw = whole[n:]
	err = s.decided(method, c)
	s.raw = whole
	return err
}
