package limit

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// client is a peer of the simulation: it transfers as fast as it may.
type client struct {
	node    *Node
	bytes   int           // asked for at once
	pause   time.Duration // between a turn and the next question
	uses    func(ok int) int
	total   int64
	at      time.Time
	longest time.Duration // between two turns
	last    time.Time
}

// agenda is who asks next.
type agenda []*client

func (a agenda) Len() int           { return len(a) }
func (a agenda) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a agenda) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)        { *a = append(*a, x.(*client)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// run lets the clients transfer for so long in virtual time, with timers that
// are up to a millisecond late, and returns the bytes of each second.
func run(clients []*client, from time.Time, length time.Duration) []int64 {
	r := rand.New(rand.NewPCG(1, 2))
	seconds := make([]int64, int(length/time.Second))
	a := make(agenda, len(clients))
	for i, c := range clients {
		c.at, c.last = from, from
		a[i] = c
	}
	heap.Init(&a)
	for {
		c := a[0]
		now := c.at
		if now.Sub(from) >= length {
			return seconds
		}
		ok, wait := c.node.Reserve(c.bytes, now)
		used := ok
		if c.uses != nil && ok > 0 {
			used = c.uses(ok)
			c.node.Refund(ok - used)
		}
		if ok > 0 {
			c.longest, c.last = max(c.longest, now.Sub(c.last)), now
		}
		c.total += int64(used)
		seconds[int(now.Sub(from)/time.Second)] += int64(used)
		if c.at = now.Add(c.pause + time.Microsecond); ok == 0 {
			c.at = now.Add(wait + time.Duration(r.Int64N(int64(time.Millisecond))))
		}
		heap.Fix(&a, 0)
	}
}

func newClients(t *Node, n, bytes int) []*client {
	clients := make([]*client, n)
	for i := range clients {
		clients[i] = &client{node: t.Peer(), bytes: bytes}
	}
	return clients
}

func sum(clients []*client) (total int64) {
	for _, c := range clients {
		total += c.total
	}
	return total
}

// TestAccuracy transfers at a limit at each level of the tree, as uploads of
// batches and as downloads of a few blocks.
func TestAccuracy(t *testing.T) {
	for _, rate := range []int64{5e3, 50e3, 1e6, 20e6} {
		for _, n := range []int{1, 20, 500} {
			for _, level := range []string{"root", "torrent", "download"} {
				if n == 500 && (rate < 20e6 || level != "root") {
					continue
				}
				t.Run(fmt.Sprintf("%d/%d/%s", rate, n, level), func(t *testing.T) { accuracy(t, rate, n, level) })
			}
		}
	}
}

func accuracy(t *testing.T, rate int64, n int, level string) {
	tree := New()
	torrent := tree.Torrent()
	switch level {
	case "root", "download":
		tree.Root().SetRate(rate, epoch)
	case "torrent":
		torrent.SetRate(rate, epoch)
	}
	clients := newClients(torrent, n, 256<<10)
	block := int64(16 << 10)
	if level == "download" {
		for _, c := range clients {
			c.bytes = 8 << 14
		}
	}
	length := max(30*time.Second, time.Duration(200*float64(block)/float64(rate))*time.Second)
	seconds := run(clients, epoch, length)
	got := float64(sum(clients)) / length.Seconds()
	var worst int64
	for _, s := range seconds {
		worst = max(worst, s)
	}
	t.Logf("%8d B/s, %2d peers, %s: %.1f B/s (%+.2f %%), worst second %d (%.2f ×)",
		rate, n, level, got, 100*(got/float64(rate)-1), worst, float64(worst)/float64(rate))
	if got < 0.95*float64(rate) || got > 1.05*float64(rate) {
		t.Errorf("%.0f B/s at a limit of %d", got, rate)
	}
	if limit := rate*13/10 + block; worst > limit {
		t.Errorf("%d bytes in one second, more than %d", worst, limit)
	}
	mean, turn := sum(clients)/int64(n), min(int64(clients[0].node.turn()), int64(clients[0].bytes))
	for i, c := range clients {
		if c.total < mean*9/10-2*turn || c.total > mean*11/10+2*turn {
			t.Errorf("peer %d has %d bytes, the mean is %d", i, c.total, mean)
		}
	}
}

// TestShares checks what each of several groups gets of a limit.
func TestShares(t *testing.T) {
	type group struct {
		peers  int
		weight float64 // of the torrent, or of each peer if the group has no torrent of its own
		rate   int64
		pause  time.Duration
	}
	for _, c := range []struct {
		name   string
		single bool // all in one torrent
		groups []group
		want   []float64 // shares of the limit
	}{
		{"equal torrents, unequal crowds", false, []group{{1, 1, -1, 0}, {20, 1, -1, 0}}, []float64{0.5, 0.5}},
		{"priority", false, []group{{5, 2, -1, 0}, {5, 1, -1, 0}, {5, 1, -1, 0}}, []float64{0.5, 0.25, 0.25}},
		{"optimistic", true, []group{{3, 1, -1, 0}, {1, 1.0 / 3, -1, 0}}, []float64{0.9, 0.1}},
		{"limited torrent leaves the rest", false, []group{{3, 1, 100e3, 0}, {3, 1, -1, 0}}, []float64{0.1, 0.9}},
		{"limited peers leave the rest", true, []group{{3, 1, 50e3, 0}, {3, 1, -1, 0}}, []float64{0.15, 0.85}},
		{"slow peers leave the rest", true, []group{{2, 1, -1, 164 * time.Millisecond}, {2, 1, -1, 0}}, []float64{0.2, 0.8}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := New()
			tree.Root().SetRate(1e6, epoch)
			torrent := tree.Torrent()
			var all []*client
			var groups [][]*client
			for _, g := range c.groups {
				if !c.single {
					torrent = tree.Torrent()
					torrent.SetWeight(g.weight)
					torrent.SetRate(g.rate, epoch)
				}
				clients := newClients(torrent, g.peers, 16<<10)
				for _, p := range clients {
					p.pause = g.pause
					if c.single {
						p.node.SetWeight(g.weight)
						p.node.SetRate(g.rate, epoch)
					}
				}
				groups, all = append(groups, clients), append(all, clients...)
			}
			run(all, epoch, 60*time.Second)
			total := float64(sum(all))
			if total < 0.97*60e6 {
				t.Errorf("only %.0f bytes in all", total)
			}
			for i, g := range groups {
				share := float64(sum(g)) / total
				t.Logf("group %d: %.3f", i, share)
				if share < c.want[i]*0.93-0.003 || share > c.want[i]*1.07+0.003 {
					t.Errorf("group %d has a share of %.3f, want %.3f", i, share, c.want[i])
				}
			}
		})
	}
}
