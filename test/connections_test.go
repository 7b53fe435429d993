package test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"
)

// BenchmarkConnections connects peers to a seed that want nothing of it, and
// reports how many kilobytes of memory that are the program's own each takes, and
// the processor in per cent of one core for all of them at rest.
func BenchmarkConnections(b *testing.B) {
	for _, peers := range []int{50, 500} {
		b.Run(fmt.Sprintf("%d-peers", peers), func(b *testing.B) {
			d := Make(b, "connections.bin", 1<<14, File{Length: 1 << 24}) // 1,024 pieces
			for b.Loop() {
				measureConnections(b, d, peers)
			}
		})
	}
}

func measureConnections(b *testing.B, d *Data, peers int) {
	at := Address(b)
	g := StartGet(b, "", "--seed", "--listen", at.String(), "--dir", d.Dir, "--no-dht", "--no-lsd", d.Torrent(b, ""))
	g.Await(b, d, 20*time.Second, func(l Line) bool { return l.Done })
	rest(b, idleAfter)
	_, before := memory(b, g.PID())
	for range peers {
		b.Cleanup(attend(b, d, at.String()))
	}
	g.Await(b, d, 20*time.Second, func(l Line) bool { return l.Peers == peers })
	rest(b, idleAfter)
	start := used(b, g.PID())
	rest(b, idleFor)
	spent := used(b, g.PID()) - start
	_, after := memory(b, g.PID())
	g.Interrupt(b)
	b.ReportMetric(0, "ns/op") // the time is that of the waiting
	b.ReportMetric((after-before)*1024/float64(peers), "kB/connection")
	b.ReportMetric(100*spent.Seconds()/idleFor.Seconds(), "cpu-%")
}

// attend connects a peer that has nothing, wants nothing and reads what it is told,
// and returns what ends the connection.
func attend(b *testing.B, d *Data, to string) (end func()) {
	b.Helper()
	c := connect(b, d, to)
	go io.Copy(io.Discard, c) // ends with the connection
	return func() { c.Close() }
}

// connect shakes hands with the program from an address of its own (BEP 3).
func connect(b *testing.B, d *Data, to string) net.Conn {
	b.Helper()
	from := Address(b)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: from.Addr().AsSlice()}, Timeout: 10 * time.Second}
	c, err := dialer.DialContext(b.Context(), "tcp4", to)
	if err != nil {
		b.Fatal(err)
	}
	hello := append([]byte("\x13BitTorrent protocol\x00\x00\x00\x00\x00\x00\x00\x00"), d.Hash[:]...)
	hello = append(hello, fmt.Sprintf("-TE0001-%012d", host.Load())...)
	if _, err := c.Write(hello); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len(hello))); err != nil {
		b.Fatal(err)
	}
	return c
}
