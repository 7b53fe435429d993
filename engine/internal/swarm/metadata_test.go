package swarm

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
)

// host is a peer that has nothing but metadata, which it gives to whoever dials.
func host(t *testing.T, info []byte) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go give(c, info) // ends with the connection
		}
	}()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// give shakes hands and answers requests for metadata.
func give(c net.Conn, info []byte) {
	defer c.Close()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	hello := make([]byte, 68)
	if _, err := io.ReadFull(c, hello); err != nil {
		return
	}
	copy(hello[20:], []byte{0, 0, 0, 0, 0, 0x10, 0, 4})
	copy(hello[48:], "-YY0000-123456789012")
	extended := func(number byte, payload []byte) {
		b := binary.BigEndian.AppendUint32(nil, uint32(2+len(payload)))
		c.Write(append(append(b, 20, number), payload...))
	}
	c.Write(hello)
	extended(0, fmt.Appendf(nil, "d1:md11:ut_metadatai3ee13:metadata_sizei%dee", len(info)))
	c.Write([]byte{0, 0, 0, 1, 15})
	number := byte(0) // of the other side for metadata
	for {
		var length [4]byte
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		b := make([]byte, binary.BigEndian.Uint32(length[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return
		}
		if len(b) < 2 || b[0] != 20 {
			continue
		}
		if b[1] == 0 {
			var h struct {
				M map[string]int `bencode:"m"`
			}
			bencode.Unmarshal(b[2:], &h)
			number = byte(h.M["ut_metadata"])
			continue
		}
		var r struct {
			Piece int `bencode:"piece"`
		}
		bencode.Unmarshal(b[2:], &r)
		piece := info[r.Piece<<14 : min(len(info), (r.Piece+1)<<14)]
		extended(number, append(fmt.Appendf(nil, "d8:msg_typei1e5:piecei%de10:total_sizei%dee", r.Piece, len(info)), piece...))
	}
}

// Metadata is not the library's to read before the gate has seen it: on these it
// would panic, on a goroutine of its own.
func TestHostileMetadata(t *testing.T) {
	v1 := []byte("d6:lengthi4611686018427387905e4:name1:x12:piece lengthi4611686018427387904e6:pieces20:aaaaaaaaaaaaaaaaaaaae")
	v2 := fmt.Appendf(nil, "d9:file treed1:xd0:d6:lengthi4611686018427387905e11:pieces root32:%seee12:meta versioni2e4:name1:x12:piece lengthi4611686018427387904ee", bytes.Repeat([]byte("r"), 32))
	for _, test := range []struct {
		name string
		info []byte
		v2   bool
	}{{"v1", v1, false}, {"v2", v2, true}} {
		t.Run(test.name, func(t *testing.T) {
			got := make(chan []byte, 1)
			spec := Spec{
				ID: sha1.Sum(test.info), Peers: []netip.AddrPort{host(t, test.info)},
				Metadata: func(info []byte, _ Layers) { got <- info },
			}
			if test.v2 {
				spec.HashV2 = sha256.Sum256(test.info)
				spec.ID = [20]byte(spec.HashV2[:])
			}
			if _, err := newSide(t, Config{}).Add(spec); err != nil {
				t.Fatal(err)
			}
			select {
			case info := <-got:
				if !bytes.Equal(info, test.info) {
					t.Errorf("other metadata came: %q", info)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("no metadata came")
			}
		})
	}
}
