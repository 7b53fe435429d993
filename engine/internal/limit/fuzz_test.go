package limit

import (
	"testing"
	"time"
)

// FuzzTree does random things to a tree and checks after each that no node has
// let more pass than its rate allows, and that the queues agree with each other.
func FuzzTree(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, uint32(50e3), uint32(1e6), uint32(0))
	f.Add([]byte("the quick brown fox jumps over the lazy dog"), uint32(5e3), uint32(3e3), uint32(1e3))
	f.Add([]byte{8, 9, 10, 11, 8, 9, 10, 11, 64, 72, 73, 74, 75, 80, 12, 20, 28}, uint32(20e6), uint32(1e9), uint32(1e7))
	f.Fuzz(func(t *testing.T, moves []byte, root, torrent, peer uint32) {
		tree := New()
		nodes := []*Node{tree.Root(), tree.Torrent(), tree.Torrent()}
		peers := []*Node{nodes[1].Peer(), nodes[1].Peer(), nodes[2].Peer(), nodes[2].Peer()}
		tree.Root().SetRate(int64(root), epoch)
		nodes[1].SetRate(int64(torrent), epoch)
		peers[0].SetRate(int64(peer), epoch)
		nodes = append(nodes, peers...)
		passed := map[*Node]int64{}
		last := map[*Node]int{}
		now := epoch
		for _, move := range moves[:min(len(moves), 2000)] {
			now = now.Add(time.Duration(move>>4) * 3 * time.Millisecond)
			p := peers[move%4]
			count := func(n int) {
				for k := p; k != nil; k = k.parent {
					passed[k] += int64(n)
				}
			}
			switch move / 4 % 4 {
			case 0, 1:
				last[p], _ = p.Reserve(int(move)<<9, now)
				count(last[p])
			case 2:
				p.Refund(last[p] / 2)
				count(-(last[p] / 2))
				last[p] = 0
			case 3:
				p.Cancel()
			}
			for _, n := range nodes {
				bound(t, n, passed[n], now.Sub(epoch))
			}
			consistent(t, tree)
		}
	})
}

// bound checks that a node has let pass no more than its rate, what it saves up
// and one turn.
func bound(t *testing.T, n *Node, passed int64, time time.Duration) {
	t.Helper()
	if rate := float64(n.bucket.rate); rate >= 0 {
		if limit := rate*time.Seconds() + rate*burstTime.Seconds() + maxTurn; float64(passed) > limit+1 {
			t.Fatalf("%d bytes at %.0f B/s in %v", passed, rate, time)
		}
	}
}

// consistent checks that whoever waits is in the queues above, and nobody else.
func consistent(t *testing.T, tree *Tree) {
	t.Helper()
	waiting := 0
	for _, torrent := range tree.root.kids {
		if (torrent.slot >= 0) != (len(torrent.queue) > 0) {
			t.Fatal("a torrent waits without a peer, or not though one does")
		}
		waiting += len(torrent.queue)
		for i, p := range torrent.queue {
			if p.slot != i || p.credit > 0 {
				t.Fatal("a peer is not where it should be")
			}
		}
	}
	if waiting != tree.waiting {
		t.Fatalf("%d wait, counted %d", waiting, tree.waiting)
	}
}
