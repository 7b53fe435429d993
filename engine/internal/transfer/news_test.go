package transfer

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"piecewise/engine/internal/pick"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/wire"
)

// notedLink keeps what is sent.
type notedLink struct {
	*fakeLink
	mu   sync.Mutex
	sent []wire.Message
}

func (l *notedLink) Send(m wire.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
}

func (l *notedLink) count(k wire.Kind) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.sent {
		if m.Kind == k {
			n++
		}
	}
	return n
}

// noted makes a torrent without files, of which all is wanted, and connects peers.
func noted(t *testing.T, pieces, peers int) (to *Torrent, links []*notedLink, conns []*conn) {
	to = New(Limits{})
	to.cfg.Pieces, to.have = pieces, plane.MakeBits(pieces)
	to.picker = pick.New(pick.Config{
		Pieces: pieces, PieceLength: 4 * block, Length: int64(pieces) * 4 * block, Rand: rand.New(rand.NewPCG(1, 1)),
	})
	to.picker.SetWanted(plane.FullBits(pieces), plane.Bits{}, false)
	for i := range peers {
		l := &notedLink{fakeLink: linkFrom(t, fmt.Sprintf("127.0.0.1:%d", i+1))}
		links, conns = append(links, l), append(conns, to.join(l))
		conns[i].introduced = true
	}
	return to, links, conns
}

// Peers are told of a piece at once, and of those that follow soon after together.
func TestNewsTogether(t *testing.T) {
	to, links, _ := noted(t, 10, 200)
	check := func(want int) {
		t.Helper()
		for i, l := range links {
			if n := l.count(wire.Have); n != want {
				t.Fatalf("peer %d was told of %d pieces, not of %d", i, n, want)
			}
		}
	}
	to.mu.Lock()
	now := time.Now()
	to.spread(0, now)
	check(1)
	for i := 1; i < 4; i++ {
		to.spread(i, now)
	}
	check(1)
	to.mu.Unlock()
	until(t, "the timer tells the last one", func() bool { return links[199].count(wire.Have) == 4 })
	to.mu.Lock()
	check(4)
	to.spread(4, time.Now())
	to.mu.Unlock()
	to.Close()
	time.Sleep(newsPace(200)) // whatever would come had its time
	check(4)
}

// So many pieces that they would fill memory are told at once.
func TestNewsBounded(t *testing.T) {
	to, links, _ := noted(t, 2*mostNews, 300)
	defer to.Close()
	to.mu.Lock()
	defer to.mu.Unlock()
	now := time.Now()
	for i := range mostNews + 1 {
		to.spread(i, now)
	}
	if n := links[299].count(wire.Have); n != mostNews+1 {
		t.Errorf("it was told of %d pieces, not of %d", n, mostNews+1)
	}
}

// Few peers are told soon, many together for a while, but no longer than that.
func TestNewsPace(t *testing.T) {
	for _, c := range []struct {
		peers int
		most  time.Duration
	}{{0, 0}, {1, 250 * time.Microsecond}, {20, 5 * time.Millisecond}, {80, 20 * time.Millisecond}, {300, 270 * time.Millisecond}, {5000, time.Second}} {
		if got := newsPace(c.peers); got != c.most {
			t.Errorf("%d peers wait %v, not %v", c.peers, got, c.most)
		}
	}
}

// Blocks that become free go to whoever is known to be fast, not to those that gave
// nothing so far.
func TestFastFirst(t *testing.T) {
	to, links, conns := noted(t, 1, 9)
	to.mu.Lock()
	defer to.mu.Unlock()
	for _, c := range conns {
		c.gotAll()
		to.picker.Unchoked(c.pk)
		c.choked, c.amInterested = false, true
	}
	conns[4].rate.perSecond = 1e6
	to.refillIdle(time.Now())
	if n := links[4].count(wire.Request); n != 4 {
		t.Errorf("the fast one is asked for %d of 4 blocks", n)
	}
}
