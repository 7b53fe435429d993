package engine

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net"
	"sync"
	"testing"
)

// pmpRouter is a router that speaks NAT-PMP (RFC 6886) and gives the port behind the
// one that it is asked for.
type pmpRouter struct {
	port uint16

	mu   sync.Mutex
	maps map[string]int
}

func (r *pmpRouter) open() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.maps)
}

func newPMPRouter(t *testing.T) *pmpRouter {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &pmpRouter{port: uint16(pc.LocalAddr().(*net.UDPAddr).Port), maps: map[string]int{}}
	done := make(chan struct{})
	t.Cleanup(func() { pc.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = pc.WriteTo(r.answer(buf[:n]), from)
		}
	}()
	return r
}

func (r *pmpRouter) answer(b []byte) []byte {
	if b[0] != 0 {
		return []byte{0, 0x80, 0, 1, 0, 0, 0, 1}
	}
	out := []byte{0, 0x80 | b[1], 0, 0, 0, 0, 0, 9}
	if b[1] == 0 {
		return append(out, 198, 51, 100, 7)
	}
	port, life := binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint32(b[8:])
	r.mu.Lock()
	defer r.mu.Unlock()
	if key := fmt.Sprintf("%d %d", b[1], port); life == 0 {
		delete(r.maps, key)
	} else {
		r.maps[key] = int(port) + 1
	}
	out = binary.BigEndian.AppendUint16(out, port)
	out = binary.BigEndian.AppendUint16(out, port+1)
	return binary.BigEndian.AppendUint32(out, min(life, 3600))
}
