package limit

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Unlimited as a rate means that there is no limit; so does any negative rate.
const Unlimited = -1

const (
	minTurn = 16 << 10  // a block: what a turn is never less than
	maxTurn = 256 << 10 // what it is never more than
	// maxWait bounds what Reserve returns, so that changed limits are noticed.
	maxWait = 250 * time.Millisecond
	// pollTime for each peer that waits bounds how often all of them ask.
	pollTime = 100 * time.Microsecond
	// minWeight keeps a weight of 0 from starving a node.
	minWeight = 1e-3
)

// Tree are the limits of one direction of transfer.
type Tree struct {
	root    Node
	mu      sync.Mutex
	waiting int // peers
}

// Node is the session, a torrent or a peer. Its methods may be called by several
// goroutines, but Reserve and Refund of one peer by one at a time.
type Node struct {
	tree     *Tree
	parent   *Node
	kids     []*Node
	tightest atomic.Int64 // the lowest rate here and above, or Unlimited
	peer     bool
	exempt   bool

	bucket  bucket
	weight  float64
	start   float64   // in the parent's virtual time: when the next turn begins
	finish  float64   // when the last turn ended
	virtual float64   // bytes per weight given to the kids
	queue   []*Node   // kids that wait
	slot    int       // where the node stands in its parent's queue, or -1
	blocked time.Time // nothing can be given here before this

	want   int // bytes of the turn that a waiting peer asked for
	credit int // bytes that it was given and has not fetched yet
}

// New returns a tree whose root has no limit.
func New() *Tree {
	t := &Tree{}
	t.root.tree, t.root.slot, t.root.weight = t, -1, 1
	t.root.bucket.rate = Unlimited
	t.root.tightest.Store(Unlimited)
	return t
}

// Root is the session's node.
func (t *Tree) Root() *Node { return &t.root }

// Torrent adds a torrent without a limit of its own and with weight 1.
func (t *Tree) Torrent() *Node { return t.root.add(false) }

// Peer adds a peer to a torrent, without a limit of its own and with weight 1.
func (n *Node) Peer() *Node { return n.add(true) }

func (n *Node) add(peer bool) *Node {
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	kid := &Node{tree: n.tree, parent: n, peer: peer, weight: 1, slot: -1}
	kid.bucket.rate = Unlimited
	kid.tightest.Store(n.tightest.Load())
	n.kids = append(n.kids, kid)
	return kid
}

// Remove takes a torrent or a peer out of the tree, with all below it. What it
// was given and has not fetched goes back. Its peers are unlimited afterwards.
func (n *Node) Remove() {
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.withdraw()
	if n.parent != nil {
		if i := slices.Index(n.parent.kids, n); i >= 0 {
			n.parent.kids = slices.Delete(n.parent.kids, i, i+1)
		}
		n.loosen()
	}
}

// SetRate changes the limit of the node itself, in bytes/s: 0 allows nothing,
// Unlimited everything. Those who wait notice within 250 ms.
func (n *Node) SetRate(rate int64, now time.Time) {
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.bucket.set(rate, now)
	n.tighten()
}

// SetWeight changes the node's share of what its siblings and it can have
// together: the priority of a torrent, or choke.Choker.Weight of a peer.
func (n *Node) SetWeight(weight float64) {
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.weight = max(weight, minWeight)
}

// SetExempt frees a peer of all limits, or not; for peers in the local network.
func (n *Node) SetExempt(exempt bool) {
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.exempt = exempt
	n.tighten()
}

// Rate is the lowest of the limits that hold for the node, in bytes/s, or
// Unlimited. It takes no lock.
func (n *Node) Rate() int64 { return n.tightest.Load() }

// tighten works out tightest for the node and all below it.
func (n *Node) tighten() {
	rate := n.bucket.rate
	if n.parent != nil {
		rate = lower(rate, n.parent.tightest.Load())
	}
	if n.exempt {
		rate = Unlimited
	}
	if rate < 0 && n.peer {
		n.withdraw()
	}
	n.tightest.Store(rate)
	for _, kid := range n.kids {
		kid.tighten()
	}
}

// loosen frees the node and all below it of every limit.
func (n *Node) loosen() {
	n.exempt = true
	n.tightest.Store(Unlimited)
	for _, kid := range n.kids {
		kid.loosen()
	}
}

// lower is the lower of two rates, of which negative ones are unlimited.
func lower(a, b int64) int64 {
	switch {
	case a < 0:
		return b
	case b < 0:
		return a
	}
	return min(a, b)
}

// Kids returns how many nodes there are right below this one.
func (n *Node) Kids() int {
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	return len(n.kids)
}
