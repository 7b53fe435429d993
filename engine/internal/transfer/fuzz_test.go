package transfer

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// fakeLink is a peer's end of a connection, and what must hold there.
type fakeLink struct {
	t    *testing.T
	info wire.Info
	done chan struct{}
	conn *conn

	late bool // the peer hears of a message only in hear

	mu       sync.Mutex
	closed   bool
	box      []wire.Message // not heard yet
	choked   bool
	allowed  []uint32
	asked    []request // of us, not answered yet
	requests []request // of the other side
}

func (l *fakeLink) Info() wire.Info         { return l.info }
func (l *fakeLink) Wake()                   {}
func (l *fakeLink) Done() <-chan struct{}   { return l.done }
func (*fakeLink) Overhead() (in, out int64) { return 0, 0 }

func (l *fakeLink) Close(error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.done)
	}
}

func (l *fakeLink) Send(m wire.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.late {
		l.box = append(l.box, m)
	} else {
		l.heard(m)
	}
}

// hear has the peer hear of all that was sent: it leaves with the next batch, before
// the blocks of it.
func (l *fakeLink) hear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.box {
		l.heard(m)
	}
	l.box = nil
}

func (l *fakeLink) heard(m wire.Message) {
	r := request{m.Index, m.Begin, m.Length}
	switch m.Kind {
	case wire.Choke, wire.Unchoke:
		if l.choked = m.Kind == wire.Choke; l.choked && !l.info.Fast {
			l.asked = nil
		}
	case wire.AllowedFast:
		l.allowed = append(l.allowed, m.Index)
	case wire.Reject:
		l.answered(r)
	case wire.Request:
		l.requests = append(l.requests, r)
	case wire.Cancel:
		l.requests = slices.DeleteFunc(l.requests, func(q request) bool { return q == r })
	}
}

// answered takes out a request, which must be there.
func (l *fakeLink) answered(r request) {
	i := slices.Index(l.asked, r)
	if i < 0 {
		l.t.Fatalf("an answer to %v, which was not asked", r)
	}
	l.asked = slices.Delete(l.asked, i, i+1)
}

// fetch lets the side send and checks what comes.
func (l *fakeLink) fetch(c content) {
	b := make([]byte, wire.MinFill)
	n := l.conn.Fill(b)
	l.mu.Lock()
	defer l.mu.Unlock()
	for b = b[:max(n, 0)]; len(b) > 0; {
		size := int(binary.BigEndian.Uint32(b)) - 9
		r := parseRequest(append(slices.Clone(b[5:13]), 0, 0, byte(size>>8), byte(size)))
		if l.choked && !slices.Contains(l.allowed, r.piece) {
			l.t.Fatalf("block %v for a choked peer", r)
		}
		l.answered(r)
		if !bytes.Equal(b[head:head+size], c.block(r)) {
			l.t.Fatalf("block %v is wrong", r)
		}
		b = b[head+size:]
	}
}

// deliver sends a block in two parts.
func (l *fakeLink) deliver(buffer *wire.Buffer, r request, data []byte) {
	s := wire.Segment{Piece: int(r.piece), Begin: int(r.begin), Block: wire.Range{Begin: int(r.begin), Length: len(data)}, Buffer: buffer}
	half := len(data) / 3
	s.Data = data[:half]
	l.conn.Block(s)
	if r.begin%3 == 0 {
		l.conn.Flush()
	}
	s.Begin, s.Data, s.Last = s.Begin+half, data[half:], true
	l.conn.Block(s)
}

// machine is a Torrent with three fake peers.
type machine struct {
	*Torrent
	content content
	links   [3]*fakeLink
	buffer  *wire.Buffer
	now     time.Time
	bans    sync.Map  // netip.AddrPort
	midway  *fakeLink // whose messages have left, and whose blocks follow
	steps   int       // until they do
}

