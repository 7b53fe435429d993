package test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	activeRate   = 1000 // blocks that all active peers together give in a second
	activeHaves  = time.Second
	activeMissed = 10 // of so many pieces a peer lacks one at first
)

// BenchmarkActive downloads 16 MB a second from one peer and from 500, each of
// which gives its share, and each second tells of a new piece and asks for a block
// of ours if it is unchoked. It reports the memory that is the program's own, the
// processor in per cent of one core, what came, and how many blocks went out.
func BenchmarkActive(b *testing.B) {
	d := Make(b, "active.bin", 1<<18, File{Length: 1 << 30})
	content, err := os.Open(filepath.Join(d.Dir, d.Name))
	if err != nil {
		b.Fatal(err)
	}
	defer content.Close()
	for _, peers := range []int{1, 500} {
		b.Run(fmt.Sprintf("%d-peers", peers), func(b *testing.B) {
			for b.Loop() {
				measureActive(b, d, content, peers)
			}
		})
	}
}

func measureActive(b *testing.B, d *Data, content *os.File, peers int) {
	dir := b.TempDir()
	defer os.RemoveAll(dir)
	g := StartGet(b, "", "--dir", dir, "--seed", "--no-utp", d.Torrent(b, ""))
	g.Await(b, d, 20*time.Second, func(l Line) bool { return l.State == "downloading" })
	rest(b, idleAfter)
	_, before := memory(b, g.PID())
	var all sync.WaitGroup
	var end []func() error
	for i := range peers {
		p := &activePeer{Conn: connect(b, d, g.Addr.String()), d: d, content: content, pause: time.Second * time.Duration(peers) / activeRate}
		end = append(end, p.Close)
		all.Go(func() { p.run(i) }) // ends with the connection
	}
	g.Await(b, d, 20*time.Second, func(l Line) bool { return l.Peers == peers })
	rest(b, idleAfter)
	from, start := g.Lines(d), used(b, g.PID())
	rest(b, idleFor)
	spent, to := used(b, g.PID())-start, g.Lines(d)
	_, after := memory(b, g.PID())
	for _, f := range end {
		f()
	}
	all.Wait()
	g.Interrupt(b)
	first, last := from[len(from)-1], to[len(to)-1]
	seconds := last.At.Sub(first.At).Seconds()
	b.ReportMetric(0, "ns/op") // the time is that of the waiting
	b.ReportMetric(after-before, "MB")
	b.ReportMetric((after-before)*1024/float64(peers), "kB/connection")
	b.ReportMetric(100*spent.Seconds()/idleFor.Seconds(), "cpu-%")
	b.ReportMetric(float64(last.Downloaded-first.Downloaded)/seconds/1e6, "MB/s")
	b.ReportMetric(float64(last.Uploaded-first.Uploaded)/seconds/(16<<10), "blocks/s-sent")
}

// activePeer is a leech that has most pieces and gives blocks at a steady rate.
type activePeer struct {
	net.Conn
	d       *Data
	content *os.File
	pause   time.Duration // between two blocks

	mu    sync.Mutex // for writing, and what follows
	asked chan []byte
	offer []byte // the piece and the beginning of a block that the program has, if it has one
	free  bool   // it has unchoked us, and owes us nothing
}

// run lasts until the connection ends. The peers lack different pieces.
func (p *activePeer) run(i int) {
	defer p.Close()
	p.asked = make(chan []byte, 2000)
	bits := bytes.Repeat([]byte{255}, (p.d.Pieces+7)/8)
	var missing []int
	for piece := i % activeMissed; piece < p.d.Pieces; piece += activeMissed {
		bits[piece/8] &^= 0x80 >> (piece % 8)
		missing = append(missing, piece)
	}
	p.say(5, bits)
	p.say(1)
	p.say(2)
	var others sync.WaitGroup
	ended := make(chan struct{})
	others.Go(func() { p.give(ended) })
	others.Go(func() { p.announce(missing, ended) })
	p.read()
	close(ended)
	others.Wait()
}

// say sends a message. Whoever reads notices when the connection ends.
func (p *activePeer) say(kind byte, body ...[]byte) {
	all := bytes.Join(body, nil)
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(1+len(all))), kind)
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.Write(append(frame, all...))
}

// give answers one request after the other, in its time.
func (p *activePeer) give(ended chan struct{}) {
	turn := time.NewTicker(p.pause)
	defer turn.Stop()
	for {
		select {
		case <-ended:
			return
		case <-turn.C:
		}
		select {
		case ask := <-p.asked:
			piece, begin := binary.BigEndian.Uint32(ask), binary.BigEndian.Uint32(ask[4:])
			block := make([]byte, binary.BigEndian.Uint32(ask[8:]))
			if _, err := p.content.ReadAt(block, int64(piece)*int64(p.d.length)+int64(begin)); err != nil {
				return
			}
			p.say(7, ask[:8], block)
		default:
		}
	}
}

// announce tells of a piece a second, and asks for a block if it may.
func (p *activePeer) announce(missing []int, ended chan struct{}) {
	turn := time.NewTicker(activeHaves)
	defer turn.Stop()
	for {
		select {
		case <-ended:
			return
		case <-turn.C:
		}
		if len(missing) > 0 {
			p.say(4, binary.BigEndian.AppendUint32(nil, uint32(missing[0])))
			missing = missing[1:]
		}
		p.ask()
	}
}

// ask asks for a block that the program has told of, one at a time.
func (p *activePeer) ask() {
	p.mu.Lock()
	offer, free := p.offer, p.free
	p.free = free && offer == nil
	p.mu.Unlock()
	if free && offer != nil {
		p.say(6, offer, []byte{0, 0, 0, 0, 0, 0, 0x40, 0})
	}
}

// read takes in what the program says until the connection ends.
func (p *activePeer) read() {
	r := bufio.NewReader(p)
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(head[:])
		if n == 0 || n > 1<<20 {
			continue
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(r, b); err != nil {
			return
		}
		p.hear(b[0], b[1:])
	}
}

func (p *activePeer) hear(kind byte, body []byte) {
	switch kind {
	case 6: // a request
		select {
		case p.asked <- body:
		default:
		}
	case 8: // a cancel; what it is for may come all the same
	default:
		p.mu.Lock()
		switch kind {
		case 0, 1, 7: // choked, unchoked, a block
			p.free = kind != 0
		case 4:
			p.offer = body
		}
		p.mu.Unlock()
	}
}
