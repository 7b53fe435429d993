package choke

import (
	"fmt"
	"testing"
	"time"
)

// FuzzChoker does random things to a choker and checks what always holds: the
// decisions agree with each other, there are never too many slots, a round's
// regular and optimistic slots add up, and nobody waits for ever.
func FuzzChoker(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, uint8(4), false)
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz0123456789"), uint8(1), true)
	f.Add([]byte{0, 8, 16, 24, 1, 9, 2, 10, 3, 11, 4, 12, 5, 6, 7, 13}, uint8(3), true)
	f.Fuzz(func(t *testing.T, moves []byte, slots uint8, fastest bool) {
		moves = moves[:min(len(moves), 300)]
		b := newBench(t, Config{Fastest: fastest}, int(slots%8))
		for _, move := range moves {
			b.move(move)
			b.tick()
			b.idle()
			b.now += float64(move%5) * 0.7
		}
		b.settle()
	})
}

// move changes something.
func (b *bench) move(move byte) {
	name := fmt.Sprint(move >> 3 % 16)
	known := false
	for i, p := range b.round.Peers {
		if p.Key != name {
			continue
		}
		known = true
		switch p := &b.round.Peers[i]; move % 8 {
		case 0:
			b.round.Peers = append(b.round.Peers[:i], b.round.Peers[i+1:]...)
			delete(b.slots, name)
			return
		case 1, 2:
			p.Interested = !p.Interested
		case 3:
			p.Received += int64(move) << 14
		case 4:
			p.Sent += int64(move) << 14
		case 5:
			p.Waiting = at(b.now - 61)
		case 6:
			b.round.Slots = int(move>>3) % 8
		case 7:
			b.round.Seeding = !b.round.Seeding
		}
		break
	}
	if !known {
		b.join(name).Connected = at(b.now)
	}
}

// idle checks that no slot is free while somebody could have it.
func (b *bench) idle() {
	optimistic := 0
	if b.last.HasOptimistic {
		optimistic = 1
	}
	regular := b.choker.regular()
	if len(b.slots)-optimistic > regular {
		b.t.Fatalf("%d regular slots of %d", len(b.slots)-optimistic, regular)
	}
	for _, p := range b.round.Peers {
		snubbed := p.Snubbed(at(b.now)) && !b.round.Seeding
		if p.Interested && !b.slots[p.Key] && !snubbed && len(b.slots)-optimistic < regular {
			b.t.Fatalf("%s waits with %d regular slots free", p.Key, regular-len(b.slots)+optimistic)
		}
	}
}

// settle checks that everyone who wants one gets a slot in bounded time.
func (b *bench) settle() {
	if b.round.Slots == 0 {
		return
	}
	b.round.Seeding = b.round.Seeding && !b.choker.config.Fastest
	pending := map[string]bool{}
	for i := range b.round.Peers {
		p := &b.round.Peers[i]
		p.Interested = true
		pending[p.Key] = true
	}
	bound := (overdueTurns + 2) * optimisticTime.Seconds() * float64(len(pending)+1)
	for end := b.now + bound; b.now < end && len(pending) > 0; b.now++ {
		b.tick()
		for name := range b.slots {
			delete(pending, name)
		}
	}
	if len(pending) > 0 {
		b.t.Errorf("never unchoked within %v s: %v", bound, pending)
	}
}

func BenchmarkTick(b *testing.B) {
	for _, kind := range []string{"second", "ranking", "seeding"} {
		b.Run(kind, func(b *testing.B) {
			c := New[int](Config{})
			round := Round[int]{Slots: 20, Peers: make([]Peer[int], 500), Seeding: kind == "seeding"}
			step := 10 * time.Second
			if kind == "second" {
				step = time.Millisecond
			}
			now := epoch
			for i := range round.Peers {
				round.Peers[i] = Peer[int]{Key: i, Connected: epoch, Interested: i%2 == 0}
			}
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(step)
				for i := range round.Peers {
					round.Peers[i].Received += int64(i*7919%500) << 10
				}
				c.Tick(now, round)
			}
		})
	}
}
