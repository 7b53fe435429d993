package hash

import (
	"bytes"
	"context"
	"crypto/sha1"
	"errors"
	"go/build"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if strings.Contains(path, ".") || strings.HasPrefix(path, "piecewise/") {
			t.Errorf("hash must not import %s", path)
		}
	}
}

func pieces(data []byte, pieceLength int) Pieces {
	p := Pieces{Length: int64(len(data)), PieceLength: int64(pieceLength)}
	for piece := range slices.Chunk(data, pieceLength) {
		sum := sha1.Sum(piece)
		p.Hashes = append(p.Hashes, sum[:]...)
	}
	return p
}

func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{7}).Read(data)
	return data
}

func TestVerify(t *testing.T) {
	for _, c := range []struct {
		name                string
		length, pieceLength int
		spoilt              []int // pieces with a wrong last byte
		cut                 int   // bytes missing at the end
		only                []int
		bad                 []int
	}{
		{name: "no pieces", pieceLength: 16},
		{name: "one byte", length: 1, pieceLength: 16},
		{name: "exact", length: 64, pieceLength: 16},
		{name: "short last", length: 70, pieceLength: 16},
		{name: "longer than a buffer", length: 3*bufferSize + 5, pieceLength: 2*bufferSize + 1},
		{name: "many", length: 16 << 12, pieceLength: 16, spoilt: []int{0, 77, 4095}, bad: []int{0, 77, 4095}},
		{name: "spoilt in the second buffer", length: 4 * bufferSize, pieceLength: 2 * bufferSize, spoilt: []int{1}, bad: []int{1}},
		{name: "cut short", length: 70, pieceLength: 16, cut: 7, bad: []int{3, 4}},
		{name: "nothing there", length: 40, pieceLength: 16, cut: 40, bad: []int{0, 1, 2}},
		{name: "only some", length: 70, pieceLength: 16, spoilt: []int{1, 2}, only: []int{0, 2}, bad: []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := noise(c.length)
			p := pieces(data, c.pieceLength)
			for _, i := range c.spoilt {
				data[min((i+1)*c.pieceLength, c.length)-1] ^= 1
			}
			if c.only != nil {
				p.Only = func(i int) bool { return slices.Contains(c.only, i) }
			}
			seen, bad := 0, []int(nil)
			err := Verify(t.Context(), bytes.NewReader(data[:c.length-c.cut]), p, func(i int, ok bool) {
				seen++ // not atomic: the race detector proves that calls do not overlap
				if !ok {
					bad = append(bad, i)
				}
			})
			slices.Sort(bad)
			want := len(p.Hashes) / 20
			if c.only != nil {
				want = len(c.only)
			}
			if err != nil || seen != want || !slices.Equal(bad, c.bad) {
				t.Errorf("%d of %d pieces, bad %v, %v", seen, want, bad, err)
			}
		})
	}
}

func TestUnsound(t *testing.T) {
	for _, p := range []Pieces{
		{},
		{PieceLength: -1},
		{Length: -1, PieceLength: 16},
		{Length: 17, PieceLength: 16, Hashes: make([]byte, 20)},
		{Length: 16, PieceLength: 16, Hashes: make([]byte, 21)},
	} {
		if err := Verify(t.Context(), bytes.NewReader(nil), p, func(int, bool) { t.Error("reported") }); err == nil {
			t.Errorf("%+v was accepted", p)
		}
	}
}

// gate lets a number of reads through, then calls stop.
type gate struct {
	left atomic.Int64
	stop func()
	late atomic.Int64 // reads after stop
}

func (g *gate) ReadAt(b []byte, _ int64) (int, error) {
	switch left := g.left.Add(-1); {
	case left == 0:
		g.stop()
	case left < 0:
		g.late.Add(1)
	}
	return len(b), nil
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	g := &gate{stop: cancel}
	g.left.Store(5)
	const huge = 1 << 40 // a piece that would take minutes
	p := Pieces{Length: 4 * huge, PieceLength: huge, Hashes: make([]byte, 80)}
	err := Verify(ctx, g, p, func(int, bool) { t.Error("reported a piece that was not read") })
	if !errors.Is(err, context.Canceled) || g.late.Load() > 1<<10 {
		t.Errorf("err %v after %d more reads", err, g.late.Load())
	}
}

// missing is a file that is not there; it counts how often it is asked for.
type missing struct{ asked atomic.Int64 }

func (m *missing) ReadAt([]byte, int64) (int, error) {
	m.asked.Add(1)
	return 0, io.ErrUnexpectedEOF
}

func TestMissingIsCheap(t *testing.T) {
	m := new(missing)
	p := Pieces{Length: 10 << 30, PieceLength: 1 << 30, Hashes: make([]byte, 200)}
	bad := 0
	err := Verify(t.Context(), m, p, func(_ int, ok bool) { bad++ })
	if err != nil || bad != 10 || m.asked.Load() != 10 {
		t.Errorf("%d pieces, %d reads, %v", bad, m.asked.Load(), err)
	}
}

const benchLength = 256 << 20

func benchFile(b *testing.B) (*os.File, Pieces) {
	path := filepath.Join(b.TempDir(), "data")
	data := noise(benchLength)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		b.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f, pieces(data, 1<<20)
}

func BenchmarkVerify(b *testing.B) {
	f, p := benchFile(b)
	b.SetBytes(benchLength)
	for b.Loop() {
		err := Verify(b.Context(), f, p, func(i int, ok bool) {
			if !ok {
				b.Errorf("piece %d", i)
			}
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlain is what one processor can do at best: SHA-1 over memory.
func BenchmarkPlain(b *testing.B) {
	data := noise(benchLength)
	b.SetBytes(benchLength)
	for b.Loop() {
		for piece := range slices.Chunk(data, 1<<20) {
			sha1.Sum(piece)
		}
	}
}

// endless is a file that never fails.
type endless struct{}

func (endless) ReadAt(b []byte, _ int64) (int, error) { return len(b), nil }

// TestVerifyEndsSoon cancels a check in the middle of long pieces; the best of some
// tries counts, for the machine may be busy.
func TestVerifyEndsSoon(t *testing.T) {
	p := Pieces{Length: 64 << 30, PieceLength: 16 << 30, Hashes: make([]byte, 4*20)}
	best := time.Hour
	for range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan time.Time)
		go func() {
			defer func() { ended <- time.Now() }()
			if err := Verify(ctx, endless{}, p, func(int, bool) { t.Error("a piece was reported") }); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}()
		<-time.After(20 * time.Millisecond) // it has begun by then, or ends all the sooner
		from := time.Now()
		cancel()
		best = min(best, (<-ended).Sub(from))
	}
	if best > 100*time.Millisecond {
		t.Errorf("it took %v to end", best)
	}
}
