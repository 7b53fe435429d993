package limit

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestUnlimitedIsFree(t *testing.T) {
	tree := New()
	peer := tree.Torrent().Peer()
	if ok, wait := peer.Reserve(1<<30, epoch); ok != 1<<30 || wait != 0 {
		t.Errorf("%d, %v", ok, wait)
	}
	tree.mu.Lock() // Reserve would hang if it took the lock
	defer tree.mu.Unlock()
	if n := testing.AllocsPerRun(100, func() {
		peer.Reserve(16<<10, epoch)
		peer.Refund(1)
		peer.Cancel()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRate checks which of the limits above a peer is the one that binds.
func TestRate(t *testing.T) {
	for _, c := range []struct {
		session, torrent, peer int64
		exempt                 bool
		want                   int64
	}{
		{Unlimited, Unlimited, Unlimited, false, Unlimited},
		{-5, Unlimited, Unlimited, false, Unlimited},
		{5e6, Unlimited, Unlimited, false, 5e6},
		{5e6, 1e6, 2e6, false, 1e6},
		{5e6, 1e6, 1e3, false, 1e3},
		{5e6, 0, 1e3, false, 0},
		{5e9, Unlimited, Unlimited, false, 5e9},
		{5e6, 1e6, 1e3, true, Unlimited},
	} {
		tree := New()
		torrent := tree.Torrent()
		torrent.SetRate(c.torrent, epoch)
		peer := torrent.Peer()
		peer.SetExempt(c.exempt)
		tree.Root().SetRate(c.session, epoch)
		peer.SetRate(c.peer, epoch)
		if got := peer.Rate(); got != c.want {
			t.Errorf("%+v: rate %d", c, got)
		}
	}
}

func TestWait(t *testing.T) {
	tree := New()
	peer := tree.Torrent().Peer()
	peer.SetRate(100e3, epoch)
	if ok, wait := peer.Reserve(1<<20, epoch); ok != minTurn || wait != 0 {
		t.Fatalf("%d, %v: want a turn of 16 KiB at once", ok, wait)
	}
	ok, wait := peer.Reserve(1<<20, epoch)
	if ok != 0 || wait < 163*time.Millisecond || wait > 165*time.Millisecond {
		t.Errorf("%d, %v: want 0 and 163.84 ms", ok, wait)
	}
	if ok, _ := peer.Reserve(1000, epoch.Add(wait-time.Millisecond)); ok != 0 {
		t.Errorf("%d bytes before the time", ok)
	}
	if ok, _ := peer.Reserve(1000, epoch.Add(wait)); ok != 1000 {
		t.Errorf("%d bytes at the time, want 1000", ok)
	}
	if ok, wait := peer.Reserve(0, epoch.Add(wait)); ok != 0 || wait != 0 {
		t.Errorf("nothing asked for: %d, %v", ok, wait)
	}
	peer.SetRate(0, epoch)
	if ok, wait := peer.Reserve(1, epoch.Add(time.Hour)); ok != 0 || wait != maxWait {
		t.Errorf("at a rate of 0: %d, %v", ok, wait)
	}
}

// TestRefund reads 10 bytes of each quantum and must still reach the rate.
func TestRefund(t *testing.T) {
	tree := New()
	tree.Root().SetRate(100e3, epoch)
	clients := newClients(tree.Torrent(), 2, 2<<10)
	for _, c := range clients {
		c.uses = func(ok int) int { return min(ok, 10) }
	}
	run(clients, epoch, 10*time.Second)
	if got := sum(clients); got < 95e4 || got > 105e4 {
		t.Errorf("%d bytes in 10 s", got)
	}
}

// TestGivenInVain checks that what a peer was given and did not fetch goes to
// the others when it is cancelled or removed, and one turn is lost otherwise.
func TestGivenInVain(t *testing.T) {
	for name, act := range map[string]func(*Node){
		"cancel": (*Node).Cancel,
		"remove": (*Node).Remove,
		"exempt": func(n *Node) { n.SetExempt(true) },
		"less":   func(n *Node) { n.Reserve(1, epoch.Add(time.Second)) },
		"idle":   func(*Node) {},
	} {
		t.Run(name, func(t *testing.T) {
			tree := New()
			tree.Root().SetRate(50e3, epoch)
			torrent := tree.Torrent()
			first, idle := torrent.Peer(), torrent.Peer()
			first.Reserve(minTurn, epoch)
			idle.Reserve(minTurn, epoch)
			first.Reserve(minTurn, epoch.Add(time.Second)) // serves idle, too
			act(idle)
			c := &client{node: first, bytes: 1 << 10}
			run([]*client{c}, epoch.Add(time.Second), 20*time.Second)
			lost := int64(0)
			if name == "idle" {
				lost = minTurn
			}
			if got := c.total + lost; got < 998e3 || got > 1005e3 {
				t.Errorf("%d bytes in 20 s", c.total)
			}
		})
	}
}

// TestBlockedSibling has a peer that may not yet beside one that may.
func TestBlockedSibling(t *testing.T) {
	tree := New()
	tree.Root().SetRate(1e9, epoch)
	torrent := tree.Torrent()
	slow, fast := torrent.Peer(), torrent.Peer()
	slow.SetRate(1, epoch)
	slow.Reserve(minTurn, epoch)
	later := epoch.Add(time.Millisecond)
	if ok, _ := slow.Reserve(minTurn, later); ok != 0 {
		t.Fatalf("%d bytes to the slow one", ok)
	}
	if ok, _ := fast.Reserve(minTurn, later); ok != minTurn {
		t.Errorf("%d bytes to the fast one, want a turn", ok)
	}
}

// TestPause has a peer come back after 10 s: it may not make up for them.
func TestPause(t *testing.T) {
	tree := New()
	tree.Root().SetRate(1e6, epoch)
	clients := newClients(tree.Torrent(), 2, minTurn)
	run(clients[:1], epoch, 10*time.Second)
	clients[0].total = 0
	run(clients, epoch.Add(10*time.Second), 2*time.Second)
	if a, b := clients[0].total, clients[1].total; b-a > 2*minTurn || a-b > 2*minTurn {
		t.Errorf("%d bytes to the one who stayed, %d to the one who came back", a, b)
	}
}

func TestRemoveTorrent(t *testing.T) {
	tree := New()
	tree.Root().SetRate(10e3, epoch)
	torrent := tree.Torrent()
	a, b, other := torrent.Peer(), torrent.Peer(), tree.Torrent().Peer()
	for range 2 {
		a.Reserve(minTurn, epoch)
		b.Reserve(minTurn, epoch)
		other.Reserve(minTurn, epoch)
	}
	torrent.Remove()
	if tree.waiting != 1 || len(tree.root.queue) != 1 || len(tree.root.kids) != 1 {
		t.Errorf("%d wait, %d torrents of %d in the queue", tree.waiting, len(tree.root.queue), len(tree.root.kids))
	}
	if ok, _ := a.Reserve(100, epoch); ok != 100 {
		t.Error("a removed peer has a limit")
	}
	a.Remove()
	a.SetRate(5, epoch)
}

// TestChange changes the limit while peers wait.
func TestChange(t *testing.T) {
	tree := New()
	root := tree.Root()
	root.SetRate(1000, epoch)
	clients := newClients(tree.Torrent(), 3, 64<<10)
	run(clients, epoch, 5*time.Second)
	for i, rate := range []int64{2e6, 100e3, 5e6, 50e3} {
		for _, c := range clients {
			c.total = 0
		}
		from := epoch.Add(time.Duration(i+1) * 20 * time.Second)
		root.SetRate(rate, from)
		run(clients, from, 20*time.Second)
		if got := float64(sum(clients)) / 20; got < 0.95*float64(rate) || got > 1.05*float64(rate) {
			t.Errorf("%.0f B/s at %d", got, rate)
		}
	}
	waiting := clients[0].node
	waiting.Reserve(1<<20, epoch.Add(101*time.Second))
	root.SetRate(Unlimited, epoch)
	if ok, _ := waiting.Reserve(1<<20, epoch); ok != 1<<20 {
		t.Errorf("%d bytes without a limit", ok)
	}
	if tree.waiting != 0 {
		t.Errorf("%d peers wait without a limit", tree.waiting)
	}
}

// TestNobodyWaitsForEver has 50 peers of which each asks only when it was
// told to, so that somebody must always be told to ask in time.
func TestNobodyWaitsForEver(t *testing.T) {
	tree := New()
	tree.Root().SetRate(1e6, epoch)
	r := rand.New(rand.NewPCG(3, 4))
	var clients []*client
	for range 10 {
		torrent := tree.Torrent()
		torrent.SetWeight(0.5 + 2*r.Float64())
		for _, c := range newClients(torrent, 5, 16<<10) {
			c.node.SetWeight(0.25 + r.Float64())
			clients = append(clients, c)
		}
	}
	run(clients, epoch, 30*time.Second)
	var longest time.Duration
	for _, c := range clients {
		if c.total == 0 {
			t.Fatal("a peer got nothing")
		}
		longest = max(longest, c.longest)
	}
	t.Logf("the longest between two turns: %v; all have one in 0.8 s", longest)
	if longest > 20*time.Second {
		t.Errorf("%v between two turns", longest)
	}
	if got := sum(clients); got < 28.5e6 || got > 31.5e6 {
		t.Errorf("%d bytes in 30 s", got)
	}
}

func BenchmarkReserve(b *testing.B) {
	for name, n := range map[string]int{"unlimited": 1, "peers=1": 1, "peers=500": 500} {
		b.Run(name, func(b *testing.B) {
			tree := New()
			if name != "unlimited" {
				tree.Root().SetRate(20e6, epoch)
			}
			clients := newClients(tree.Torrent(), n, 16<<10)
			for _, c := range clients {
				c.node.Reserve(c.bytes, epoch)
			}
			now := epoch
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				now = now.Add(100 * time.Microsecond)
				clients[i%n].node.Reserve(16<<10, now)
			}
		})
	}
}