func (m *machine) join(t *testing.T, i int) {
	l := &fakeLink{t: t, done: make(chan struct{}), choked: true, late: true}
	l.info = wire.Info{Fast: i < 2, Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i), 1}), 1)}
	m.links[i] = l
	if _, banned := m.bans.Load(l.info.Addr); banned {
		m.links[i] = nil
		return
	}
	l.conn = m.Torrent.join(l)
	l.conn.Outgoing(wire.Message{Kind: wire.HaveNone})
}

// step does one thing with one peer.
func (m *machine) step(t *testing.T, peer, what, piece, where byte) {
	i := int(peer) % len(m.links)
	if m.links[i] == nil {
		m.join(t, i)
		return
	}
	l, n := m.links[i], m.content.pieces()
	if l != m.midway {
		l.hear()
	}
	r := request{uint32(piece) % uint32(n+1), uint32(where%4) * block, block}
	if where > 200 {
		r.length = uint32(where)
	}
	kinds := []wire.Kind{wire.Interested, wire.NotInterested, wire.Choke, wire.Unchoke, wire.Have, wire.HaveAll, wire.HaveNone, wire.Bitfield, wire.AllowedFast, wire.Reject, wire.Cancel, wire.Suggest}
	var err error
	switch what %= 25; {
	case int(what) < len(kinds):
		_, err = l.conn.Message(wire.Message{Kind: kinds[what], Index: r.piece, Begin: r.begin, Length: r.length, Bits: []byte{where}})
	case what < 14:
		l.mu.Lock()
		l.asked = append(l.asked, r)
		l.mu.Unlock()
		_, err = l.conn.Message(wire.Message{Kind: wire.Request, Index: r.piece, Begin: r.begin, Length: r.length})
	case what < 19:
		m.answer(l, r, where)
	case what == 19:
		l.fetch(m.content)
	case what == 20 && m.midway == nil:
		m.midway, m.steps = l, 1+int(where)%4
	case what == 21:
		m.now = m.now.Add(time.Duration(where) * 100 * time.Millisecond)
		m.Tick(m.now)
	case what == 22:
		m.SetSlots(int(where) % 3)
	case what == 23:
		m.SetPeerLimit(l.info.Addr, plane.Limits{Up: []int64{0, 20000, plane.Unlimited}[where%3], Down: plane.Unlimited})
	default:
		l.Close(nil)
	}
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	if err != nil || closed {
		l.conn.Left(err)
		m.links[i] = nil
	}
	m.depart()
}

// depart lets the blocks follow when it is time.
func (m *machine) depart() {
	if m.steps--; m.midway == nil || m.steps >= 0 {
		return
	}
	if slices.Contains(m.links[:], m.midway) {
		m.midway.fetch(m.content)
	}
	m.midway = nil
}

// answer sends a block, mostly one that was asked for and right.
func (m *machine) answer(l *fakeLink, r request, where byte) {
	l.mu.Lock()
	if k := len(l.requests); k > 0 && where%8 != 7 {
		r = l.requests[int(where)%k]
	}
	l.mu.Unlock()
	data := bytes.Repeat([]byte{where}, int(r.length))
	if int(r.piece) < m.content.pieces() && where%16 != 5 {
		if from := int(r.piece)*m.content.pieceLength + int(r.begin); from+len(data) <= len(m.content.data) {
			copy(data, m.content.data[from:])
		}
	}
	l.deliver(m.buffer, r, data)
}

// addUp checks that every block is missing, here or verified.
func (m *machine) addUp(t *testing.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	left, out := 0, 0
	for i := range m.content.pieces() {
		if m.have.Has(i) {
			continue
		}
		left += len(newPiece(m.Torrent, i).from)
		if p := m.active[i]; p != nil {
			for _, c := range p.from {
				if c != nil {
					left--
				}
			}
		}
	}
	for c := range m.conns {
		out += m.picker.Outstanding(c.pk)
	}
	if got := m.picker.Left(); got != left {
		t.Fatalf("%d blocks are left, counted %d", got, left)
	}
	if len(m.conns) == 0 && out > 0 {
		t.Fatalf("%d requests of nobody", out)
	}
}

