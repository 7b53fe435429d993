package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/anacrolix/torrent/metainfo"
)

const blockSize = 16 << 10

// A seed gives exactly the bytes that were asked for, in order, whatever else a
// peer says in between and however its messages are cut: cancels come too late,
// and what is asked for twice is given twice.
func TestServe(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	s := &seed{hash: metainfo.Hash{7}, data: make([]byte, 40*blockSize-77)}
	s.info = metainfo.Info{PieceLength: 4 * blockSize, Length: int64(len(s.data)), Pieces: make([]byte, 20*10)}
	rand.NewChaCha8([32]byte{3}).Read(s.data)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go s.accept(l)
	c, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))

	out := append([]byte(protocol), make([]byte, 8)...)
	out = append(append(out, s.hash[:]...), "-TE0001-0123456789ab"...)
	var asked [][]byte // the bodies of the requests
	for range 3000 {
		begin := random.IntN(40) * blockSize
		length := min(blockSize, len(s.data)-begin)
		body := binary.BigEndian.AppendUint32(nil, uint32(begin/(4*blockSize)))
		body = binary.BigEndian.AppendUint32(body, uint32(begin%(4*blockSize)))
		body = binary.BigEndian.AppendUint32(body, uint32(length))
		for range 1 + random.IntN(2) { // perhaps twice
			asked = append(asked, body)
			out = append(append(out, 0, 0, 0, 13, request), body...)
		}
		switch random.IntN(4) {
		case 0:
			out = append(append(out, 0, 0, 0, 13, 8), body...) // a cancel
		case 1:
			out = append(out, 0, 0, 0, 5, 4, 0, 0, 0, 1, 0, 0, 0, 0) // a have and a keepalive
		}
	}
	go func() {
		for len(out) > 0 {
			n := min(len(out), 1+random.IntN(5000))
			if _, err := c.Write(out[:n]); err != nil {
				return // the test's reads tell
			}
			out = out[n:]
		}
	}()
	check(t, bufio.NewReader(c), s, asked)
}

func check(t *testing.T, r io.Reader, s *seed, asked [][]byte) {
	t.Helper()
	if _, err := io.ReadFull(r, make([]byte, 68)); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(asked); {
		head := make([]byte, 4)
		if _, err := io.ReadFull(r, head); err != nil {
			t.Fatalf("after %d of %d blocks: %v", i, len(asked), err)
		}
		msg := make([]byte, binary.BigEndian.Uint32(head))
		if _, err := io.ReadFull(r, msg); err != nil {
			t.Fatal(err)
		}
		if msg[0] != piece {
			continue
		}
		begin := 4*blockSize*int(binary.BigEndian.Uint32(asked[i])) + int(binary.BigEndian.Uint32(asked[i][4:]))
		want := s.data[begin : begin+int(binary.BigEndian.Uint32(asked[i][8:]))]
		if !bytes.Equal(msg[1:9], asked[i][:8]) || !bytes.Equal(msg[9:], want) {
			t.Fatalf("block %d is not the one that was asked for", i)
		}
		i++
	}
}
