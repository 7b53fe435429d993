package transfer

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/limit"
	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

const (
	block    = pick.BlockSize
	protocol = "\x13BitTorrent protocol"
	patient  = 20 * time.Second // with what must happen
)

var (
	testHash = [20]byte{7, 19: 7}
	testBits = [8]byte{5: 0x10, 7: 4} // extensions, fast
)

// content is what the torrents of the tests hold.
type content struct {
	data        []byte
	pieceLength int
	kind        string // "" is v1; "v2", "hybrid", or "torn", a hybrid of two different torrents
}

func newContent(pieces, pieceLength int) content {
	data := make([]byte, pieces*pieceLength-5000) // the last block is a short one
	random := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return content{data: data, pieceLength: pieceLength}
}

func (c content) pieces() int { return (len(c.data) + c.pieceLength - 1) / c.pieceLength }

func (c content) hashes() (all []byte) {
	for i := range c.pieces() {
		sum := sha1.Sum(c.data[i*c.pieceLength : min(len(c.data), (i+1)*c.pieceLength)])
		all = append(all, sum[:]...)
	}
	return all
}

// block returns the bytes that a request is for.
func (c content) block(r request) []byte {
	from := int(r.piece)*c.pieceLength + int(r.begin)
	return c.data[from : from+int(r.length)]
}

// side is a Torrent with its own sockets and files, and a library that does
// handshakes and is content with everything.
type side struct {
	*Torrent
	content  content
	metadata []byte
	net      *wire.Net
	pool     *wire.Pool
	disk     *disk.Torrent
	file     string
	ours     chan int // pieces that came

	bans chan netip.AddrPort
	torn chan int
}

// sideOptions are how a side is made. The zero value is a leech without limits.
type sideOptions struct {
	have   plane.Bits
	limits Limits
	magnet bool // Open is the test's to call
	refuse func(op, path string) error

	metadata []byte

	workers *Workers   // nil for workers of its own
	shared  *wire.Pool // likewise
}

func newSide(t testing.TB, c content, o sideOptions) *side {
	t.Helper()
	s := &side{Torrent: New(o.limits), content: c, metadata: o.metadata, pool: wire.NewPool(32), ours: make(chan int, c.pieces()), bans: make(chan netip.AddrPort, 100), torn: make(chan int, 100)}
	dir := t.TempDir()
	s.file = filepath.Join(dir, "file")
	if o.have.Count() > 0 {
		if err := os.WriteFile(s.file, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	size := int64(len(c.data))
	d, err := disk.Open(disk.Options{Dir: dir, Have: o.have, Refuse: o.refuse, Layout: disk.Layout{
		Files:       []disk.File{{Path: []string{"file"}, Length: size}},
		PieceLength: int64(c.pieceLength), Length: size, Pieces: c.pieces(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.disk = d
	workers := o.workers
	if workers == nil {
		workers = NewWorkers()
	}
	if o.shared != nil {
		s.pool = o.shared
	}
	if !o.magnet {
		s.open(workers)
	}
	s.net, err = wire.Listen(wire.Config{Loopback: true, Registry: s, Pool: s.pool})
	if err != nil {
		t.Fatal(err)
	}
	go s.accept()
	stop := make(chan struct{})
	go s.ticks(stop)
	t.Cleanup(func() {
		close(stop)
		s.Close()
		s.net.Close()
		if o.workers == nil {
			workers.Close()
		}
		d.Close()
		if o.shared == nil && s.pool.InUse() != 0 || o.workers == nil && workers.stashed.Load() != 0 {
			t.Errorf("%d buffers and %d stashed blocks were not given back", s.pool.InUse(), workers.stashed.Load())
		}
	})
	return s
}

func (s *side) open(w *Workers) {
	n := s.content.pieces()
	s.Open(Config{
		Pieces: n, PieceLength: int64(s.content.pieceLength), Length: int64(len(s.content.data)),
		Hashes: s.content.sums(), V2: s.content.v2(), Metadata: s.metadata, Disk: s.disk, Workers: w,
		Torn:     func(piece int) { s.torn <- piece },
		Wanted:   Wanted{Pieces: plane.FullBits(n), High: plane.MakeBits(n)},
		Verified: func(piece int) { s.ours <- piece },
		Banned: func(peer netip.AddrPort, _ int) {
			s.net.Ban(peer)
			s.bans <- peer
		},
	})
}

// ticks ends when stop is closed, before the side is.
func (s *side) ticks(stop chan struct{}) {
	t := time.NewTicker(200 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			s.Tick(now)
		case <-stop:
			return
		}
	}
}

// Plane and Hashes make a side its own registry.
func (s *side) Plane(hash [20]byte) wire.Plane {
	if hash != testHash {
		return nil
	}
	return s.Torrent
}

func (s *side) Key(mark [20]byte) ([20]byte, bool) { return testHash, mark == wire.Mark(testHash) }

// accept ends when the sockets are closed.
func (s *side) accept() {
	for {
		c, err := s.net.Listeners()[0].Accept()
		if err != nil {
			return
		}
		go s.library(c, false) // ends with the connection
	}
}

// dial connects to another side.
func (s *side) dial(t testing.TB, to *side) {
	t.Helper()
	c, err := s.net.Dialers()[0].Dial(t.Context(), to.addr())
	if err != nil {
		t.Fatal(err)
	}
	go s.library(c, true) // ends with the connection
}

func (s *side) addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.net.Port())) }

// library shakes hands, says that we have nothing, and listens.
func (s *side) library(c net.Conn, out bool) {
	defer c.Close()
	hello := append([]byte(protocol), testBits[:]...)
	hello = append(append(hello, testHash[:]...), "-XX0000-"+strconv.Itoa(100000000000+s.net.Port())...)
	if !out {
		if _, err := io.ReadFull(c, make([]byte, 48)); err != nil {
			return
		}
	}
	if _, err := c.Write(hello); err != nil {
		return
	}
	if _, err := c.Write([]byte{0, 0, 0, 1, byte(wire.HaveNone)}); err != nil {
		return
	}
	io.Copy(io.Discard, c) // until the end, whatever that is
}

// banned returns who was banned since it was last called.
func (s *side) banned() (all []netip.AddrPort) {
	for len(s.bans) > 0 {
		all = append(all, <-s.bans)
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return slices.Compact(all)
}

// complete waits until the side has everything, and compares the file.
func (s *side) complete(t testing.TB) {
	t.Helper()
	late := time.After(patient)
	for s.Counters().Verified < s.content.pieces() {
		select {
		case <-s.ours:
		case <-late:
			t.Fatalf("%d of %d pieces came", s.Counters().Verified, s.content.pieces())
		}
	}
	got, err := os.ReadFile(s.file)
	if err != nil || !bytes.Equal(got, s.content.data) {
		t.Fatalf("the file is wrong, %v", err)
	}
}

// until waits until ok; the side's ticks or peers make it so.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patient)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("waited for %s", what)
		}
	}
}

