package limit

import (
	"slices"
	"time"
)

// Reserve asks for n bytes for a peer. It returns how many may be transferred
// now, at most n, or 0 and after what time to ask again: 250 ms at most. It does
// not wait. Without a limit it returns n and is one atomic load.
//
// A turn is at least 16 KiB if n is, so that a whole block can be sent. A peer
// that was told to wait keeps its place in the queue and gets no more than one
// turn ahead. Give back with Refund what was not used, and call Cancel when
// there is nothing to transfer any more.
func (n *Node) Reserve(bytes int, now time.Time) (ok int, wait time.Duration) {
	if n.tightest.Load() < 0 {
		return bytes, 0
	}
	if bytes <= 0 {
		return 0, 0
	}
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	if n.tightest.Load() < 0 { // removed or freed in between
		return bytes, 0
	}
	if n.credit == 0 {
		n.want = min(bytes, n.turn())
		n.enqueue()
		n.tree.serve(now)
	}
	if n.credit == 0 {
		return 0, n.delay(now)
	}
	ok = min(n.credit, bytes)
	n.charge(ok - n.credit)
	n.credit = 0
	return ok, 0
}

// Refund gives back bytes of the last Reserve that were not transferred.
func (n *Node) Refund(bytes int) {
	if n.tightest.Load() < 0 || bytes <= 0 {
		return
	}
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.charge(-bytes)
}

// Charge counts bytes of a peer that came without a turn. The next turns are later for
// it.
func (n *Node) Charge(bytes int) {
	if n.tightest.Load() < 0 || bytes <= 0 {
		return
	}
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.charge(bytes)
}

// Cancel withdraws what was reserved in vain: there is nothing to transfer.
func (n *Node) Cancel() {
	if n.tightest.Load() < 0 {
		return
	}
	n.tree.mu.Lock()
	defer n.tree.mu.Unlock()
	n.withdraw()
}

// turn is how many bytes are given to the peer at once: what takes 8 ms at the
// lowest of its limits, in whole blocks.
func (n *Node) turn() int {
	turn := n.tightest.Load() / 128 / minTurn * minTurn
	return int(min(max(turn, minTurn), maxTurn))
}

// serve gives turns as long as the limits allow it.
func (t *Tree) serve(now time.Time) {
	for len(t.root.queue) > 0 {
		peer, _ := t.root.next(now)
		if peer == nil {
			return
		}
		peer.dequeue()
		peer.credit = peer.want
		peer.charge(peer.want)
	}
}

// next is the peer at or below n whose turn it is, or nil and when to look again.
func (n *Node) next(now time.Time) (*Node, time.Time) {
	if at := n.bucket.ready(now); at.After(now) {
		return nil, at
	}
	if n.peer {
		return n, now
	}
	for {
		var first *Node
		again := now.Add(maxWait)
		for _, kid := range n.queue {
			if kid.blocked.After(now) {
				if kid.blocked.Before(again) {
					again = kid.blocked
				}
			} else if first == nil || kid.start < first.start {
				first = kid
			}
		}
		if first == nil {
			return nil, again
		}
		peer, at := first.next(now)
		if peer != nil {
			return peer, now
		}
		first.blocked = at
	}
}

// charge counts bytes against all limits above the peer and moves virtual time
// on; negative bytes come back.
func (n *Node) charge(bytes int) {
	if bytes == 0 {
		return
	}
	lag := float64(n.turn())
	for k := n; k != nil; k = k.parent {
		k.bucket.take(bytes)
		if k.parent == nil {
			break
		}
		if bytes > 0 {
			// One turn behind may be made up for: it only means that the peer
			// asked late. More would be a burst after a pause.
			k.start = max(k.start, k.parent.virtual-lag/k.weight)
			k.parent.virtual = max(k.parent.virtual, k.start)
			k.finish = k.start
		}
		k.finish += float64(bytes) / k.weight
		k.start = k.finish
	}
}

// enqueue lets a peer wait for its turn, and its torrent with it.
func (n *Node) enqueue() {
	if n.slot < 0 {
		n.tree.waiting++
	}
	n.unblock()
	for k := n; k.parent != nil && k.slot < 0; k = k.parent {
		k.slot = len(k.parent.queue)
		k.parent.queue = append(k.parent.queue, k)
	}
}

// dequeue takes a peer from the queue, and its torrent if no other peer waits.
func (n *Node) dequeue() {
	if n.slot < 0 {
		return
	}
	n.tree.waiting--
	for k := n; k.parent != nil && len(k.queue) == 0; k = k.parent {
		queue := k.parent.queue
		last := queue[len(queue)-1]
		queue[k.slot], last.slot = last, k.slot
		k.parent.queue = slices.Delete(queue, len(queue)-1, len(queue))
		k.slot = -1
	}
}

// withdraw takes a node and all below it from the queue and gives back what was
// given in vain.
func (n *Node) withdraw() {
	for _, kid := range n.kids {
		kid.withdraw()
	}
	if n.peer {
		n.dequeue()
		n.charge(-n.credit)
		n.credit = 0
	}
}

// unblock makes the next turn look at the node again.
func (n *Node) unblock() {
	for k := n; k != nil; k = k.parent {
		k.blocked = time.Time{}
	}
}

// delay is when a waiting peer should ask again: when its limits allow the next
// turn, be it its own or another's.
func (n *Node) delay(now time.Time) time.Duration {
	var wait time.Duration
	for k := n; k != nil; k = k.parent {
		wait = max(wait, k.bucket.ready(now).Sub(now))
	}
	return min(max(wait, time.Duration(n.tree.waiting)*pollTime), maxWait)
}
