package wire

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// Peers tell of other peers in three ways, of which the library has a part: what it
// sends it may send as long as the data plane agrees, and what comes is ours, since it
// believes whatever comes.

const (
	pexKey   = "6:ut_pexi"
	punchKey = "12:ut_holepunchi"

	dhtBit = 1 // of the last reserved byte of a handshake, BEP 5
)

// The messages of BEP 55.
const (
	punchRendezvous = iota
	punchConnect
	punchError
)

func (c *Conn) social() (Social, bool) {
	s, ok := c.plane.(Social)
	return s, ok
}

// tailor has our handshake say whether we have a DHT node.
func (c *Conn) tailor(hello []byte) {
	s, ok := c.social()
	if !ok {
		return
	}
	hello[27] &^= dhtBit
	if s.NodePort(c.info.Addr.Addr()) != 0 {
		hello[27] |= dhtBit
	}
}

// tellNode tells the peer the port of our DHT node, if both have one.
func (c *Conn) tellNode() {
	s, ok := c.social()
	if !ok || !c.info.DHT {
		return
	}
	if port := s.NodePort(c.info.Addr.Addr()); port != 0 {
		c.outbox.add(binary.BigEndian.AppendUint16([]byte{0, 0, 0, 3, byte(portKind)}, port))
	}
}

// hideExchange takes what is about other peers out of the library's extension
// handshake, when the data plane does not want it.
func (l *control) hideExchange(frame []byte) []byte {
	if s, ok := l.c.social(); !ok || s.Exchange() {
		return frame
	}
	return without(without(frame, pexKey), punchKey)
}

// without returns a frame without the number behind a key.
func without(frame []byte, key string) []byte {
	i := bytes.Index(frame, []byte(key))
	if i < 0 {
		return frame
	}
	end := bytes.IndexByte(frame[i+len(key):], 'e')
	if end < 0 {
		return frame
	}
	shorter := append(bytes.Clone(frame[:i]), frame[i+len(key)+end+1:]...)
	binary.BigEndian.PutUint32(shorter, uint32(len(shorter)-4))
	return shorter
}

// silenced reports whether a frame of the library is about other peers, and the data
// plane does not want it.
func (l *control) silenced(frame []byte) bool {
	if len(frame) < 6 || frame[5] == 0 {
		return false
	}
	l.mu.Lock()
	ours := frame[5] == l.theirPEX || frame[5] == l.theirPunch
	l.mu.Unlock()
	s, ok := l.c.social()
	return ours && ok && !s.Exchange()
}

// heardExtensions keeps the numbers that the peer has for messages about other peers.
func (l *control) heardExtensions(dict []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := number(dict, pexKey); n != 0 {
		l.theirPEX = n
	}
	if n := number(dict, punchKey); n != 0 {
		l.theirPunch = n
	}
}

// introduced deals with a PEX message of the peer. The library does not get it.
func (r *receiver) introduced(frame []byte) error {
	s, ok := r.c.social()
	if !ok || !s.Exchange() || r.early() {
		return r.tedious(1)
	}
	s.Introduced(r.c.info.Addr, frame[6:])
	return nil
}

// punches reports whether the library may have a message about a hole to be punched.
func (r *receiver) punches(frame []byte) bool {
	s, ok := r.c.social()
	if !ok {
		return true
	}
	if !s.Exchange() {
		return false
	}
	kind, to, ok := parsePunch(frame[6:])
	return ok && (kind != punchConnect || s.Punch(r.c.info.Addr, to))
}

// parsePunch reads a message of BEP 55.
func parsePunch(b []byte) (kind byte, at netip.AddrPort, ok bool) {
	if len(b) < 2 || b[1] > 1 {
		return 0, at, false
	}
	n := 4
	if b[1] == 1 {
		n = 16
	}
	if len(b) < 2+n+2 || b[0] > punchError {
		return 0, at, false
	}
	ip, _ := netip.AddrFromSlice(b[2 : 2+n]) // it has 4 or 16 bytes
	return b[0], netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(b[2+n:])), true
}

// node deals with the message Port of the peer. The library does not get it.
func (r *receiver) node(frame []byte) {
	if s, ok := r.c.social(); ok && s.NodePort(r.c.info.Addr.Addr()) != 0 {
		at := netip.AddrPortFrom(r.c.info.Addr.Addr(), binary.BigEndian.Uint16(frame[5:]))
		s.Node(at)
	}
}