func FuzzConn(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 14, 0, 1, 0, 14, 0, 2, 0, 14, 0, 5, 0, 24, 0, 0})
	f.Add([]byte{2, 0, 0, 0, 2, 0, 0, 0, 2, 12, 0, 0, 2, 19, 0, 0, 2, 10, 0, 1, 2, 12, 1, 1, 2, 19, 0, 0})
	f.Add([]byte{1, 0, 0, 0, 1, 22, 0, 0, 1, 0, 0, 0, 1, 22, 0, 1, 1, 12, 0, 0, 1, 22, 0, 0, 1, 19, 0, 0})
	f.Add([]byte{2, 0, 0, 0, 2, 0, 0, 0, 2, 22, 0, 0, 2, 20, 0, 1, 2, 22, 0, 1, 2, 12, 0, 0, 2, 21, 0, 0}) // unchoked, and asks, while a batch leaves
	random := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		long := make([]byte, 4000)
		for i := range long {
			long[i] = byte(random.Uint32())
		}
		f.Add(long)
	}
	c := newContent(6, 3*block)
	hashes := c.hashes()
	f.Fuzz(func(t *testing.T, script []byte) {
		dir := t.TempDir()
		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, c.data[:2*c.pieceLength], 0o600); err != nil {
			t.Fatal(err)
		}
		have := plane.MakeBits(c.pieces())
		have.Set(0)
		have.Set(1)
		size := int64(len(c.data))
		d, err := disk.Open(disk.Options{Dir: dir, Have: have, Layout: disk.Layout{
			Files:       []disk.File{{Path: []string{"file"}, Length: size}},
			PieceLength: int64(c.pieceLength), Length: size, Pieces: c.pieces(),
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		w := NewWorkers()
		m := &machine{Torrent: New(Limits{}), content: c, buffer: new(wire.Buffer), now: time.Now()}
		m.buffer.Retain()
		m.Open(Config{
			Pieces: c.pieces(), PieceLength: int64(c.pieceLength), Length: size, Hashes: hash.Pieces{Length: size, PieceLength: int64(c.pieceLength), Hashes: hashes}, Disk: d, Workers: w,
			Wanted: Wanted{Pieces: plane.FullBits(c.pieces()), High: plane.MakeBits(c.pieces())}, Verified: func(int) {},
			Banned: func(peer netip.AddrPort, _ int) { m.bans.Store(peer, nil) },
		})
		for script = script[:min(len(script), 4000)]; len(script) >= 4; script = script[4:] {
			m.step(t, script[0], script[1], script[2], script[3])
			m.addUp(t)
		}
		for _, l := range m.links {
			if l != nil {
				l.conn.Left(nil)
			}
		}
		w.Close()
		m.addUp(t)
		m.check(t, file)
		m.Close()
		if w.stashed.Load() != 0 || !lastReference(m.buffer) {
			t.Fatal("a buffer was not given back")
		}
	})
}

// check compares what is said to be here with what is.
func (m *machine) check(t *testing.T, file string) {
	for i, p := range m.active {
		here := int64(0)
		for k, c := range p.from {
			if c != nil {
				here += min(block, p.size-int64(k)*block)
			}
		}
		if here != p.done {
			t.Fatalf("of piece %d, %d bytes arrived and %d were written", i, here, p.done)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.content.pieces() {
		from, to := i*m.content.pieceLength, min((i+1)*m.content.pieceLength, len(m.content.data))
		if m.have.Has(i) && (len(got) < to || !bytes.Equal(got[from:to], m.content.data[from:to])) {
			t.Fatalf("piece %d is not what was verified", i)
		}
	}
}

// lastReference releases a buffer that is of no pool, which panics with the last
// reference only.
func lastReference(b *wire.Buffer) (last bool) {
	defer func() { last = recover() != nil }()
	b.Release()
	return false
}
