package swarm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anacrolix/torrent/bencode"
	"github.com/anacrolix/torrent/metainfo"

	"piecewise/engine/internal/wire"
)

// strangers are those who connect and leave again.
type strangers struct {
	to    string
	hash  [20]byte
	asked atomic.Int64 // requests that they got
}

// visit opens a connection and ends it at one of several stages.
func (s *strangers) visit(n int) error {
	// Every host may have a few connections only; each worker has hosts of its own.
	from := net.IPv4(127, byte(2+n%200), byte(n/200%200), 1)
	c, err := net.DialTCP("tcp4", &net.TCPAddr{IP: from}, must(net.ResolveTCPAddr("tcp4", s.to)))
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetLinger(0)
	c.SetDeadline(time.Now().Add(20 * time.Second))
	hello := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x10\x00\x04"), s.hash[:]...)
	hello = append(hello, fmt.Sprintf("-XX0000-%012d", n)...)
	switch n % 5 {
	case 0: // before anything
		return nil
	case 1: // in the middle of the encryption's handshake
		_, err := c.Write(bytes.Repeat([]byte{7}, 96))
		if err == nil {
			_, err = io.ReadFull(c, make([]byte, 96))
		}
		return err
	}
	if _, err := c.Write(hello); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, make([]byte, len(hello))); err != nil {
		return err
	}
	if n%5 == 2 { // after the handshake
		return nil
	}
	if _, err := c.Write([]byte{0, 0, 0, 1, 14, 0, 0, 0, 1, 1}); err != nil { // has all, unchokes
		return err
	}
	r, err := nextRequest(c)
	if err != nil || n%5 == 3 { // owing a block
		return err
	}
	s.asked.Add(1)
	head := append(binary.BigEndian.AppendUint32(nil, 9+binary.BigEndian.Uint32(r[8:])), 7)
	_, err = c.Write(append(append(head, r[:8]...), make([]byte, 5000)...)) // in the middle of one
	return err
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// nextRequest reads messages until one asks for a block, and returns its body.
func nextRequest(c net.Conn) ([]byte, error) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return nil, err
		}
		b := make([]byte, binary.BigEndian.Uint32(head[:]))
		if _, err := io.ReadFull(c, b); err != nil {
			return nil, err
		}
		if len(b) == 13 && b[0] == 6 {
			return b[1:], nil
		}
	}
}

// held is what connections may leave behind.
type held struct {
	goroutines                      int
	heap                            uint64
	peers, connections, hosts, kids int
	buffers                         int
}

func (s *side) held() (h held) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.goroutines, h.heap = runtime.NumGoroutine(), m.HeapAlloc
	h.peers, _ = s.t.Connected()
	made := 0
	h.connections, h.hosts, h.buffers, made = s.net.Held()
	h.heap -= min(h.heap, uint64(made*wire.BufferSize)) // the more at once need one, the more there are
	h.kids = s.t.limits.Up.Kids() + s.t.limits.Down.Kids()
	return h
}

// TestNoLeaks has ten thousand connections come and go, which end at all stages,
// and expects nothing to be left of them.
func TestNoLeaks(t *testing.T) {
	visits, workers := 10_000, 16
	if raceEnabled || testing.Short() {
		visits = 1_000
	}
	dir := t.TempDir()
	data := make([]byte, testLength)
	rand.NewChaCha8([32]byte{7}).Read(data)
	if err := os.WriteFile(filepath.Join(dir, "data"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	info := metainfo.Info{PieceLength: 32 << 10}
	if err := info.BuildFromFilePath(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	raw := bencode.MustMarshal(info)
	us := newSide(t, Config{})
	us.run(t, t.TempDir(), raw, false)
	s := &strangers{to: us.at("127.0.0.1").String(), hash: metainfo.HashBytes(raw)}
	come := func(from, to int) {
		var all sync.WaitGroup
		var failed atomic.Int64
		for w := range workers {
			all.Go(func() {
				for n := from + w; n < to; n += workers {
					if err := s.visit(n); err != nil && failed.Add(1) == 1 {
						t.Logf("visit %d: %v", n, err)
					}
				}
			})
		}
		all.Wait()
		if n := int(failed.Load()); n > (to-from)/20 {
			t.Errorf("%d of %d visits failed", n, to-from)
		}
	}
	come(0, 500) // what is made once is there then
	before := us.settled(held{})
	come(500, 500+visits)
	after := us.settled(before)
	t.Logf("%d blocks were asked for; before %+v, after %+v", s.asked.Load(), before, after)
	if after.peers+after.connections+after.hosts+after.kids+after.buffers > 0 {
		t.Error("connections are left")
	}
	if after.goroutines > before.goroutines+2 {
		t.Errorf("%d goroutines, %d before", after.goroutines, before.goroutines)
	}
	// The heap of a program that does nothing differs by some hundred kB, too.
	if grown := int64(after.heap) - int64(before.heap); grown > 1<<20+int64(visits)*100 {
		t.Errorf("%d bytes of heap are left of each connection", grown/int64(visits))
	}
	if s.asked.Load() == 0 {
		t.Error("no block was asked of anybody")
	}
}

// settled waits until the connections have ended and no more goroutines are there
// than before.
func (s *side) settled(before held) (h held) {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		n, _ := s.t.Connected()
		open, _, _, _ := s.net.Held()
		if n+open == 0 && (before.goroutines == 0 || runtime.NumGoroutine() <= before.goroutines) {
			break
		}
	}
	if before.goroutines == 0 {
		time.Sleep(200 * time.Millisecond) // for the last goroutines to end
	}
	return s.held()
}
