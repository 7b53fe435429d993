package pick

import (
	"math"
	"time"
)

const (
	lastBlocks = 4               // outstanding at most for the end game
	faster     = 4               // times as fast as the peer whose blocks it takes over
	relief     = 4               // requests at most of a peer that counts as idle
	reliefGain = 0.05            // seconds that an idle peer must gain
	tailScan   = 16              // requests looked at from the end of a queue
	patience   = 2 * time.Second // with a peer that has not delivered anything yet
)

// speed returns the bytes a second that are to be expected of a peer.
func (pr *Peer) speed(now time.Time) float64 {
	switch {
	case pr.rate > 0:
		return pr.rate
	case pr.snubbed || now.Sub(pr.since) > patience:
		return 1
	default:
		return math.Inf(1)
	}
}

// steal takes over blocks from the tails of the queues that are furthest
// behind, as long as this peer will have them sooner.
func (t *turn) steal() {
	if t.pr.rate <= 0 {
		return
	}
	for t.n > 0 {
		victim := t.victim()
		if victim == nil {
			return
		}
		for t.n > 0 && t.behind(victim) > 0 {
			pg, index := t.tail(victim)
			if pg == nil {
				break
			}
			t.cancels = append(t.cancels, Cancel{victim, t.block(pg.piece, index)})
			t.takeOver(pg, index, victim)
		}
	}
}

// takeOver moves a request from one peer to another without freeing the block.
func (t *turn) takeOver(pg *progress, index int, victim *Peer) {
	r := &pg.blocks[index].by[pg.blocks[index].slot(victim)]
	victim.settle(r.seq)
	*r = request{t.pr, t.pr.push(pg, index)}
	t.dst = append(t.dst, t.block(pg.piece, index))
	t.n--
}

// behind returns how many seconds later than by this peer a queue's last block
// will come; 0 if it is not worth while. Who is much faster takes whatever comes
// sooner that way. Who is idle may be faster than its rate tells, so it relieves
// a long queue of a few blocks: in a swarm this spares the seed, of which others
// still request what an idle neighbour has by now.
func (t *turn) behind(v *Peer) float64 {
	if v.outstanding == 0 {
		return 0
	}
	speed := v.speed(t.now)
	mine := float64(t.pr.outstanding+1) * BlockSize / t.pr.rate
	behind := float64(v.outstanding)*BlockSize/speed - mine
	idle := t.pr.outstanding < relief && v.outstanding > 2*relief && behind > reliefGain
	if idle || t.pr.rate >= faster*speed {
		return max(0, behind)
	}
	return 0
}

// victim returns the peer furthest behind that has a block to take, or nil.
func (t *turn) victim() (worst *Peer) {
	most := 0.0
	for _, v := range t.peers {
		if v == t.pr {
			continue
		}
		if behind := t.behind(v); behind > most {
			if pg, _ := t.tail(v); pg != nil {
				worst, most = v, behind
			}
		}
	}
	return worst
}

// tail returns the last request of a queue that this peer can take over.
func (t *turn) tail(v *Peer) (*progress, int) {
	for i := len(v.queue) - 1; i >= max(0, len(v.queue)-tailScan); i-- {
		if e := v.queue[i]; t.takes(e) || t.stuck(e) {
			return e.of, e.index
		}
	}
	return nil, 0
}

// takes reports whether this peer can be asked for another's pending block.
func (t *turn) takes(e pending) bool {
	return e.of != nil && t.pr.can(e.of.piece) && e.of.blocks[e.index].by[1].from == nil
}

// stuck reports whether a block is asked of two peers from which nothing comes, and
// this peer can be asked for it instead of one of them.
func (t *turn) stuck(e pending) bool {
	if e.of == nil || !t.pr.can(e.of.piece) {
		return false
	}
	for _, by := range e.of.blocks[e.index].by {
		if by.from == nil || by.from == t.pr || by.from.speed(t.now) > 1 {
			return false
		}
	}
	return true
}

// double asks this peer for the last blocks that others are asked for.
func (t *turn) double() {
	if t.n == 0 || !t.EndGame() {
		return
	}
	for _, v := range t.peers {
		if v == t.pr {
			continue
		}
		for _, e := range v.queue {
			switch {
			case t.n == 0:
				return
			case t.takes(e):
				t.dst = append(t.dst, t.ask(t.pr, e.of, e.index))
				t.n--
			case t.stuck(e):
				t.cancels = append(t.cancels, Cancel{v, t.block(e.of.piece, e.index)})
				t.takeOver(e.of, e.index, v)
			}
		}
	}
}
