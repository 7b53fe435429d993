package wire

import (
	"net"
	"testing"
)

// discard is a data plane that counts bytes, and sends noise if it is told to.
type discard struct {
	c     *Conn
	want  int
	got   int
	done  chan struct{}
	send  bool
	block []byte
}

func (d *discard) Message(Message) (bool, error) { return true, nil }
func (d *discard) Flush()                        {}
func (d *discard) Left(error)                    {}

func (d *discard) Block(s Segment) error {
	if d.got += len(s.Data); d.got >= d.want {
		d.got -= d.want
		d.done <- struct{}{}
	}
	return nil
}

func (d *discard) Fill(b []byte) int {
	n := 0
	for d.send && n+len(d.block) <= len(b) {
		n += copy(b[n:], d.block)
	}
	return n
}

// BenchmarkReceive is one connection on loopback, both of whose ends are ours:
// MB/s of payload, sent and received by this process.
func BenchmarkReceive(b *testing.B) {
	for _, policy := range []Policy{EncryptionOff, EncryptionRequire} {
		b.Run(map[Policy]string{EncryptionOff: "plain", EncryptionRequire: "RC4"}[policy], func(b *testing.B) {
			const want = 64 << 20
			done := make(chan struct{}, 1000)
			block := append(AppendPieceHead(nil, 0, 0, 16<<10), noise(16<<10)...)
			var ends [2]*end
			for i := range ends {
				ends[i] = newEnd(b, Config{Policy: policy, Registry: registry{testHash, planeFunc(func(c *Conn) Peer {
					return &discard{c: c, want: want, done: done, send: i == 0, block: block}
				})}})
			}
			out, in, err := connect(b, ends[0], ends[1])
			if err != nil {
				b.Fatal(err)
			}
			for _, c := range []net.Conn{out, in} {
				write(b, c, frame(HaveNone))
			}
			<-done
			b.SetBytes(want)
			for b.Loop() {
				<-done
			}
			out.Close()
		})
	}
}

// BenchmarkFrames is the parser alone, on a buffer of blocks and of Haves.
func BenchmarkFrames(b *testing.B) {
	block := append(AppendPieceHead(nil, 0, 0, 16<<10), noise(16<<10)...)
	for name, frame := range map[string][]byte{"blocks": block, "haves": frame(Have, 0, 0, 0, 1)} {
		b.Run(name, func(b *testing.B) {
			var buf []byte
			for len(buf)+len(frame) <= BufferSize {
				buf = append(buf, frame...)
			}
			p := &parser{sink: nothing{}, pieces: func() int { return 0 }}
			b.SetBytes(int64(len(buf)))
			b.ReportAllocs()
			for b.Loop() {
				if err := p.feed(buf); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type nothing struct{}

func (nothing) control([]byte) error { return nil }
func (nothing) block(Segment) error  { return nil }