// script is a peer made by hand.
type script struct {
	t    testing.TB
	c    net.Conn
	addr netip.AddrPort
	all  []byte // the message that it has everything
}

// join connects a script to a side. Without fast it lacks that extension.
func join(t testing.TB, s *side, fast bool) *script {
	t.Helper()
	c, err := net.Dial("tcp4", s.addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patient))
	bits := testBits
	if !fast {
		bits[7] = 0
	}
	hello := append([]byte(protocol), bits[:]...)
	hello = append(append(hello, testHash[:]...), "-YY0000-"+strconv.Itoa(100000000000+c.LocalAddr().(*net.TCPAddr).Port)...)
	if _, err := c.Write(hello); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 68)); err != nil {
		t.Fatal(err)
	}
	all := frame(wire.HaveAll)
	if !fast {
		all = frame(wire.Bitfield, plane.FullBits(s.content.pieces()).Bytes())
	}
	return &script{t, c, c.LocalAddr().(*net.TCPAddr).AddrPort(), all}
}

// frame makes a message of numbers and bytes.
func frame(kind wire.Kind, body ...any) []byte {
	b := []byte{4: byte(kind)}
	for _, x := range body {
		switch x := x.(type) {
		case int:
			b = binary.BigEndian.AppendUint32(b, uint32(x))
		case []byte:
			b = append(b, x...)
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

const pieceKind wire.Kind = 7

// send writes a message; a connection that the side has closed is no failure.
func (p *script) send(kind wire.Kind, body ...any) error {
	_, err := p.c.Write(frame(kind, body...))
	return err
}

// read returns the next message that is no keepalive.
func (p *script) read() (kind wire.Kind, body []byte, err error) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(p.c, head[:]); err != nil {
			return 0, nil, err
		}
		if n := binary.BigEndian.Uint32(head[:]); n > 0 {
			b := make([]byte, n)
			_, err := io.ReadFull(p.c, b)
			return wire.Kind(b[0]), b[1:], err
		}
	}
}

// next returns the next message of a kind.
func (p *script) next(kind wire.Kind) []byte {
	p.t.Helper()
	for {
		k, body, err := p.read()
		if err != nil {
			p.t.Fatalf("waited for message %d: %v", kind, err)
		}
		if k == kind {
			return body
		}
	}
}

// ended waits until the side has closed the connection.
func (p *script) ended() {
	p.t.Helper()
	for {
		if _, _, err := p.read(); err != nil {
			if e, ok := err.(net.Error); ok && e.Timeout() {
				p.t.Fatal("the connection is still open")
			}
			return
		}
	}
}

func parseRequest(body []byte) request {
	u := binary.BigEndian.Uint32
	return request{u(body), u(body[4:]), u(body[8:])}
}

// serve answers requests with what answer sends until the connection ends.
func (p *script) serve(answer func(request)) {
	p.c.Write(p.all)
	p.send(wire.Unchoke)
	for {
		kind, body, err := p.read()
		if err != nil {
			return
		}
		if kind == wire.Request {
			answer(parseRequest(body))
		}
	}
}

func (p *script) give(r request, data []byte) { p.send(pieceKind, int(r.piece), int(r.begin), data) }

// seedLimits limit what a side sends, in bytes/s.
func seedLimits(rate int64) Limits {
	up := limit.New()
	up.Root().SetRate(rate, time.Now())
	return Limits{Up: up.Torrent(), Down: limit.New().Torrent()}
}
